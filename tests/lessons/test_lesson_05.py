"""Lesson 05: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import inspect

import pytest
from databricks.sdk.service.catalog import GrantsAPI, PermissionsChange, Privilege, SecurableType

from lakelab.lab import Lab
from lakelab.lessons.lesson_05 import exercises
from lakelab.lessons.rehearsal_grants import RehearsalGrants
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined


@pytest.fixture
def lab() -> Lab:
    return Lab(FakePlatform(None, "main", "lakelab"))


def granting(*grants, principal=None):
    """Return a function that makes these grants."""

    def share(w, table, group):
        for kind, name, privilege in grants:
            change = PermissionsChange(principal=principal or group, add=[privilege])
            w.grants.update(securable_type=kind, full_name=name, changes=[change])

    return share


GRANTS = {"PermissionsChange": PermissionsChange, "Privilege": Privilege}
DOORS = [
    ("CATALOG", "ops", Privilege.USE_CATALOG),
    ("SCHEMA", "ops.weather", Privilege.USE_SCHEMA),
]
READ = ("TABLE", "ops.weather.hourly", Privilege.SELECT)


class TestShare:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "05.1", defined(exercises.EXERCISES["05.1"].solution, "share", **GRANTS))
        assert "05.1: right" in capsys.readouterr().out

    def test_enumerations_pass_too(self, lab):
        kinds = {"CATALOG": SecurableType.CATALOG, "SCHEMA": SecurableType.SCHEMA}
        grants = [(kinds.get(k, SecurableType.TABLE), n, p) for k, n, p in [*DOORS, READ]]
        assert exercises.check_share(lab, granting(*grants)) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def share(w, table, group): ...

        assert not check(lab, "05.1", share)
        output = capsys.readouterr().out
        assert "SELECT on the table ops.weather.hourly is missing." in output
        assert "USE CATALOG on the catalog ops is missing." in output

    def test_select_alone(self, lab):
        assert exercises.check_share(lab, granting(READ)) == [
            "USE CATALOG on the catalog ops is missing.",
            "USE SCHEMA on the schema ops.weather is missing.",
        ]

    @pytest.mark.parametrize(
        ("surplus", "message"),
        [
            (("SCHEMA", "ops.weather", Privilege.SELECT), "SELECT on schema ops.weather"),
            (("CATALOG", "ops", Privilege.ALL_PRIVILEGES), "ALL PRIVILEGES on catalog ops"),
            (("TABLE", "ops.weather.hourly", Privilege.MODIFY), "MODIFY on table"),
        ],
    )
    def test_surplus_grants(self, lab, surplus, message):
        (wrong,) = exercises.check_share(lab, granting(*DOORS, READ, surplus))
        assert message in wrong
        assert "more than reading this table" in wrong

    def test_granted_to_everybody(self, lab):
        wrong = exercises.check_share(lab, granting(*DOORS, READ, principal="account users"))
        assert "Granted to account users; only data-scientists asked." in wrong

    @pytest.mark.parametrize("answer", [3, lambda w, table, group: w.sql("GRANT"), lambda: None])
    def test_other_answers_are_refused(self, lab, answer):
        assert len(exercises.check_share(lab, answer)) == 1


class TestPlan:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "05.2", defined(exercises.EXERCISES["05.2"].solution, "plan"))
        assert "05.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def plan(tables, catalog): ...

        assert not check(lab, "05.2", plan)
        assert "should return a dict, not NoneType" in capsys.readouterr().out

    def test_two_levels_only(self, lab):
        def short(tables, catalog):
            return {t: f"{catalog}.{t}" for t in tables if t.count(".") == 1}

        (wrong,) = exercises.check_plan(lab, short)
        assert wrong.startswith("hive_metastore.flights.airports is at the workspace level")

    def test_the_catalog_in_front_of_all(self, lab):
        wrong = exercises.check_plan(lab, lambda tables, c: {t: f"{c}.{t}" for t in tables})
        assert len(wrong) == 3
        assert "should become main.flights.airports, not main.hive_metastore" in wrong[0]
        assert "ops.weather.hourly is in Unity Catalog already" in wrong[2]

    def test_other_answers_are_refused(self, lab):
        assert "should be a function" in exercises.check_plan(lab, 3)[0]
        assert "TypeError" in exercises.check_plan(lab, lambda: None)[0]


def test_the_rehearsal_has_the_call_of_the_real_client():
    """The calls have the same names and arguments, so that an accepted answer works in a workspace."""
    real = list(inspect.signature(GrantsAPI.update).parameters)
    rehearsed = list(inspect.signature(RehearsalGrants.update).parameters)
    assert real[:4] == [*rehearsed[:3], "changes"]
