"""Names are completed with the current catalog and schema, and checked."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/b",
        "a..b",
        "",
        ".",
        "a.b.c.d",
        "main. x.t",
        "a\\b",
        "x" * 256,
        "a\x00b",
        "`a",
        "`a b`",
        "a.b.",
    ],
)
def test_invalid_names_are_refused(name):
    with pytest.raises(UnityCatalogError, match="not a"):
        TableName.parse(name, catalog="main", schema="flights")


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("T", TableName("main", "flights", "t")),
        ("other._t", TableName("main", "other", "_t")),
        ("Dev.`my-schema`.T-1", TableName("dev", "my-schema", "t-1")),
    ],
)
def test_names_are_completed_and_in_lower_case(name, parsed):
    assert TableName.parse(name, catalog="main", schema="flights") == parsed
