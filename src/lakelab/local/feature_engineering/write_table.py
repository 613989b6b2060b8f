"""Write to a feature table: an upsert by its primary key, in one Delta commit.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/uc/feature-tables-uc
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.delta.merge import upsert
from lakelab.local.feature_engineering.session import (
    full_name,
    open_table,
    primary_key,
    spark_schema,
)
from lakelab.local.feature_engineering.validation import (
    quoted,
    require_batch,
    require_feature_types,
    require_spark_dataframe,
    require_valid_keys,
)
from lakelab.local.spark.results import as_dataframe
from lakelab.local.sql.errors import analysis_error, as_spark_error

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from lakelab.local.catalog.table import UnityTable
    from lakelab.local.spark.session import LocalSparkSession

_CONSTRAINT_VIOLATED = "failed validation check"
"""Part of the delta-rs message for rows that violate a constraint."""
MERGE, OVERWRITE = "merge", "overwrite"
ATTEMPTS = 10
"""Maximum number of attempts when writers without the lock commit first."""


def write_table(
    spark: LocalSparkSession,
    *,
    name: str,
    df: DataFrame,
    mode: str,
    modes: Sequence[str] = (MERGE,),
) -> None:
    """Insert rows with new keys and update rows with existing keys, or overwrite if ``modes`` allows it.

    See :meth:`FeatureEngineeringClient.write_table` for parameters and errors.
    """
    full = full_name(spark, name)
    if mode not in modes:
        raise ValueError(
            f"Unsupported mode '{mode}'. '{MERGE}' is the only supported mode. To overwrite the "
            f"table, run SQL 'DELETE FROM {full}' first, or drop and create it again."
        )
    require_spark_dataframe(df)
    require_batch(df, "write_table")
    schema = df.schema
    require_feature_types(schema)
    table = open_table(spark, full)
    _require_matching(schema, table)
    data = df.toArrow()
    require_valid_keys(data, primary_key(table).columns)
    _require_not_null(data, table)
    if mode == OVERWRITE:
        _overwrite(spark, table, data)
        return
    with spark.unity.locked(full):
        for attempt in range(1, ATTEMPTS + 1):
            table = open_table(spark, full)
            _require_matching(schema, table)
            try:
                with table.translate_write_errors("A merge"):
                    upsert(table.delta, table.path, data, primary_key(table).columns)
                return
            except UnityCatalogError as error:
                raise as_spark_error(error) from error
            except CommitFailedError:
                if attempt == ATTEMPTS:
                    raise
                # the other writers can commit during the pause
                time.sleep(random.uniform(0, 0.05 * attempt))
            except DeltaError as error:
                if _CONSTRAINT_VIOLATED not in str(error):
                    raise
                checks = [f"{name} ({condition})" for name, condition in table.checks.items()]
                raise analysis_error(
                    conditions.DELTA_VIOLATE_CONSTRAINT_WITH_VALUES,
                    f"CHECK constraint {' or '.join(checks)} violated: {error}",
                ) from error


def _overwrite(spark: LocalSparkSession, table: UnityTable, data: pa.Table) -> None:
    """Replace all rows of the table, with the same write as the official client."""
    schema = pa.schema(table.delta.schema().to_arrow())
    for field in schema:
        if field.name not in data.column_names:
            data = data.append_column(field.name, pa.nulls(len(data), field.type))
    writer = as_dataframe(spark, data).write.format("delta")
    writer.option("mergeSchema", "true").mode("overwrite").saveAsTable(table.name.quoted)


def _require_matching(schema: StructType, table: UnityTable) -> None:
    """Check the columns of the DataFrame against those of the table.

    Raises
    ------
    ValueError
        If a key or a partition column is missing, a type differs, a column differs by case only,
        or, for a time series table, any feature is missing.
    """
    stored = {field.name: field.dataType.simpleString() for field in spark_schema(table).fields}
    given = {field.name: field.dataType.simpleString() for field in schema.fields}
    needed: dict[str, list[str]] = {
        "primary key": list(primary_key(table).columns),
        "partition": list(table.delta.metadata().partition_columns),
    }
    for what, columns in needed.items():
        missing = [column for column in columns if column not in given]
        if missing:
            raise ValueError(
                f"The provided DataFrame must contain all {what} columns of '{table.name}'. "
                f"Missing: {quoted(missing)}. It has: {', '.join(given)}."
            )
    _require_same_types(given, stored, table)
    missing = [column for column in stored if column not in given]
    if missing and primary_key(table).timeseries_column:
        raise ValueError(
            f"'{table.name}' is a time series table: the provided DataFrame must contain all its "
            f"columns. Missing: {quoted(missing)}."
        )


def _require_not_null(data: pa.Table, table: UnityTable) -> None:
    for field in table.fields:
        name = field["name"]
        if field["nullable"]:
            continue
        if name not in data.column_names or data.column(name).null_count:
            raise ValueError(
                f"Column '{name}' of '{table.name}' is NOT NULL: the DataFrame must have a value in "
                f"each row."
            )


def _require_same_types(given: dict[str, str], stored: dict[str, str], table: UnityTable) -> None:
    stored_names = {name.lower(): name for name in stored}
    for column, type_ in given.items():
        known = stored_names.get(column.lower())
        if known is not None and known != column:
            raise ValueError(
                f"Feature names cannot differ by case only: the DataFrame has '{column}', table "
                f"'{table.name}' has '{known}'. Rename the column."
            )
        if known is not None and stored[known] != type_:
            raise ValueError(
                f"The schema of the DataFrame is incompatible with table '{table.name}': column "
                f"'{column}' has type '{type_}', the table has '{stored[known]}'. Cast it first."
            )
