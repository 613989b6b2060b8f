"""Rules of Unity Catalog for tags, aliases and version numbers of registered models."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_letters, digits

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.model_version import RECORD_TAG
from lakelab.local.catalog.tags import merge_tags

_IN_AN_ALIAS = frozenset(f"{ascii_letters}{digits}_-")
_MAX_ALIAS_LENGTH = 255
_MAX_DIGITS = 9


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
    UnityCatalogError
        If a key or value is invalid, or there would be too many tags.

    Examples
    --------
    >>> check_tags({"team": "ops"})
    >>> check_tags({" team ": "ops"})
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: ' team ' = 'ops' is not a valid tag: a key has 1 to 255 \
characters, none of , - . / : =, a value at most 1,000, and neither has a space at its ends.
    """
    check_not_reserved(tags)
    merge_tags(dict.fromkeys(existing, ""), tags)


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
    is_valid = 1 <= len(alias) <= _MAX_ALIAS_LENGTH and set(alias) <= _IN_AN_ALIAS
    is_reserved = alias.lower() == "latest" or (alias[:1] in ("v", "V") and alias[1:].isdecimal())
    if is_reserved or not is_valid:
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
    if not (version.isascii() and version.isdecimal() and len(version) <= _MAX_DIGITS):
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Model version must be a whole number, got '{version}'. For an alias use "
            "models:/<name>@<alias>.",
        )
    return version
