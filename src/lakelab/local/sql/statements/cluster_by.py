"""``CLUSTER BY``: the columns that rows lie together by, which OPTIMIZE puts in order.

A table keeps the columns, and OPTIMIZE orders all of its rows by them, as ``ZORDER BY`` does. Databricks
orders only what is new since the last time, along a Hilbert curve.

Follows https://docs.databricks.com/aws/en/delta/clustering
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from pyspark.errors import ParseException

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, statement_pattern, unquote

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session

_MOST_COLUMNS = 4


def extract_clustering(statement: exp.Create) -> list[str]:
    """Cut ``CLUSTER BY`` out of a statement, which the engine does not know; give its columns.

    Raises
    ------
    UnityCatalogError
        If there are too many, or the table is partitioned, too.
    pyspark.errors.ParseException
        If Databricks is to choose them.
    """
    from sqlglot import exp

    properties = statement.args.get("properties")
    told = properties.find(exp.ClusterProperty) if properties else None
    if told is None:
        return []
    if not told.expressions:
        _refuse_auto()
    if statement.find(exp.PartitionedByProperty):
        raise UnityCatalogError(
            "Clustering and partitioning cannot both be specified. Please remove PARTITIONED BY if you "
            "want to create a Delta table with clustering.",
            condition="DELTA_CLUSTER_BY_WITH_PARTITIONED_BY",
            sql_state="42613",
        )
    told.pop()
    columns = [column.name for column in told.expressions]
    check_column_count(columns)
    return columns


def canonical_columns(columns: Sequence[str], there: Sequence[str], table: TableName) -> list[str]:
    """Give columns to cluster by as the table writes them.

    Raises
    ------
    NotFoundError
        If the table does not have one.
    """
    written = {name.lower(): name for name in there}
    for column in columns:
        if column.lower() not in written:
            raise NotFoundError(
                f"Table '{table}' has no column '{column}' to cluster by. It has: {', '.join(there)}.",
                condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
                sql_state="42703",
            )
    return [written[column.lower()] for column in columns]


def check_column_count(columns: Sequence[str]) -> None:
    """Refuse more columns than Delta clusters by.

    Raises
    ------
    UnityCatalogError
    """
    if len(columns) > _MOST_COLUMNS:
        raise UnityCatalogError(
            f"CLUSTER BY supports up to {_MOST_COLUMNS} clustering columns, but the table has "
            f"{len(columns)} clustering columns. Please remove the extra clustering columns.",
            condition="DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS",
            sql_state="54000",
        )


def _cluster(session: Session, told: re.Match[str]) -> None:
    if told["auto"]:
        _refuse_auto()
    table = session.unity.table(session.resolve(told["name"]))
    columns = [unquote(column) for column in re.findall(NAME, told["columns"] or "")]
    check_column_count(columns)
    if columns and table.delta.metadata().partition_columns:
        raise UnityCatalogError(
            f"ALTER TABLE CLUSTER BY cannot be applied to a partitioned table: '{table.name}' is one.",
            condition="DELTA_ALTER_TABLE_CLUSTER_BY_ON_PARTITIONED_TABLE_NOT_ALLOWED",
            sql_state="42000",
        )
    there = [field["name"] for field in table.fields]
    table.set_clustering(canonical_columns(columns, there, table.name))
    refresh_schema(session, table.name)


def _refuse_auto() -> NoReturn:
    raise ParseException(
        message="CLUSTER BY AUTO lets Databricks choose the columns by the queries that it sees: that "
        "runs on Databricks only. Name the columns: CLUSTER BY (column, ...)."
    )


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} CLUSTER BY "
            rf"(?:NONE|(?P<auto>AUTO)|\((?P<columns>\s*{NAME}(?:\s*,\s*{NAME})*\s*)\))".replace(
                " (?:", r"\s*(?:"
            )
        ),
        _cluster,
    ),
]
