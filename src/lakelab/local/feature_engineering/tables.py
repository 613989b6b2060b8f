"""Feature tables: describe, read, drop, tag."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
from lakelab.local.feature_engineering.session import entity_keys, open_table, primary_key
from lakelab.local.feature_engineering.validation import require_no_kwargs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession
    from lakelab.local.unity_catalog import UnityTable

_logger = logging.getLogger(__name__)


def get_table(spark: LocalSparkSession, name: str) -> FeatureTable:
    """Describe a feature table."""
    return describe(open_table(spark, name))


def describe(table: UnityTable) -> FeatureTable:
    """Describe a table that has a primary key."""
    time = primary_key(table).timeseries_column
    metadata = table.delta.metadata()
    return FeatureTable(
        name=str(table.name),
        table_id=str(metadata.id),
        description=table.comment or "",
        primary_keys=entity_keys(table) + ([time] if time else []),
        partition_columns=list(metadata.partition_columns),
        features=[field["name"] for field in table.fields],
        creation_timestamp=metadata.created_time,
        timestamp_keys=[time] if time else [],
        tags=table.tags,
    )


def read_table(spark: LocalSparkSession, name: str, **kwargs: Any) -> DataFrame:
    """Read a feature table, as it is or as it was at ``as_of_delta_timestamp``."""
    timestamp = kwargs.pop("as_of_delta_timestamp", None)
    require_no_kwargs(kwargs, "read_table")
    table = open_table(spark, name)
    if timestamp is None:
        return spark.table(table.name.quoted)
    version = _version_at(table, timestamp)
    return spark.sql(f"SELECT * FROM {table.name.quoted} VERSION AS OF {version}")


def _version_at(table: UnityTable, timestamp: Any) -> int:
    """Find the version that was current at a time, by the times that DESCRIBE HISTORY shows.

    The engine itself goes by the times of the log files, which are a little later.
    """
    import pandas as pd

    try:
        when = pd.Timestamp(timestamp)
    except (ValueError, TypeError) as error:
        raise ValueError(f"as_of_delta_timestamp={timestamp!r} is not a time: {error}") from error
    when = when.tz_localize("UTC") if when.tzinfo is None else when
    milliseconds = when.timestamp() * 1000
    commits = [c for c in table.delta.history() if c.get("timestamp") is not None]
    versions = [c["version"] for c in commits if c["timestamp"] <= milliseconds + 0.5]
    if not versions:
        raise ValueError(f"Feature table '{table.name}' did not exist yet at {when}.")
    return max(versions)


def drop_table(spark: LocalSparkSession, name: str) -> None:
    """Drop a feature table and its files."""
    table = open_table(spark, name)
    with spark.unity.locked(table.name):
        spark.unity.drop_table(table.name)
    spark.sync()


def set_tag(spark: LocalSparkSession, name: str, key: str, value: str) -> None:
    """Set a tag of a feature table; an older value of it is replaced."""
    _require_tag_key(key)
    table = open_table(spark, name)
    with spark.unity.locked(table.name):
        open_table(spark, table.name).set_tags({key: value or ""})


def delete_tag(spark: LocalSparkSession, name: str, key: str) -> None:
    """Delete a tag of a feature table; one that is not there gives a warning."""
    _require_tag_key(key)
    table = open_table(spark, name)
    with spark.unity.locked(table.name):
        table = open_table(spark, table.name)
        if key in table.tags:
            table.unset_tags([key])
        else:
            _logger.warning("Feature table '%s' has no tag '%s' to delete.", table.name, key)


def _require_tag_key(key: Any) -> None:
    if not isinstance(key, str) or not key.strip():
        raise ValueError(f"A tag's key is a string that is not empty, not {key!r}.")
