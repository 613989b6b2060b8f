"""Names of tables, views and schemas in a plan, in lower case: SQL statements, DataFrames, and ``spark.catalog``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from lakelab.local.spark.plans import messages
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


@cache
def _names_of(descriptor: Any) -> tuple[str, ...]:
    return tuple(field.name for field in descriptor.fields if field.name in _NAMES)


def _change(message: Any, field: str, lower: Callable[[str], str]) -> None:
    given = getattr(message, field)
    if given and (changed := lower(given)) != given:
        setattr(message, field, changed)
