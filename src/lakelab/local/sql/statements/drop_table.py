"""``DROP TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-table
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.securables import resolve_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

    from lakelab.local.sql.session import Session


def drop_table(session: Session, statement: exp.Drop, text: str) -> DataFrame | None:
    """Drop a table; return None if the statement drops something else.

    Parameters
    ----------
    session : Session
    statement : sqlglot.exp.Drop
        The parsed statement.
    text : str
        The statement as the user wrote it.

    Raises
    ------
    NotFoundError
        If the table does not exist, and the statement has no ``IF EXISTS``.
    """
    if statement.kind != "TABLE":
        return None
    name = resolve_table(session, (statement.args.get("tables") or [statement.this])[0])
    if not session.unity.exists(name):
        try:
            session.engine_sql(text)  # the name may be a view, which only the engine has
        except AnalysisException:
            session.unity.require_table(name)  # its message lists the existing tables
            raise
        return empty_result(session)
    if_exists = bool(statement.args.get("exists"))
    with suppress(NotFoundError) if if_exists else nullcontext():
        session.unity.drop_table(name)  # another notebook may have dropped the table meanwhile
    return empty_result(session)
