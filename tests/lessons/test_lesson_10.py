"""Lesson 10: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import pytest

from lakelab.lab import Lab
from lakelab.lessons.lesson_10 import exercises
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "flights"))


class TestSides:
    right = defined(exercises.EXERCISES["10.1"].solution, "answers")

    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "10.1", self.right)
        assert "10.1: right" in capsys.readouterr().out

    def test_case_and_spaces_are_ignored(self, lab):
        answers = {number: f" {side.upper()} " for number, side in self.right.items()}
        assert exercises.check_sides(lab, answers) == []

    def test_the_unsolved_cell_is_refused(self, lab):
        (mistake,) = exercises.check_sides(lab, dict.fromkeys(self.right, ...))
        assert mistake == "No answer yet for 1, 2, 3, 4, 5, 6, 7, 8."
        assert "should be a dictionary, not ellipsis" in exercises.check_sides(lab, ...)[0]

    @pytest.mark.parametrize("number", list(right))
    def test_each_wrong_answer_gets_its_reason(self, lab, number):
        other = {"online": "offline", "offline": "online"}[self.right[number]]
        (mistake,) = exercises.check_sides(lab, {**self.right, number: other})
        assert mistake.startswith(f"{number} is not {other}. Think of this: ")

    def test_an_unknown_side(self, lab):
        (mistake,) = exercises.check_sides(lab, {**self.right, 3: "both"})
        assert mistake == '3: the answer is "offline" or "online", not \'both\'.'


class TestLatest:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "10.2", defined(exercises.EXERCISES["10.2"].solution, "latest"))
        assert "10.2: right" in capsys.readouterr().out

    def test_another_way_passes(self, lab):
        def latest(rows, keys, time):
            return rows.loc[rows.groupby(keys)[time].idxmax()]

        assert exercises.check_latest(lab, latest) == []

    def test_the_unsolved_cell_is_refused(self, lab):
        def latest(rows, keys, time): ...

        assert exercises.check_latest(lab, latest) == ["`latest` returns nothing yet."]
        assert "should be a function, not ellipsis" in exercises.check_latest(lab, ...)[0]

    def test_the_last_row_in_the_order_of_the_table(self, lab):
        mistakes = exercises.check_latest(
            lab, lambda rows, keys, time: rows.drop_duplicates(keys, keep="last")
        )
        assert (
            "Keys of two columns, rows in any order: a row is not the newest of its key."
            in mistakes
        )

    def test_groupby_last_fills_nulls_with_older_values(self, lab):
        def latest(rows, keys, time):
            return rows.sort_values(time).groupby(keys, as_index=False).last()

        (mistake,) = exercises.check_latest(lab, latest)
        assert mistake.startswith(
            "The latest row has a null feature: the rows are of the right times"
        )

    def test_the_newest_row_of_all(self, lab):
        mistakes = exercises.check_latest(lab, lambda rows, keys, time: rows.nlargest(1, time))
        assert "it gave 1 rows, expected 3, one for each key" in mistakes[0]

    def test_columns_lost(self, lab):
        mistakes = exercises.check_latest(
            lab, lambda rows, keys, time: rows.groupby(keys)[time].max()
        )
        assert "it gave Series, expected a pandas DataFrame" in mistakes[0]
        mistakes = exercises.check_latest(
            lab, lambda rows, keys, time: rows.groupby(keys)[[time]].max().reset_index()
        )
        assert "it has the columns origin, runway, ts, expected those of the table" in mistakes[0]

    def test_the_given_table_must_not_change(self, lab):
        def latest(rows, keys, time):
            rows.sort_values(time, inplace=True)
            return rows.drop_duplicates(keys, keep="last")

        assert any(
            "it changed the table" in mistake for mistake in exercises.check_latest(lab, latest)
        )

    def test_an_error_is_reported(self, lab):
        mistakes = exercises.check_latest(lab, lambda rows, keys, time: rows["nothing"])
        assert "it raised KeyError: 'nothing'" in mistakes[0]
