"""Create a feature table atomically: with its key, comment, tags and data, or not at all.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/uc/feature-tables-uc
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable, Schema, write_deltalake

from lakelab.local.catalog.columns import check_column_names
from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.errors import AlreadyExistsError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import PRIMARY_KEY, TAGS
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.statistics import NO_STATISTICS
from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
from lakelab.local.feature_engineering.session import full_name, open_table, spark_schema
from lakelab.local.feature_engineering.tables import describe
from lakelab.local.feature_engineering.validation import (
    as_list,
    require_batch,
    require_columns,
    require_feature_types,
    require_no_kwargs,
    require_spark_dataframe,
    require_unique,
    require_valid_keys,
)
from lakelab.local.sql.errors import spark_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from lakelab.local.spark.session import LocalSparkSession

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Plan:
    """The checked arguments of ``create_table``."""

    name: TableName
    schema: StructType
    key: PrimaryKey
    partition_columns: list[str]
    description: str | None
    tags: dict[str, str]


def create_table(
    spark: LocalSparkSession,
    *,
    name: str,
    primary_keys: str | list[str],
    df: DataFrame | None,
    timeseries_column: str | None,
    partition_columns: str | list[str] | None,
    schema: StructType | None,
    description: str | None,
    tags: dict[str, str] | None,
    **kwargs: Any,
) -> FeatureTable:
    """Create a feature table, with the data of ``df`` if given.

    Version 0 of the Delta table has the schema, version 1 the data.
    See :meth:`FeatureEngineeringClient.create_table` for parameters and errors.
    """
    time = _timeseries_column(timeseries_column, kwargs)
    require_no_kwargs(kwargs, "create_table")
    keys = _ordered_keys(as_list(primary_keys), time)
    declared = _declared_schema(df, schema)
    columns = as_list(partition_columns)
    require_columns(declared, keys, "primary keys")
    require_columns(declared, columns, "partition columns")
    full = full_name(spark, name)
    plan = _Plan(
        full, declared, PrimaryKey(f"{full.table}_pk", tuple(keys), time), columns, description,
        _checked_tags(tags),
    )  # fmt: skip
    if spark.unity.exists(full):
        return _describe_existing(open_table(spark, full), plan)
    with spark_errors():
        check_column_names(declared)
    data = None
    if df is not None:
        data = df.toArrow()
        require_valid_keys(data, keys)
    _write(spark, plan, data)
    return describe(open_table(spark, full))


def _write(spark: LocalSparkSession, plan: _Plan, data: Any) -> None:
    properties = {PRIMARY_KEY: plan.key.to_json(), **NO_STATISTICS}
    if plan.tags:
        properties[TAGS] = json.dumps(plan.tags)
    try:
        with spark.unity.staged(plan.name) as folder:
            DeltaTable.create(
                folder,
                _delta_schema(plan.schema, plan.key.columns),
                description=plan.description,
                partition_by=plan.partition_columns or None,
                configuration=properties,
                raise_if_key_not_exists=False,  # Delta does not define the properties of Unity Catalog
            )
            if data is not None:
                write_deltalake(folder, data, mode="append")
    except AlreadyExistsError as error:
        raise ValueError(
            f"Feature table '{plan.name}' already exists: another process has just created it. "
            f"Use write_table to write to it."
        ) from error
    except UnityCatalogError as error:  # the folder of the table holds something else
        raise ValueError(str(error)) from error
    spark.sync()


def _describe_existing(table: UnityTable, plan: _Plan) -> FeatureTable:
    """Return the description of an existing table unchanged, with a warning, as the official client does."""
    existing = describe(table)
    schema = {f.name: f.dataType.simpleString() for f in spark_schema(table).fields}
    planned = {f.name: f.dataType.simpleString() for f in plan.schema.fields}
    differences = "".join(
        f" Its {what} differ: the table has {actual}, the call has {expected}."
        for what, actual, expected in (
            ("columns", schema, planned),
            ("primary keys", existing.primary_keys, list(plan.key.columns)),
            ("time series columns", existing.timestamp_keys, as_list(plan.key.timeseries_column)),
        )
        if actual != expected
    )
    _logger.warning(
        "The feature table '%s' already exists; nothing was written.%s Use write_table to write to "
        "it, or drop it first.",
        plan.name,
        differences,
    )
    return existing


def _timeseries_column(column: Any, kwargs: dict[str, Any]) -> str | None:
    """Return the time series column, given under its present name or an older one."""
    for older in ("timestamp_keys", "timeseries_columns"):
        value = kwargs.pop(older, None)
        column = column if column is not None else value
    columns = as_list(column)
    if len(columns) > 1:
        raise ValueError(
            f"A feature table has one time series column, not {len(columns)}: {columns}."
        )
    return columns[0] if columns else None


def _ordered_keys(keys: list[str], time: str | None) -> list[str]:
    """Check the key columns; return them with the time series column last."""
    if not keys:
        raise ValueError("primary_keys can not be empty: name the column(s) that identify a row.")
    require_unique(keys, "primary_keys")
    if time is not None and time not in keys:
        raise ValueError(
            f"Timeseries column '{time}' is not in primary_keys. Add it: primary_keys={[*keys, time]}."
        )
    entity = [key for key in keys if key != time]
    if not entity:
        raise ValueError(
            f"'{time}' is the only primary key. A feature table needs at least one key that is not "
            f"its time series column."
        )
    return entity + as_list(time)


def _declared_schema(df: DataFrame | None, schema: StructType | None) -> StructType:
    if df is None and schema is None:
        raise ValueError("Either schema or df must be provided.")
    if df is not None:
        require_spark_dataframe(df)
        require_batch(df, "create_table")
    if df is not None and schema is not None:
        df_types = {f.name: f.dataType.simpleString() for f in df.schema.fields}
        schema_types = {f.name: f.dataType.simpleString() for f in schema.fields}
        if df_types != schema_types:
            raise ValueError(
                f"'schema' and the schema of 'df' differ: {schema_types} and {df_types}. "
                f"Give one of them, or two that match."
            )
    declared = schema if schema is not None else df.schema  # type: ignore[union-attr]  # one of them is given
    require_feature_types(declared)
    return declared


def _checked_tags(tags: dict[str, str] | None) -> dict[str, str]:
    if tags is not None and not isinstance(tags, dict):
        raise ValueError(f"tags must be a dictionary (key -> value), not {tags!r}.")
    return {str(key): "" if value is None else str(value) for key, value in (tags or {}).items()}


def _delta_schema(schema: StructType, keys: tuple[str, ...]) -> Schema:
    """Convert Spark's schema to Delta's: the keys are NOT NULL, all else is nullable, comments stay."""
    fields = json.loads(schema.json())
    _make_nullable(fields)
    for field in fields["fields"]:
        field["nullable"] = field["name"] not in keys
    return Schema.from_json(json.dumps(fields))


def _make_nullable(node: Any) -> None:
    # A literal or a Parquet file gives a NOT NULL column when it holds no null. Only the keys of the
    # table may be NOT NULL: otherwise a later write with a null would fail.
    if isinstance(node, dict):
        for flag in ("nullable", "containsNull", "valueContainsNull"):
            if flag in node:
                node[flag] = True
        for child in node.values():
            _make_nullable(child)
    elif isinstance(node, list):
        for child in node:
            _make_nullable(child)
