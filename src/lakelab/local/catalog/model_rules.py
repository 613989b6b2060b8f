"""Rules of Unity Catalog for tags, aliases and version numbers of registered models."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_version import RECORD_TAG

_RESERVED_ALIAS = re.compile(r"latest|v[0-9]+", re.IGNORECASE)
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TAG_KEY = re.compile(r"(?! )[^.,\-=/:]{1,255}(?<! )")
_MAX_TAGS = 50
_MAX_TAG_VALUE_LENGTH = 1000


def check_tags(tags: dict[str, str], existing: Iterable[str] = ()) -> None:
    """Check that Unity Catalog accepts new tags of a model or version.

    Follows https://docs.databricks.com/aws/en/database-objects/tags (constraints).

    Parameters
    ----------
    tags : dict of str to str
        The new tags.
    existing : iterable of str, optional
        The keys of the tags that the model or version already has.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if a key or value is invalid, or there would be too many tags.

    Examples
    --------
    >>> check_tags({"team": "ops"})
    >>> check_tags({"team.name": "ops"})
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.ApiError: Tag key 'team.name' is not valid in Unity Catalog: expected \
1 to 255 characters, none of . , - = / : among them, and no space at its ends.
    """
    check_not_reserved(tags)
    number = len({*tags, *existing})
    if number > _MAX_TAGS:
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"{number} tags are too many: one model or version takes at most {_MAX_TAGS}. Delete "
            "one first.",
        )
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Tag key '{key}' is not valid in Unity Catalog: expected 1 to 255 characters, none of "
                ". , - = / : among them, and no space at its ends.",
            )
        if len(value) > _MAX_TAG_VALUE_LENGTH:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"The value of tag '{key}' has {len(value)} characters: at most "
                f"{_MAX_TAG_VALUE_LENGTH} are possible in Unity Catalog.",
            )


def check_not_reserved(keys: Iterable[str]) -> None:
    """Check that no key is the one of the tag in which the local workspace keeps its record.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if one is.
    """
    if RECORD_TAG in keys:
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"The tag key '{RECORD_TAG}' is reserved: the local workspace keeps its notes in it.",
        )


def check_alias(alias: str) -> None:
    """Check the name of an alias.

    Follows https://mlflow.org/docs/latest/ml/model-registry/ (aliases): ``latest`` and ``v<number>`` are
    reserved.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if the name is reserved or invalid.
    """
    if _RESERVED_ALIAS.fullmatch(alias) or not _ALIAS.fullmatch(alias):
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Invalid alias name '{alias}': expected letters, digits, '_' and '-'; 'latest' and "
            "'v' with a number are reserved.",
        )


def check_number(version: str) -> str:
    """Check the number of a version, and return the number.

    Raises
    ------
    ApiError
        ``INVALID_PARAMETER_VALUE`` if this is not a whole number.
    """
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Model version must be a whole number, got '{version}'. For an alias use "
            "models:/<name>@<alias>.",
        )
    return version
