"""Lesson 18: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient

from lakelab.lab import Lab
from lakelab.lessons.lesson_18 import exercises
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import assert_same_calls, defined


@pytest.fixture
def lab(spark, schema):
    catalog, _, name = schema.partition(".")
    return Lab(FakePlatform(spark, catalog, name))


def move(client, name, alias, to):
    client.set_registered_model_alias(
        name, alias, client.get_model_version_by_alias(name, to).version
    )


class TestRollBack:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "18.1", defined(exercises.EXERCISES["18.1"].solution, "roll_back"))
        assert "18.1: right" in capsys.readouterr().out

    def test_keywords_and_the_aliases_of_the_model_pass(self, lab):
        def by_keyword(client, name):
            version = client.get_registered_model(name=name).aliases["Previous"]
            client.set_registered_model_alias(name=name, alias="Champion", version=int(version))

        assert exercises.check_roll_back(lab, by_keyword) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def roll_back(client, name): ...

        assert not check(lab, "18.1", roll_back)
        assert "still points to the version that you want to leave" in capsys.readouterr().out
        assert not check(lab, "18.1", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_a_number_instead_of_a_function(self, lab):
        assert "should be a function, not int" in exercises.check_roll_back(lab, 3)[0]

    def test_a_pinned_version(self, lab):
        def pinned(client, name):
            client.set_registered_model_alias(name, "Champion", 1)

        assert "There is no version 1" in exercises.check_roll_back(lab, pinned)[0]

    def test_deleting_the_alias_first(self, lab):
        def gap(client, name):
            client.delete_registered_model_alias(name, "Champion")
            move(client, name, "Champion", "Previous")

        assert "For a moment there was no Champion" in exercises.check_roll_back(lab, gap)[0]

    def test_only_deleting_it(self, lab):
        def gone(client, name):
            client.delete_registered_model_alias(name, "Champion")

        assert "no Champion any more" in exercises.check_roll_back(lab, gone)[0]

    def test_stages(self, lab):
        def stages(client, name):
            client.transition_model_version_stage(name, 3, "Production")

        mistakes = exercises.check_roll_back(lab, stages)[0]
        assert "transition_model_version_stage" in mistakes
        assert "set_registered_model_alias" in mistakes


class TestPromote:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "18.2", defined(exercises.EXERCISES["18.2"].solution, "promote"))
        assert "18.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def promote(client, name): ...

        assert not check(lab, "18.2", promote)
        output = capsys.readouterr().out
        assert "no alias has moved" in output
        assert "Where validation_status is pending, it raises no ValueError." in output

    def test_without_a_check_of_the_tag(self, lab):
        def blind(client, name):
            move(client, name, "Previous", "Champion")
            move(client, name, "Champion", "Challenger")
            client.delete_registered_model_alias(name, "Challenger")

        wrong = exercises.check_promote(lab, blind)
        assert "Where validation_status is pending, it moved aliases all the same." in wrong
        assert "Where validation_status is not set, it raises no ValueError." in wrong

    def test_a_missing_tag(self, lab):
        def careless(client, name):
            challenger = client.get_model_version_by_alias(name, "Challenger")
            if challenger.tags["validation_status"] != "approved":
                raise ValueError
            move(client, name, "Previous", "Champion")
            move(client, name, "Champion", "Challenger")
            client.delete_registered_model_alias(name, "Challenger")

        assert exercises.check_promote(lab, careless) == [
            "Where validation_status is not set, it raises KeyError, not ValueError."
        ]

    def test_previous_read_too_late(self, lab):
        def late(client, name):
            challenger = client.get_model_version_by_alias(name, "Challenger")
            if challenger.tags.get("validation_status") != "approved":
                raise ValueError
            move(client, name, "Champion", "Challenger")
            move(client, name, "Previous", "Champion")

        wrong = exercises.check_promote(lab, late)
        assert "Previous points to 9; it should remember version 4" in wrong[0]
        assert wrong[1] == "The alias Challenger is still there."


def test_the_rehearsal_registry_has_the_calls_of_the_real_client():
    """The calls have the same names and arguments, so that an accepted answer works on a real model."""
    assert_same_calls(exercises.Rehearsal, MlflowClient)
