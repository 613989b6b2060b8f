"""Feature tables: describe, read, drop, tag."""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.entities.feature_table import FeatureTable
from lakelab.local.feature_engineering.session import entity_keys, open_table, primary_key
from lakelab.local.feature_engineering.validation import require_no_kwargs
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.errors import spark_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.table import UnityTable
    from lakelab.local.spark.session import LocalSparkSession

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


def register_table(
    spark: LocalSparkSession,
    name: str,
    keys: list[str],
    times: list[str],
    description: str | None,
    tags: dict[str, str],
) -> FeatureTable:
    """Describe a table with a declared key, and set its comment and tags.

    See :meth:`FeatureStoreClient.register_table` for parameters and errors.
    """
    table = open_table(spark, name)
    existing = describe(table)
    if sorted(keys) != sorted(existing.primary_keys) or times != existing.timestamp_keys:
        raise ValueError(
            f"The declared key of '{table.name}' is {existing.primary_keys}, with the time series columns "
            f"{existing.timestamp_keys}; given were primary_keys={keys} and timestamp_keys={times}. Give "
            f"the declared ones, or declare others in SQL."
        )
    with spark_errors(), spark.unity.locked(table.name):
        table = open_table(spark, table.name)
        if description is not None:
            table.set_comment(description)
        if tags:
            table.set_tags({str(key): str(value or "") for key, value in tags.items()})
    return describe(open_table(spark, table.name))


def read_table(spark: LocalSparkSession, name: str, **kwargs: Any) -> DataFrame:
    """Read the current version of a feature table, or the one at ``as_of_delta_timestamp``.

    See :meth:`FeatureEngineeringClient.read_table`.
    """
    timestamp = kwargs.pop("as_of_delta_timestamp", None)
    require_no_kwargs(kwargs, "read_table")
    table = open_table(spark, name)
    if timestamp is None:
        return spark.table(table.name.quoted)
    version = _version_at(table, timestamp)
    return spark.sql(f"SELECT * FROM {table.name.quoted} VERSION AS OF {version}")


def _version_at(table: UnityTable, timestamp: Any) -> int:
    """Return the version at a time, by the timestamps of DESCRIBE HISTORY.

    The engine itself uses the times of the log files, which are slightly later.

    Raises
    ------
    pyspark.errors.AnalysisException
        If ``timestamp`` is not a time, or is before the first or after the last version, as in Delta.
    """
    import pandas as pd
    from pyspark.errors import AnalysisException

    try:
        if not isinstance(timestamp, str | datetime.date):  # a datetime is a date, too
            raise TypeError(f"a string, datetime or date is needed, not {type(timestamp).__name__}")
        when = pd.Timestamp(timestamp)
    except (ValueError, TypeError) as error:
        raise AnalysisException(
            f"[DELTA_TIMESTAMP_INVALID] The provided timestamp ({timestamp!r}) cannot be converted to a "
            f"valid timestamp: {error}."
        ) from error
    when = when.tz_localize("UTC") if when.tzinfo is None else when.tz_convert("UTC")
    times: dict[int, int] = {
        c["version"]: c["timestamp"] for c in table.delta.history() if c.get("timestamp")
    }
    milliseconds = when.timestamp() * 1000 + 0.5
    versions = [version for version, time in times.items() if time <= milliseconds]
    if not versions:
        raise AnalysisException(
            f"[DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION] The provided timestamp ({when}) is before "
            f"the earliest version available to the table '{table.name}' "
            f"({_format(min(times.values()))}). Please use a timestamp at or after that."
        )
    last = max(times.values())
    if milliseconds >= last + 1:
        raise AnalysisException(
            f"[DELTA_TIMESTAMP_GREATER_THAN_COMMIT] The provided timestamp ({when}) is after the latest "
            f"version available to the table '{table.name}' ({_format(last)}). Please use a timestamp "
            f"before or at that, or leave it out."
        )
    return max(versions)


def _format(milliseconds: int) -> str:
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return at.isoformat(" ", "milliseconds")


def drop_table(spark: LocalSparkSession, name: str) -> None:
    """Drop a feature table and its files."""
    table = open_table(spark, name)
    with spark_errors(), spark.unity.locked(table.name):
        catalog_service(spark).drop_table(table.name)
    spark.sync()


def set_tag(spark: LocalSparkSession, name: str, key: str, value: str) -> None:
    """Set a tag of a feature table; the value replaces an earlier one."""
    _require_tag_key(key)
    table = open_table(spark, name)
    with spark_errors(), spark.unity.locked(table.name):
        open_table(spark, table.name).set_tags({key: value or ""})


def delete_tag(spark: LocalSparkSession, name: str, key: str) -> None:
    """Delete a tag of a feature table; log a warning if the tag does not exist."""
    _require_tag_key(key)
    table = open_table(spark, name)
    with spark_errors(), spark.unity.locked(table.name):
        table = open_table(spark, table.name)
        if key in table.tags:
            table.unset_tags([key])
        else:
            _logger.warning("Feature table '%s' has no tag '%s' to delete.", table.name, key)


def _require_tag_key(key: Any) -> None:
    if not isinstance(key, str) or not key.strip():
        raise ValueError(f"A tag's key is a string that is not empty, not {key!r}.")
