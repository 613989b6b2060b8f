"""Owners and grants decide what a user may do; many processes share the file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lakelab.local.catalog.errors import ApiError, InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.governance import EVERYONE, Governance
from lakelab.local.catalog.securable import Securable

ANA = "ana@example.com"
MODEL = Securable("function", "main.flights.delay")
SCHEMA = Securable("schema", "main.flights")
CATALOG = Securable("catalog", "main")


@pytest.fixture
def governance(tmp_path) -> Governance:
    return Governance(tmp_path / "governance.json", "admin@example.com")


def grant(governance, securable, *privileges, to=ANA):
    governance.change_grants(securable, to, add=privileges)


def test_only_the_administrator_has_privileges_without_grants(governance):
    governance.require("admin@example.com", MODEL)
    assert not governance.may(ANA, MODEL, "EXECUTE")


def test_the_error_names_the_first_container_that_the_user_cannot_use(governance):
    grant(governance, MODEL, "EXECUTE")
    with pytest.raises(InsufficientPermissionsError, match="USE CATALOG on Catalog 'main'"):
        governance.require(ANA, MODEL, "EXECUTE")
    grant(governance, CATALOG, "USE_CATALOG")
    with pytest.raises(InsufficientPermissionsError, match="USE SCHEMA on Schema 'main.flights'"):
        governance.require(ANA, MODEL, "EXECUTE")
    grant(governance, SCHEMA, "USE_SCHEMA")
    governance.require(ANA, MODEL, "EXECUTE")
    with pytest.raises(
        InsufficientPermissionsError, match="MANAGE on Routine or Model 'main.flights.delay'"
    ):
        governance.require(ANA, MODEL)


@pytest.mark.parametrize("level", [CATALOG, SCHEMA])
def test_privileges_are_inherited(governance, level):
    grant(governance, CATALOG, "USE_CATALOG")
    grant(governance, SCHEMA, "USE_SCHEMA")
    grant(governance, level, "EXECUTE")
    assert governance.may(ANA, MODEL, "EXECUTE")
    assert not governance.may(ANA, Securable("function", "prod.flights.delay"), "EXECUTE")


def test_all_privileges_are_all_but_manage(governance):
    grant(governance, CATALOG, "ALL_PRIVILEGES")
    assert governance.may(ANA, MODEL, "EXECUTE")
    assert not governance.may(ANA, MODEL)
    grant(governance, CATALOG, "MANAGE")
    assert governance.may(ANA, MODEL)


def test_every_user_has_the_grants_of_the_group_of_all_users(governance):
    grant(governance, CATALOG, "USE_CATALOG", "USE_SCHEMA", "EXECUTE", to=EVERYONE)
    assert governance.may(ANA, MODEL, "EXECUTE")


def test_owners_may_do_all_below(governance):
    governance.update(SCHEMA, owner=ANA)
    assert governance.may(ANA, MODEL)
    assert not governance.may(ANA, Securable("schema", "main.other"), "USE_SCHEMA")


def test_revoking_the_last_privilege_removes_the_principal(governance):
    grant(governance, MODEL, "execute", "APPLY TAG")
    assert governance.grants(MODEL) == {ANA: ["APPLY_TAG", "EXECUTE"]}
    governance.change_grants(MODEL, ANA, remove=["EXECUTE", "APPLY_TAG"])
    assert governance.grants(MODEL) == {}


def test_unknown_privileges_are_refused_and_nothing_is_written(governance):
    with pytest.raises(UnityCatalogError, match="FLY is not applicable.*EXECUTE"):
        governance.change_grants(MODEL, ANA, add=["EXECUTE", "FLY"])
    assert governance.grants(MODEL) == {}


def test_a_model_and_a_table_of_one_name_have_their_own_grants(governance):
    grant(governance, MODEL, "EXECUTE")
    assert governance.grants(Securable("table", MODEL.name)) == {}


def test_no_grant_of_many_writers_is_lost(governance):
    others = [Governance(governance.path, governance.admin) for _ in range(8)]

    def write(number: int) -> None:
        for turn in range(5):
            grant(others[number], MODEL, "EXECUTE", to=f"user{number}-{turn}@example.com")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(governance.grants(MODEL)) == 40
    assert [p.name for p in governance.path.parent.glob(".*")] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"catalog main": '])
def test_a_damaged_file_is_named_and_not_changed(governance, content):
    governance.path.write_text(content)
    with pytest.raises(ApiError, match=r"damaged: .*governance\.json"):
        governance.grants(MODEL)
    with pytest.raises(ApiError, match=r"damaged: .*governance\.json"):
        grant(governance, MODEL, "EXECUTE")
    assert governance.path.read_text() == content
