"""Tags, aliases and version numbers of registered models that Unity Catalog accepts."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import ApiError, UnityCatalogError
from lakelab.local.catalog.model_rules import (
    check_alias,
    check_not_reserved,
    check_number,
    check_tags,
)


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "V23", "", "a b", "a.b", "x" * 256])
def test_reserved_and_invalid_aliases_are_refused(alias):
    with pytest.raises(ApiError, match="Invalid alias name"):
        check_alias(alias)


@pytest.mark.parametrize("alias", ["champion", "v1_old", "latest-2", "1"])
def test_other_aliases_are_accepted(alias):
    check_alias(alias)


def test_the_existing_tags_count():
    existing = [f"k{number}" for number in range(50)]
    check_tags({"k0": "changed"}, existing)
    with pytest.raises(UnityCatalogError, match="51 tags are too many"):
        check_tags({"new": ""}, existing)


@pytest.mark.parametrize("key", ["", " a", "a ", "a.b", "a:b", "k" * 256])
def test_invalid_tag_keys_are_refused(key):
    with pytest.raises(UnityCatalogError, match="is not a valid tag"):
        check_tags({key: ""})


def test_the_tag_of_the_record_is_reserved():
    with pytest.raises(ApiError, match="'unity_catalog' is reserved"):
        check_not_reserved(["unity_catalog"])


@pytest.mark.parametrize("number", ["", "-1", "1.0", "champion", "1234567890"])
def test_a_version_is_a_whole_number(number):
    assert check_number("12") == "12"
    with pytest.raises(ApiError, match="must be a whole number"):
        check_number(number)


def test_tags_of_models_have_the_rules_of_other_tags():
    with pytest.raises(UnityCatalogError, match="neither has a space at its ends"):
        check_tags({"a": " b "})
    check_tags({"a b": "c d", "k" * 255: "v" * 1000})
