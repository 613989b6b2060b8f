"""Table properties: the internal ones of Unity Catalog, and the ones that a user can set.

Follows https://docs.databricks.com/aws/en/delta/table-properties
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

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

_COLUMN_MAPPING = "delta.columnmapping.mode"
_SKIPPING = "delta.dataskipping"
_INDEXED_COLUMNS = re.compile(r"-1|\d+")
_BOOLEAN_PROPERTIES = frozenset(
    {"delta.appendonly", "delta.enabledeletionvectors", "delta.enablechangedatafeed"}
)


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
    return next((v for k, v in _STORED_NAMES.items() if k.lower() == name.lower()), name)


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
        For column mapping: the local libraries could not read the table any more. And for an invalid
        value.
    """
    for name, value in properties.items():
        if name.lower() in _BOOLEAN_PROPERTIES and value.lower() not in ("true", "false"):
            raise UnityCatalogError(
                f"'{name}' = '{value}' cannot be set: expected true or false.",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            )
        if name.lower() == NUM_INDEXED_COLUMNS.lower() and not _INDEXED_COLUMNS.fullmatch(value):
            raise UnityCatalogError(
                f"'{name}' = '{value}' cannot be set: expected a number of columns, or -1 for all.",
                condition="DELTA_VIOLATE_TABLE_PROPERTY_VALIDATION_FAILED",
                sql_state="0A000",
            )
    mode = next((v for k, v in properties.items() if k.lower() == _COLUMN_MAPPING), "none")
    if mode.lower() != "none":
        raise UnityCatalogError(
            f"Column mapping ('delta.columnMapping.mode' = '{mode}') is not supported on a laptop: the "
            f"local Delta library could not read the table any more. It works on Databricks.",
            condition="DELTA_UNSUPPORTED_COLUMN_MAPPING_WRITE",
            sql_state="0AKDC",
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
