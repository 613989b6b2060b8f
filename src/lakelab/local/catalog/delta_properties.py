"""The table properties that Delta defines, and the values that they can have.

Follows https://docs.databricks.com/aws/en/delta/table-properties and
https://docs.delta.io/latest/table-properties.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError

_PREFIX = "delta."
_INTERVAL = re.compile(
    r"\s*(?:interval\s)?\s*(?:[+-]?\s*\d+(?:\.\d+)?\s*"
    r"(?:year|month|week|day|hour|minute|second|millisecond|microsecond)s?\s*)+",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\s*\d+\s*(?:[kmgt]i?b?|b)?\s*", re.IGNORECASE)
_NOT_FIXED = re.compile(r"-|year|month", re.IGNORECASE)


def _is_boolean(value: str) -> bool:
    return value.lower() in ("true", "false")


def _is_integer(least: int) -> Callable[[str], bool]:
    return lambda value: value.lstrip("+-").isdigit() and int(value) >= least


def _is_one_of(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in [known.lower() for known in values]


def _is_any(value: str) -> bool:
    return True


def _is_size(value: str) -> bool:
    return _SIZE.fullmatch(value) is not None


def _is_fixed_interval(value: str) -> bool:
    if not _INTERVAL.fullmatch(value):
        raise UnityCatalogError(
            f"{value} is not a valid INTERVAL."
            if value.strip()
            else "Interval cannot be null or blank.",
            condition=conditions.DELTA_INVALID_INTERVAL,
        )
    return not _NOT_FIXED.search(value)


_Check = tuple[Callable[[str], bool], str]
_BOOLEAN: _Check = (_is_boolean, "needs to be a boolean: expected true or false.")
_INTERVALS: _Check = (
    _is_fixed_interval,
    "needs to be provided as a calendar interval such as '2 weeks'. Months and years are not accepted. "
    "You may specify '365 days' for a year instead.",
)
_POSITIVE: _Check = (_is_integer(1), "needs to be a positive integer.")
_ANY: _Check = (_is_any, "")

_CHECKS: dict[str, _Check] = {
    **dict.fromkeys(
        (
            "appendOnly", "autoOptimize", "autoOptimize.optimizeWrite", "checkpoint.writeStatsAsJson",
            "checkpoint.writeStatsAsStruct", "compatibility.symlinkFormatManifest.enabled",
            "enableChangeDataCapture", "enableChangeDataFeed", "enableDeletionVectors",
            "enableExpiredLogCleanup", "enableFullRetentionRollback", "enableIcebergCompatV1",
            "enableIcebergCompatV2", "enableIcebergCompatV3", "enableInCommitTimestamps",
            "enableRowTracking", "enableTypeWidening", "enableVariantShredding",
            "ignoreProtocolDefaults", "randomizeFilePrefixes", "tuneFileSizesForRewrites",
        ),
        _BOOLEAN,
    ),
    **dict.fromkeys(
        (
            "checkpointRetentionDuration", "deletedFileRetentionDuration",
            "dropFeatureTruncateHistory.retentionDuration", "logRetentionDuration",
            "sampleRetentionDuration", "setTransactionRetentionDuration",
        ),
        _INTERVALS,
    ),
    "autoOptimize.autoCompact": (
        _is_one_of("true", "false", "auto", "legacy"), "needs to be true, false, auto or legacy.",
    ),
    "checkpointInterval": _POSITIVE,
    "checkpointPolicy": (_is_one_of("classic", "v2"), "can be one of the following: classic, v2"),
    "columnMapping.mode": _ANY,
    "compatibility.uniform": _ANY,
    "dataSkippingNumIndexedCols": (
        _is_integer(-1), "needs to be larger than or equal to -1.",
    ),
    "dataSkippingStatsColumns": _ANY,
    "isolationLevel": (
        _is_one_of("Serializable", "WriteSerializable"), "must be Serializable or WriteSerializable.",
    ),
    "minReaderVersion": (lambda v: v in ("1", "2", "3"), "needs to be one of 1, 2, 3."),
    "minWriterVersion": (
        lambda v: v in ("1", "2", "3", "4", "5", "6", "7"), "needs to be one of 1, 2, 3, 4, 5, 6, 7.",
    ),
    "parquet.compression.codec": (
        _is_one_of("uncompressed", "none", "snappy", "gzip", "lzo", "brotli", "lz4", "lz4_raw", "zstd"),
        "needs to be a codec of Parquet, such as snappy or zstd.",
    ),
    "randomPrefixLength": (_is_integer(1), "needs to be greater than 0."),
    "targetFileSize": (
        _is_size,
        "needs to be a size such as 104857600 or 100mb.",
    ),
    "universalFormat.enabledFormats": (
        lambda v: all(f.strip() in ("iceberg", "hudi") for f in v.split(",") if v),
        "Must be a comma-separated list of formats from the list: {hudi,iceberg}.",
    ),
    "workloadBasedColumns.optimizerStatistics": _ANY,
}  # fmt: skip
_CANONICAL = {name.lower(): name for name in _CHECKS}


def canonical_name(name: str) -> str:
    """Return the name of a property as Delta spells it; upper and lower case do not matter for Delta's own.

    Examples
    --------
    >>> canonical_name("DELTA.appendonly"), canonical_name("Team")
    ('delta.appendOnly', 'Team')
    """
    short = _CANONICAL.get(name.lower().removeprefix(_PREFIX))
    return _PREFIX + short if short and name.lower().startswith(_PREFIX) else name


def check_delta_property(name: str, value: str) -> None:
    """Check a property of Delta: that it exists, and its value.

    Parameters
    ----------
    name : str
        The name of a property; one without the prefix ``delta.`` is the user's own, and can have any value.
    value : str

    Raises
    ------
    UnityCatalogError
        If Delta has no such property, or it cannot have the value.

    Examples
    --------
    >>> check_delta_property("delta.logRetentionDuration", "interval 30 days")
    >>> check_delta_property("delta.nope", "1")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: Unknown configuration was specified: delta.nope
    """
    if not name.lower().startswith(_PREFIX):
        return
    canonical = canonical_name(name)
    check = _CHECKS.get(canonical.removeprefix(_PREFIX))
    if check is None:
        raise UnityCatalogError(
            f"Unknown configuration was specified: {name}",
            condition=conditions.DELTA_UNKNOWN_CONFIGURATION,
        )
    is_valid, rule = check
    if not is_valid(value):
        raise UnityCatalogError(
            f"'{canonical}' = '{value}' cannot be set: {canonical} {rule}",
            condition=conditions.DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED,
        )
