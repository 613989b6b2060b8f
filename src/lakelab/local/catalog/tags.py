"""Tags of tables, columns, schemas and catalogs, and their limits.

The tags of a table and of its columns are JSON in two of its properties.

Follows https://docs.databricks.com/aws/en/database-objects/tags
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.properties import COLUMN_TAGS, TAGS

_INVALID_KEY_CHARACTERS = frozenset(".,-=/:")
_MAX_TAGS = 50
_MAX_KEY_LENGTH = 255
_MAX_VALUE_LENGTH = 1000


def table_tags(configuration: Mapping[str, str]) -> dict[str, str]:
    """Read the tags of a table from its properties."""
    tags: dict[str, str] = json.loads(configuration.get(TAGS) or "{}")
    return tags


def column_tags(configuration: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Read the tags of each column from the properties of the table."""
    tags: dict[str, dict[str, str]] = json.loads(configuration.get(COLUMN_TAGS) or "{}")
    return tags


def merge_tags(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Add tags to those of an object, within the limits that Unity Catalog documents.

    Raises
    ------
    UnityCatalogError
        If a key or value is invalid, or the object would have too many tags.

    Examples
    --------
    >>> merge_tags({"team": "ops"}, {"team": "ml", "reviewed": ""})
    {'team': 'ml', 'reviewed': ''}
    """
    for key, value in new.items():
        if not _is_valid(key, value):
            raise UnityCatalogError(
                f"'{key}' = '{value}' is not a valid tag: a key has 1 to 255 characters, none of "
                f"{' '.join(sorted(_INVALID_KEY_CHARACTERS))}, a value at most 1,000, and neither has a "
                f"space at its ends.",
                condition=conditions.INVALID_PARAMETER_VALUE,
            )
    tags = {**old, **new}
    if len(tags) > _MAX_TAGS:
        raise UnityCatalogError(
            f"{len(tags)} tags are too many: an object can have at most {_MAX_TAGS}. Unset some "
            f"first.",
            condition=conditions.INVALID_PARAMETER_VALUE,
        )
    return tags


def _is_valid(key: str, value: str) -> bool:
    return (
        1 <= len(key) <= _MAX_KEY_LENGTH
        and (key, value) == (key.strip(" "), value.strip(" "))
        and len(value) <= _MAX_VALUE_LENGTH
        and not set(key) & _INVALID_KEY_CHARACTERS
    )
