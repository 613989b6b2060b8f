"""Lesson 17: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow import MlflowClient

from lakelab.lab import Lab
from lakelab.lessons.lesson_17 import exercises
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import assert_same_calls


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "flights"))


def solved(exercise: str, name: str) -> Any:
    """Run the solution's code without its last line, the call of the checker."""
    names: dict[str, Any] = {}
    exec(exercises.EXERCISES[exercise].solution.rpartition("lab.check")[0], names)
    return names[name]


class TestFind:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "17.1", solved("17.1", "find"))
        assert "17.1: right" in capsys.readouterr().out

    def test_by_number_and_with_spaces_in_the_filter_passes(self, lab):
        def find(client, name, key, value):
            listed = client.search_model_versions(filter_string=f"name = '{name}'")
            found = []
            for number in sorted(int(v.version) for v in listed):
                if client.get_model_version(name=name, version=number).tags.get(key) == value:
                    found.append(number)
            return found

        assert exercises.check_find(lab, find) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def find(client, name, key, value): ...

        assert not check(lab, "17.1", find)
        assert "returns NoneType, expected a list" in capsys.readouterr().out
        assert not check(lab, "17.1", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_a_list_instead_of_a_function(self, lab):
        assert "should be a function, not list" in exercises.check_find(lab, [3])[0]

    def test_a_filter_on_tags(self, lab):
        def find(client, name, key, value):
            return client.search_model_versions(f"tags.{key} = '{value}'")

        assert "Unsupported filter query" in exercises.check_find(lab, find)[0]

    @pytest.mark.parametrize("read", [lambda tags, key: tags[key], lambda tags, key: tags.get(key)])
    def test_tags_from_the_search(self, lab, read):
        def find(client, name, key, value):
            listed = client.search_model_versions(f"name='{name}'")
            return [int(v.version) for v in listed if read(v.tags, key) == value]

        (mistake,) = exercises.check_find(lab, find)
        assert "What a search finds has no tags" in mistake

    def test_a_missing_tag(self, lab):
        def find(client, name, key, value):
            listed = client.search_model_versions(f"name='{name}'")
            versions = [client.get_model_version(name, v.version) for v in listed]
            return sorted(int(v.version) for v in versions if v.tags[key] == value)

        assert exercises.check_find(lab, find) == ["find raised KeyError: 'validation_status'"]

    @pytest.mark.parametrize(
        ("returned", "message"),
        [
            ([11, 2], "the right versions, not sorted"),
            (["11", "2"], "expected whole numbers"),
            ([2], "returns [2], expected [2, 11]"),
            ([2, 3, 11], "returns [2, 3, 11], expected [2, 11]"),
            ("2, 11", "returns str, expected a list"),
        ],
    )
    def test_other_answers(self, lab, returned, message):
        (mistake,) = exercises.check_find(lab, lambda *_: returned)
        assert message in mistake

    def test_the_second_tag_counts_too(self, lab):
        assert "region = approved" in exercises.check_find(lab, lambda *_: [2, 11])[0]


class TestCloseReview:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "17.2", solved("17.2", "close_review"))
        assert "17.2: right" in capsys.readouterr().out

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def close_review(client, name, day): ...

        assert not check(lab, "17.2", close_review)
        output = capsys.readouterr().out
        assert "Version 2 was pending, and has validation_status 'pending' now" in output
        assert "no tag last_review" in output

    def reviewed(self, client, name):
        """The numbers of the versions."""
        return [v.version for v in client.search_model_versions(f"name='{name}'")]

    def test_from_all_versions(self, lab):
        def everywhere(client, name, day):
            for version in self.reviewed(client, name):
                client.delete_model_version_tag(name, version, "validation_status")
            client.set_registered_model_tag(name, "last_review", day)

        mistakes = exercises.check_close_review(lab, everywhere)
        assert mistakes[0].startswith("Version 1 has {'trained_on': 'June'} now, expected")
        assert mistakes[1].startswith("Version 4 has no tags now, expected")

    @pytest.mark.parametrize("value", [None, ""])
    def test_an_empty_value_is_no_deletion(self, lab, value):
        def emptied(client, name, day):
            for version in self.reviewed(client, name):
                if (
                    client.get_model_version(name, version).tags.get("validation_status")
                    == "pending"
                ):
                    client.set_model_version_tag(name, version, "validation_status", value)
            client.set_registered_model_tag(name, "last_review", day)

        mistakes = exercises.check_close_review(lab, emptied)
        assert len(mistakes) == 2
        assert "delete the tag" in mistakes[0]

    def test_the_version_as_a_number(self, lab):
        def number(client, name, day):
            client.delete_model_version_tag(name, 2, "validation_status")

        (mistake,) = exercises.check_close_review(lab, number)
        assert "TypeError" in mistake
        assert "version as text" in mistake

    def test_the_day_on_the_first_review_only(self, lab):
        close = solved("17.2", "close_review")

        def once(client, name, day):
            noted = client.get_registered_model(name).tags.get("last_review")
            close(client, name, noted or day)

        (mistake,) = exercises.check_close_review(lab, once)
        assert "expected last_review = 2013-10-31" in mistake

    def test_a_call_that_does_not_exist(self, lab):
        def guess(client, name, day):
            client.remove_model_tag(name)

        (mistake,) = exercises.check_close_review(lab, guess)
        assert "no attribute 'remove_model_tag'" in mistake
        assert "delete_model_version_tag" in mistake


def test_the_rehearsal_registry_has_the_calls_of_the_real_client():
    """The calls have the same names and arguments, so that an accepted answer works on a real model."""
    assert_same_calls(exercises.Rehearsal, MlflowClient)


def test_versions_from_a_search_have_no_tags_as_in_unity_catalog():
    from mlflow.entities.model_registry.model_version_search import ModelVersionSearch

    real = ModelVersionSearch(name="a.b.c", version="1", creation_timestamp=0)
    with pytest.raises(Exception, match="do not have tags") as refused:
        real.tags()
    with pytest.raises(Exception, match=str(refused.value)):
        exercises.Found("1").tags()
