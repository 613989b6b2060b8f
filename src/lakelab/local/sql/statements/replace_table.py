"""``CREATE OR REPLACE TABLE`` of a table that exists: one commit, so that a failure leaves the table as it was.

The engine alone would keep old keys and constraints, and the columns of the table. It creates the new table in a scratch
folder; or it writes the query's rows there, as for ``DataFrameWriterV2.createOrReplace``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql.connect import functions as F
from sqlglot import exp

from lakelab.local.catalog.char_types import store_limits
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.delta.staged import written_actions
from lakelab.local.delta.statistics import NO_STATISTICS
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.system.unfinished import unfinished_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def replace_by_query(
    session: Session,
    statement: exp.Create,
    name: TableName,
    properties: Mapping[str, str],
    comment: str | None,
) -> None:
    """Replace a table by the rows of a statement's query.

    Parameters
    ----------
    session : Session
    statement : sqlglot.exp.Create
    name : TableName
    properties : mapping
        The properties to store.
    comment : str or None

    Raises
    ------
    pyspark.errors.PySparkException
        If the query fails, or the user lacks a privilege. The table stays as it was.
    """
    _require_owner(session, name)
    frame = session.engine_sql(rewrite_for_engine(session, to_sql(statement.expression)))
    writer = frame.writeTo(name.quoted).using("delta")
    for key, value in properties.items():
        if NO_STATISTICS.get(key) != value:  # every write sets these
            writer = writer.tableProperty(key, value)
    if comment is not None:
        writer = writer.option("comment", comment)
    if partitioning := statement.find(exp.PartitionedByProperty):
        first, *others = (F.col(column.name) for column in partitioning.this.expressions)
        writer = writer.partitionedBy(first, *others)
    writer.createOrReplace()


def replace_by_definition(
    session: Session,
    statement: exp.Create,
    name: TableName,
    properties: Mapping[str, str],
    limits: Mapping[str, int],
) -> None:
    """Replace a table by an empty one.

    Parameters
    ----------
    session : Session
    statement : sqlglot.exp.Create
        A statement without a query, with no clause that the engine does not know.
    name : TableName
    properties : mapping
        The properties to store.
    limits : mapping of str to int
        The limits of the columns of the type VARCHAR(n).

    Raises
    ------
    pyspark.errors.PySparkException
        If the engine refuses the definition, or the user lacks a privilege. The table stays as it was.
    """
    _require_owner(session, name)
    folder = session.home.scratch / f"staged-{unfinished_name()}"
    staged = TableName(name.catalog, name.schema, folder.name)
    created = statement.copy()
    target = created.find(exp.Table)
    assert target is not None
    target.replace(exp.to_table(staged.quoted, dialect="databricks"))
    created.set("replace", False)
    set_location(created, str(folder))
    try:
        with session.internal_queries():
            session.engine_sql(rewrite_for_engine(session, to_sql(created)))
        store_limits(folder, limits)
        session.unity.table(name).replace_definition(
            written_actions(folder, 0), properties, "CREATE OR REPLACE TABLE"
        )
    finally:
        with session.internal_queries():
            session.engine_sql(f"DROP TABLE IF EXISTS {staged.quoted}")
        shutil.rmtree(folder, ignore_errors=True)
    refresh_schema(session, name)


def set_location(statement: exp.Create, folder: str) -> None:
    """Add the clause LOCATION to a statement that creates a table.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> statement = parse("CREATE TABLE t (a INT)").tree.copy()
    >>> set_location(statement, "/x")
    >>> to_sql(statement)
    "CREATE TABLE t (a INT) LOCATION '/x'"
    """
    location = exp.LocationProperty(this=exp.Literal.string(folder))
    properties = statement.args.get("properties") or exp.Properties(expressions=[])
    properties.append("expressions", location)
    statement.set("properties", properties)


def _require_owner(session: Session, name: TableName) -> None:
    if isinstance(session.unity, GovernedCatalogs) and name.catalog != HIVE_METASTORE:
        session.unity.require("table", str(name))
