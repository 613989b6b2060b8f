"""``CLUSTER BY``: the columns that OPTIMIZE sorts the rows of a table by.

The table stores the columns, and OPTIMIZE sorts all of its rows by them, as ``ZORDER BY`` does. Databricks
sorts only the rows that are new since the last time, along a Hilbert curve.

Follows https://docs.databricks.com/aws/en/delta/clustering
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from pyspark.errors import ParseException
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.sql.grammar.tables import SetClustering
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import refresh_schema

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_MAX_COLUMNS = 4


def extract_clustering(statement: exp.Create) -> list[str]:
    """Remove ``CLUSTER BY`` from ``CREATE TABLE``, as the engine does not know it, and return its columns.

    Parameters
    ----------
    statement : sqlglot.exp.Create
        The statement, which is changed.

    Raises
    ------
    UnityCatalogError
        If it has too many columns, or the table is partitioned, too.
    pyspark.errors.ParseException
        If it is ``CLUSTER BY AUTO``, by which Databricks chooses the columns.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse, to_sql
    >>> statement = parse("CREATE TABLE t (a INT) CLUSTER BY (a)").tree.copy()
    >>> extract_clustering(statement), to_sql(statement)
    (['a'], 'CREATE TABLE t (a INT)')
    """
    properties = statement.args.get("properties")
    node = properties.find(exp.ClusterProperty) if properties else None
    if node is None:
        return []
    if not node.expressions:
        _refuse_auto()
    if statement.find(exp.PartitionedByProperty):
        raise UnityCatalogError(
            "Clustering and partitioning cannot both be specified. Please remove PARTITIONED BY if you "
            "want to create a Delta table with clustering.",
            condition=conditions.DELTA_CLUSTER_BY_WITH_PARTITIONED_BY,
        )
    node.pop()
    columns = [column.name for column in node.expressions]
    check_column_count(columns)
    return columns


def canonical_columns(
    columns: Sequence[str], existing: Sequence[str], table: TableName
) -> list[str]:
    """Return the columns to cluster by, in the case that the table has them in.

    Parameters
    ----------
    columns : sequence of str
        The columns to cluster by, in any case.
    existing : sequence of str
        The columns of the table.
    table : TableName

    Raises
    ------
    NotFoundError
        If the table does not have one of the columns.

    Examples
    --------
    >>> canonical_columns(["ID"], ["id", "x"], TableName.parse("main.f.t"))
    ['id']
    """
    by_lower_case = {name.lower(): name for name in existing}
    for column in columns:
        if column.lower() not in by_lower_case:
            raise NotFoundError(
                f"Table '{table}' has no column '{column}' to cluster by. "
                f"It has: {', '.join(existing)}.",
                condition=conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
            )
    return [by_lower_case[column.lower()] for column in columns]


def check_column_count(columns: Sequence[str]) -> None:
    """Raise if the columns are more than Delta clusters by.

    Raises
    ------
    UnityCatalogError
    """
    if len(columns) > _MAX_COLUMNS:
        raise UnityCatalogError(
            f"CLUSTER BY supports up to {_MAX_COLUMNS} clustering columns, but the table has "
            f"{len(columns)} clustering columns. Please remove the extra clustering columns.",
            condition=conditions.DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS,
        )


def _set_clustering(session: Session, node: SetClustering) -> None:
    if node.args.get("auto"):
        _refuse_auto()
    table = session.unity.table(session.resolve(node.target))
    columns: list[str] = node.args["columns"]
    check_column_count(columns)
    if columns and table.delta.metadata().partition_columns:
        raise UnityCatalogError(
            f"ALTER TABLE CLUSTER BY cannot be applied to a partitioned table: '{table.name}' is one.",
            condition=conditions.DELTA_ALTER_TABLE_CLUSTER_BY_ON_PARTITIONED_TABLE_NOT_ALLOWED,
        )
    existing = [field["name"] for field in table.fields]
    table.set_clustering(canonical_columns(columns, existing, table.name))
    refresh_schema(session, table.name)


def _refuse_auto() -> NoReturn:
    raise ParseException(
        message="CLUSTER BY AUTO lets Databricks choose the columns by the queries that it sees: that "
        "runs on Databricks only. Name the columns: CLUSTER BY (column, ...)."
    )


HANDLERS: Handlers = {SetClustering: _set_clustering}
