"""The Spark session of the client, and feature tables by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.table import UnityTable

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

    from lakelab.local.spark.session import LocalSparkSession

_WORKSPACE_CATALOGS = ("hive_metastore", "spark_catalog")


def active_session() -> LocalSparkSession:
    """Return the local Spark session of this thread, or else the one of this process.

    Raises
    ------
    RuntimeError
        If no local Spark session is active.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql.connect.session import SparkSession

    from lakelab.local.spark.session import LocalSparkSession

    try:
        session = SparkSession.active()
    except PySparkRuntimeError:
        session = None
    if not isinstance(session, LocalSparkSession):
        raise RuntimeError(
            "There is no local Spark session to work with. "
            "Start one first: lakelab.local.spark.session.start_spark(home)."
        )
    return session


def full_name(spark: LocalSparkSession, name: str) -> TableName:
    """Resolve a table name with the current catalog and schema.

    Names of two levels are accepted, as in the clients of the ML runtimes up to 19; the newest client
    (0.18.2) accepts one level or three.

    Raises
    ------
    ValueError
        If the name is not a table name of Unity Catalog, or the schema does not exist.
    """
    if not isinstance(name, str):
        raise ValueError(f"A feature table's name is a string, not {name!r}.")
    try:
        full = spark.resolve(name)
        if full.catalog in _WORKSPACE_CATALOGS:
            raise ValueError(
                f"FeatureEngineeringClient only supports feature tables in Unity Catalog, and "
                f"'{full}' is in the workspace's {full.catalog}. There is no Workspace Feature Store "
                f"here, which the deprecated FeatureStoreClient has for those: use a table of Unity "
                f"Catalog, <catalog>.<schema>.<table>."
            )
        spark.unity.require_schema(full.catalog, full.schema)
    except UnityCatalogError as error:
        raise ValueError(str(error)) from error
    return full


def open_table(spark: LocalSparkSession, name: str | TableName) -> UnityTable:
    """Open a feature table: a Delta table with a primary key.

    Raises
    ------
    ValueError
        If the table does not exist, or has no primary key.
    """
    full = name if isinstance(name, TableName) else full_name(spark, name)
    try:
        table = spark.unity.table(full)
    except NotFoundError as error:
        raise ValueError(f"The feature table '{full}' could not be found. {error}") from error
    if table.primary_key is None:
        raise ValueError(
            f"Table '{full}' can't be used as a feature table because it has no primary key. "
            f"Declare one: ALTER TABLE {full} ALTER COLUMN key_column SET NOT NULL; "
            f"ALTER TABLE {full} ADD CONSTRAINT {full.table}_pk PRIMARY KEY (key_column)."
        )
    return table


def primary_key(table: UnityTable) -> PrimaryKey:
    """Return the primary key of a table that :func:`open_table` returned."""
    key = table.primary_key
    assert key is not None
    return key


def entity_keys(table: UnityTable) -> list[str]:
    """Return the key columns without the time series column."""
    key = primary_key(table)
    return [column for column in key.columns if column != key.timeseries_column]


def spark_schema(table: UnityTable) -> StructType:
    """Return the schema of a table in Spark types, from the Delta log."""
    from pyspark.sql.types import StructType

    return StructType.fromJson(json.loads(table.delta.schema().to_json()))
