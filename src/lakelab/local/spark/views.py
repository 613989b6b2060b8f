"""Views in a plan of DataFrames: each is replaced by its query, as in an SQL statement.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.SparkSession.table.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName, split_levels
from lakelab.local.catalog.store import not_a_table, table_already_exists
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.query import prepare_query
from lakelab.local.sql.views import expand_views, time_travel_of_view

if TYPE_CHECKING:
    from google.protobuf.message import Message

_STATEMENTS = {"SQL": "query", "SqlCommand": "sql"}
_TRAVEL = ("versionasof", "timestampasof")


def replace_views(session: Session, plan: Message) -> None:
    """Replace the views that a plan reads by their queries.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed.

    Raises
    ------
    UnityCatalogError
        If the plan writes to a view, or the user may not read one.
    pyspark.errors.AnalysisException
        If it reads an older version of a view.
    """
    short_names = {name.table for name in session.unity.all_views()}
    if not short_names:
        return
    for message in list(messages(plan)):
        kind = message.DESCRIPTOR.name
        if kind == "Relation" and message.WhichOneof("rel_type") == "read":
            _replace_read(session, message, short_names)
        elif kind in _STATEMENTS and (text := getattr(message, _STATEMENTS[kind])):
            statement = parse(text)
            if (expanded := expand_views(session, statement)) is not statement:
                setattr(message, _STATEMENTS[kind], expanded.text)
        elif kind in ("SaveTable", "WriteOperationV2"):
            _refuse_write(session, message, short_names, creates=_creates(plan, kind))


def _creates(plan: Any, kind: str) -> bool:
    """Return whether a write creates a table, or fails if there is one."""
    write = next((m for m in messages(plan) if m.DESCRIPTOR.name == "WriteOperation"), None)
    if kind != "SaveTable" or write is None:
        return False
    saves = write.table.save_method == write.SaveTable.TABLE_SAVE_METHOD_SAVE_AS_TABLE
    return saves and write.mode in (
        write.SAVE_MODE_UNSPECIFIED,
        write.SAVE_MODE_ERROR_IF_EXISTS,
    )


def _refuse_write(session: Session, message: Any, short_names: set[str], *, creates: bool) -> None:
    name = _view(session, message.table_name, short_names)
    if name is not None:
        raise table_already_exists(name) if creates else not_a_table(name, "The write")


def _replace_read(session: Session, relation: Any, short_names: set[str]) -> None:
    if not relation.read.HasField("named_table"):
        return
    table = relation.read.named_table
    given, mark, _ = table.unparsed_identifier.rpartition("@")
    name = _view(session, given if mark else table.unparsed_identifier, short_names)
    if name is None:
        return
    if mark or any(option.lower() in _TRAVEL for option in table.options):
        raise time_travel_of_view(name)
    text = prepare_query(session, f"SELECT * FROM {name.quoted}")
    relation.ClearField("read")
    relation.subquery_alias.input.sql.query = text
    relation.subquery_alias.alias = name.table
    relation.subquery_alias.qualifier.extend([name.catalog, name.schema])


def _view(session: Session, text: str, short_names: set[str]) -> TableName | None:
    """Return the full name of a view; None if the name is that of something else."""
    levels = split_levels(text.lower())
    if not levels or levels[-1] not in short_names:
        return None
    try:
        name = session.resolve(text)
    except UnityCatalogError:
        return None
    if not session.unity.is_view(name):
        return None
    is_temporary = len(levels) == 1 and levels[0] in session.temporary_views()
    return None if is_temporary else name
