"""Table properties: the internal ones of Unity Catalog, and the ones that a user can set.

Follows https://docs.databricks.com/aws/en/delta/table-properties
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.delta_properties import canonical_name, check_delta_property
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.delta.statistics import NUM_INDEXED_COLUMNS

PRIMARY_KEY = "uc.primaryKey"
TAGS = "uc.tags"
COLUMN_TAGS = "uc.columnTags"
CLUSTERING = "uc.clusterBy"
CHANGE_DATA_FEED, _STORED_CHANGE_DATA_FEED = "delta.enableChangeDataFeed", "uc.changeDataFeed"
"""The engine cannot write to a table with an enabled change data feed. So the property is stored under
another name, and a reader of changes compares the files of two versions."""
_STORED_NAMES = {
    CHANGE_DATA_FEED: _STORED_CHANGE_DATA_FEED,
    NUM_INDEXED_COLUMNS: "uc.dataSkippingNumIndexedCols",
    "delta.dataSkippingStatsColumns": "uc.dataSkippingStatsColumns",
}
"""Properties of a user that are stored under another name. Files have no statistics of columns here
(:mod:`lakelab.local.delta.statistics`), so the properties for these must not reach the writers."""
INTERNAL_PROPERTIES = (
    PRIMARY_KEY,
    TAGS,
    COLUMN_TAGS,
    CLUSTERING,
    NUM_INDEXED_COLUMNS,
    *_STORED_NAMES.values(),
)
"""Table properties that hold what Unity Catalog keeps beside the table; not shown as properties."""

_COLUMN_MAPPING = "delta.columnMapping.mode"
_SKIPPING = "delta.dataskipping"
_CONSTRAINTS, _FEATURES = "delta.constraints.", "delta.feature."


def user_properties(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the table properties that a user set, without the internal ones.

    Examples
    --------
    >>> user_properties({"owner": "ops", "uc.tags": "{}", "uc.changeDataFeed": "true"})
    {'owner': 'ops', 'delta.enableChangeDataFeed': 'true'}
    """
    properties = without(configuration, INTERNAL_PROPERTIES)
    shown = {stored: name for name, stored in _STORED_NAMES.items()}
    return properties | {shown[k]: v for k, v in configuration.items() if k in shown}


def stored_name(name: str) -> str:
    """Return the name under which a property of a table is stored.

    Examples
    --------
    >>> stored_name("delta.enableChangeDataFeed"), stored_name("delta.appendOnly")
    ('uc.changeDataFeed', 'delta.appendOnly')
    """
    canonical = canonical_name(name)
    return _STORED_NAMES.get(canonical, canonical)


def store_skipping_properties(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of another program's table, those for data skipping under their stored names.

    Examples
    --------
    >>> store_skipping_properties({"delta.dataSkippingNumIndexedCols": "5", "team": "ml"})
    {'uc.dataSkippingNumIndexedCols': '5', 'team': 'ml'}
    """
    return {
        stored_name(name) if name.lower().startswith(_SKIPPING) else name: value
        for name, value in configuration.items()
    }


def check_properties(properties: Mapping[str, str]) -> None:
    """Check that a table on a laptop can have the properties.

    Raises
    ------
    UnityCatalogError
        For a ``delta.`` property that Delta does not have, an invalid value, a CHECK constraint, and for
        column mapping: the local libraries could not read the table any more.
    """
    for name, value in properties.items():
        if name.lower().startswith(_CONSTRAINTS):
            raise UnityCatalogError(
                "Please use ALTER TABLE ADD CONSTRAINT to add CHECK constraints.",
                condition=conditions.DELTA_ADD_CONSTRAINTS,
            )
        if not name.lower().startswith(_FEATURES):
            check_delta_property(name, value)
    mode = next((v for k, v in properties.items() if canonical_name(k) == _COLUMN_MAPPING), "none")
    if mode.lower() != "none":
        raise UnityCatalogError(
            f"Column mapping ('delta.columnMapping.mode' = '{mode}') is not supported on a laptop: the "
            f"local Delta library could not read the table any more. It works on Databricks.",
            condition=conditions.DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE,
        )


def require_may_remove(configuration: Mapping[str, str]) -> None:
    """Check that rows of a table can be changed or removed.

    Raises
    ------
    UnityCatalogError
        If the table allows appends only.

    Examples
    --------
    >>> require_may_remove({"delta.appendOnly": "false"})
    """
    if configuration.get("delta.appendOnly", "").lower() == "true":
        raise UnityCatalogError(
            "This table is configured to only allow appends. If you would like to permit updates or "
            "deletes, use 'ALTER TABLE <table_name> SET TBLPROPERTIES (delta.appendOnly=false)'.",
            condition=conditions.DELTA_CANNOT_MODIFY_APPEND_ONLY,
        )


def restore_properties(old: Mapping[str, str], current: Mapping[str, str]) -> dict[str, str]:
    """Return the properties after a restore: those of the old version, and the current internal ones.

    Unity Catalog keeps keys and tags beside the table, so a restore does not change them.
    """
    internal = {name: value for name, value in current.items() if name in INTERNAL_PROPERTIES}
    return {**without(old, INTERNAL_PROPERTIES), **internal}


def clustering_columns(configuration: Mapping[str, str]) -> list[str]:
    """Return the clustering columns of a table."""
    columns: list[str] = json.loads(configuration.get(CLUSTERING) or "[]")
    return columns


def without(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a mapping without some keys; a key that the mapping lacks is ignored.

    Examples
    --------
    >>> without({"a": 1, "b": 2}, ["b", "c"])
    {'a': 1}
    """
    return {key: value for key, value in mapping.items() if key not in keys}
