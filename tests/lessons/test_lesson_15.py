"""Lesson 15: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import inspect

import pytest
from databricks.sdk.service.catalog import GrantsAPI, PermissionsChange, Privilege, SecurableType
from mlflow import MlflowClient

from lakelab.lab import Lab
from lakelab.lessons.lesson_15 import exercises
from lakelab.lessons.rehearsal_grants import RehearsalGrants
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import assert_same_calls, defined


@pytest.fixture
def lab() -> Lab:
    return Lab(FakePlatform(None, "main", "lakelab"))


def granting(*grants, principal=None):
    """Return a function that makes these grants."""

    def share(w, model, colleague):
        for kind, name, privilege in grants:
            change = PermissionsChange(principal=principal or colleague, add=[privilege])
            w.grants.update(securable_type=kind, full_name=name, changes=[change])

    return share


GRANTS = {"PermissionsChange": PermissionsChange, "Privilege": Privilege}
DOORS = [
    ("CATALOG", "ops", Privilege.USE_CATALOG),
    ("SCHEMA", "ops.flights", Privilege.USE_SCHEMA),
]
LOAD = ("FUNCTION", "ops.flights.delay", Privilege.EXECUTE)


class TestShare:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "15.1", defined(exercises.EXERCISES["15.1"].solution, "share", **GRANTS))
        assert "15.1: right" in capsys.readouterr().out

    def test_enumerations_pass_too(self, lab):
        kinds = {"CATALOG": SecurableType.CATALOG, "SCHEMA": SecurableType.SCHEMA}
        grants = [(kinds.get(k, SecurableType.FUNCTION), n, p) for k, n, p in [*DOORS, LOAD]]
        assert exercises.check_share(lab, granting(*grants)) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def share(w, model, colleague): ...

        assert not check(lab, "15.1", share)
        output = capsys.readouterr().out
        assert "EXECUTE on the function ops.flights.delay is missing." in output
        assert "USE CATALOG on the catalog ops is missing." in output

    def test_execute_alone(self, lab):
        wrong = exercises.check_share(lab, granting(LOAD))
        assert wrong == [
            "USE CATALOG on the catalog ops is missing.",
            "USE SCHEMA on the schema ops.flights is missing.",
        ]

    @pytest.mark.parametrize(
        ("surplus", "message"),
        [
            (("SCHEMA", "ops.flights", Privilege.EXECUTE), "EXECUTE on schema ops.flights"),
            (("CATALOG", "ops", Privilege.ALL_PRIVILEGES), "ALL PRIVILEGES on catalog ops"),
            (("FUNCTION", "ops.flights.delay", Privilege.MANAGE), "MANAGE on function"),
        ],
    )
    def test_surplus_grants(self, lab, surplus, message):
        (wrong,) = exercises.check_share(lab, granting(*DOORS, LOAD, surplus))
        assert message in wrong
        assert "more than loading this model" in wrong

    def test_granted_to_everybody(self, lab):
        wrong = exercises.check_share(lab, granting(*DOORS, LOAD, principal="account users"))
        assert "Granted to account users; only ben@example.com asked." in wrong

    def test_the_wrong_kind(self, lab):
        as_model = ("MODEL", "ops.flights.delay", Privilege.EXECUTE)
        wrong = exercises.check_share(lab, granting(*DOORS, as_model))
        assert "FUNCTION, not MODEL" in wrong[0]

    @pytest.mark.parametrize(
        "answer", [3, lambda w, model, colleague: w.sql("GRANT"), lambda: None]
    )
    def test_other_answers_are_refused(self, lab, answer):
        assert len(exercises.check_share(lab, answer)) == 1


class TestMove:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "15.2", defined(exercises.EXERCISES["15.2"].solution, "move"))
        assert "15.2: right" in capsys.readouterr().out

    def test_a_search_passes_too(self, lab):
        def by_search(registry, catalog, model, target):
            found = registry.search_model_versions(f"name='{model}'")
            live = [int(v.version) for v in found if v.current_stage == "Production"]
            if not live:
                raise ValueError("nothing is in Production")
            copy = registry.copy_model_version(f"models:/{model}/{max(live)}", target)
            catalog.set_registered_model_alias(target, "Champion", copy.version)

        assert exercises.check_move(lab, by_search) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def move(registry, catalog, model, target): ...

        assert not check(lab, "15.2", move)
        assert "Nothing was copied" in capsys.readouterr().out

    def test_the_version_as_a_string(self, lab):
        def text(registry, catalog, model, target):
            found = registry.search_model_versions(f"name='{model}'")
            live = [v.version for v in found if v.current_stage == "Production"]
            copy = registry.copy_model_version(f"models:/{model}/{max(live)}", target)
            catalog.set_registered_model_alias(target, "Champion", copy.version)

        wrong = exercises.check_move(lab, text)
        assert "Copied: version 2" in wrong[0]

    def test_the_old_number_for_the_alias(self, lab):
        def old_number(registry, catalog, model, target):
            version = registry.get_latest_versions(model, ["Production"])[0].version
            registry.copy_model_version(f"models:/{model}/{version}", target)
            catalog.set_registered_model_alias(target, "Champion", version)

        wrong = exercises.check_move(lab, old_number)
        assert "the old registry's number" in wrong[0]
        assert "it raises IndexError, not ValueError" in wrong[1]

    def test_a_missing_check_for_production(self, lab):
        def blind(registry, catalog, model, target):
            version = max(
                registry.get_latest_versions(model), key=lambda v: v.current_stage == "Production"
            ).version
            copy = registry.copy_model_version(f"models:/{model}/{version}", target)
            catalog.set_registered_model_alias(target, "Champion", copy.version)

        wrong = exercises.check_move(lab, blind)
        assert "it raises no ValueError" in wrong[0]
        assert "it copied version" in wrong[1]

    def test_other_answers_are_refused(self, lab):
        assert "should be a function" in exercises.check_move(lab, 3)[0]
        assert "TypeError" in exercises.check_move(lab, lambda: None)[0]


def test_the_rehearsals_have_the_calls_of_the_real_clients():
    """The calls have the same names and arguments, so that an accepted answer works in a workspace."""
    assert_same_calls(exercises.RehearsalMove, MlflowClient)
    real = list(inspect.signature(GrantsAPI.update).parameters)
    rehearsed = list(inspect.signature(RehearsalGrants.update).parameters)
    assert real[:4] == [*rehearsed[:3], "changes"]
