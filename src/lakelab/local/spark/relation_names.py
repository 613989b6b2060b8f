"""Names of tables, views and schemas in a plan, in lower case: SQL statements, DataFrames, and ``spark.catalog``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlglot import exp

from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.relation_names import lower_name, lower_relation_names
from lakelab.local.sql.session import Session

_STATEMENTS = {"SQL": "query", "SqlCommand": "sql"}
"""Messages with a statement, and the field of its text."""

_NAMES = (
    "unparsed_identifier",
    "table_name",
    "target_table_name",
    "view_name",
    "db_name",
    "catalog_name",
)
"""Fields with the name of a table, view, schema or catalog."""

_COLUMN = "UnresolvedAttribute"
"""The message of a column, which has such a field, too: a result column keeps the name that it is asked by."""

_WITH_NAMES = frozenset(
    {"Catalog", "CachedRemoteRelation", "CreateDataFrameViewCommand", "WriteOperation"}
)
"""Messages that belong to the catalog whatever their fields are."""


def lower_names(session: Session, plan: Any) -> None:
    """Bring the names in a plan to lower case, in which the engine has them.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed where it has a name in upper case.
    """
    for message in messages(plan):
        kind = message.DESCRIPTOR.name
        if kind in _STATEMENTS:
            _change(message, _STATEMENTS[kind], lower_relation_names)
        elif kind == "CreateDataFrameViewCommand":
            _change(message, "name", lower_name)
        else:
            for field in _names_of(message.DESCRIPTOR):
                _change(message, field, lower_name)


def names_relation(plan: Any) -> bool:
    """Return whether a plan may name a table, view, schema or catalog; a statement without FROM does not.

    Parameters
    ----------
    plan : google.protobuf.message.Message
        The request.
    """
    return any(_names_relation(message) for message in messages(plan))


def _names_relation(message: Any) -> bool:
    kind = message.DESCRIPTOR.name
    if kind in _STATEMENTS:
        text = getattr(message, _STATEMENTS[kind])
        tree = parse(text).tree if text else None
        return bool(text) and not (
            isinstance(tree, exp.Query) and not tree.find(exp.From, exp.Table)
        )
    if kind in _WITH_NAMES:
        return True
    return any(getattr(message, field) for field in _names_of(message.DESCRIPTOR))


@cache
def _names_of(descriptor: Any) -> tuple[str, ...]:
    if descriptor.name == _COLUMN:
        return ()
    return tuple(field.name for field in descriptor.fields if field.name in _NAMES)


def _change(message: Any, field: str, lower: Callable[[str], str]) -> None:
    given = getattr(message, field)
    if given and (changed := lower(given)) != given:
        setattr(message, field, changed)
