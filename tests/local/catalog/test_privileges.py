"""Privileges are parsed, and checked against the kind of securable."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.privileges import PRIVILEGES, parse_privilege
from lakelab.local.catalog.securable import Securable

CATALOG = Securable("catalog", "main")
TABLE = Securable("table", "main.flights.weather")


@pytest.mark.parametrize("text", ["all", "ALL PRIVILEGES", "all_privileges", "All  Privileges"])
def test_all_spellings_are_one_privilege(text):
    assert parse_privilege(text, TABLE) == "ALL_PRIVILEGES"


def test_a_catalog_takes_every_privilege():
    assert {parse_privilege(name, CATALOG) for name in PRIVILEGES} == PRIVILEGES


@pytest.mark.parametrize("name", ["EXECUTE", "USE_SCHEMA", "CREATE_TABLE", "FLY"])
def test_a_table_does_not_take_the_privileges_of_others(name):
    with pytest.raises(
        UnityCatalogError, match=rf"{name} is not applicable.*Table 'main.flights.weather'"
    ):
        parse_privilege(name, TABLE)
