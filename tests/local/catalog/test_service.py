"""``CREATE`` and ``DROP`` of catalogs and schemas, as SQL and REST call them."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.governance import Governance
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.service import CatalogService
from lakelab.local.catalog.store import UnityCatalog

ADMIN, BEN = "admin@example.com", "ben@example.com"
CATALOG, SCHEMA = Securable("catalog", "c"), Securable("schema", "c.s")
FUNCTION = Securable("function", "c.s.f")


@pytest.fixture
def unity(tmp_path):
    return UnityCatalog(tmp_path / "warehouse")


@pytest.fixture
def governance(tmp_path):
    return Governance(tmp_path / "governance.json", ADMIN)


@pytest.fixture
def schema(unity, governance):
    CatalogService(unity, governance, ADMIN).create_catalog("c")
    CatalogService(unity, governance, ADMIN).create_schema("c", "s", "mine")
    for securable in (FUNCTION, Securable("table", "c.s.t"), SCHEMA):
        governance.change_grants(securable, BEN, add=["MANAGE"])
    governance.change_tags(SCHEMA, lambda _: {"a": "b"})
    governance.change_grants(Securable("schema", "c.s2"), BEN, add=["MANAGE"])
    return SCHEMA


def test_a_dropped_schema_leaves_no_owner_grant_tag_or_comment(unity, governance, schema):
    CatalogService(unity, governance, ADMIN).drop_schema("c", "s", cascade=True)
    CatalogService(unity, governance, ADMIN).create_schema("c", "s")
    assert governance.grants(FUNCTION) == governance.grants(Securable("table", "c.s.t")) == {}
    assert governance.grants(SCHEMA) == governance.tags(SCHEMA) == {}
    assert governance.comment(SCHEMA) is None
    assert governance.grants(Securable("schema", "c.s2")) == {BEN: ["MANAGE"]}


def test_a_dropped_catalog_leaves_none_either(unity, governance, schema):
    CatalogService(unity, governance, ADMIN).drop_catalog("c", cascade=True)
    assert unity.catalogs() == []
    assert governance.grants(FUNCTION) == governance.grants(SCHEMA) == {}


def test_only_who_may_drops(unity, governance, schema):
    governance.change_grants(SCHEMA, BEN, remove=["MANAGE"])
    with pytest.raises(InsufficientPermissionsError, match="MANAGE|USE CATALOG"):
        CatalogService(unity, governance, BEN).drop_schema("c", "s", cascade=True)
    assert unity.schemas("c") == ["default", "s"]


def test_a_user_creates_a_schema_with_create_schema_and_use_catalog(unity, governance, schema):
    with pytest.raises(InsufficientPermissionsError, match="CREATE SCHEMA"):
        CatalogService(unity, governance, BEN).create_schema("c", "new")
    governance.change_grants(CATALOG, BEN, add=["CREATE_SCHEMA"])
    with pytest.raises(InsufficientPermissionsError, match="USE CATALOG"):
        CatalogService(unity, governance, BEN).create_schema("c", "new")
    governance.change_grants(CATALOG, BEN, add=["USE_CATALOG"])
    CatalogService(unity, governance, BEN).create_schema("c", "new")
    assert governance.owner(Securable("schema", "c.new")) == BEN


def test_only_the_administrator_creates_catalogs(unity, governance):
    with pytest.raises(InsufficientPermissionsError, match="CREATE CATALOG"):
        CatalogService(unity, governance, BEN).create_catalog("c")


def test_a_name_that_is_not_valid_is_refused(unity, governance, schema):
    with pytest.raises(UnityCatalogError, match="'two words' must have"):
        CatalogService(unity, governance, ADMIN).create_schema("c", "two words")
