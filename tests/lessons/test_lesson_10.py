"""Lesson 10: the checks of its exercises say what is wrong, and pass what is right."""

from __future__ import annotations

import pytest

from lakelab.lab import Lab
from lakelab.lessons.lesson_10 import exercises
from lakelab.study.exercises import check

from .conftest import defined


@pytest.fixture
def lab():
    return Lab(None, "main", "flights", "test", "test")


class TestSides:
    right = defined(exercises.EXERCISES["10.1"].solution, "answers")

    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "10.1", self.right)
        assert "10.1: right" in capsys.readouterr().out

    def test_spelling_does_not_count(self, lab):
        told = {number: f" {side.upper()} " for number, side in self.right.items()}
        assert exercises.check_sides(lab, told) == []

    def test_unsolved(self, lab):
        (told,) = exercises.check_sides(lab, dict.fromkeys(self.right, ...))
        assert told == "No answer yet for 1, 2, 3, 4, 5, 6, 7, 8."
        assert "should be a dictionary, not ellipsis" in exercises.check_sides(lab, ...)[0]

    @pytest.mark.parametrize("number", list(right))
    def test_each_wrong_answer_is_told_with_its_reason(self, lab, number):
        other = {"online": "offline", "offline": "online"}[self.right[number]]
        (told,) = exercises.check_sides(lab, {**self.right, number: other})
        assert told.startswith(f"{number} is not {other}. Think of this: ")

    def test_no_side_at_all(self, lab):
        (told,) = exercises.check_sides(lab, {**self.right, 3: "both"})
        assert told == '3: the answer is "offline" or "online", not \'both\'.'


class TestLatest:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "10.2", defined(exercises.EXERCISES["10.2"].solution, "latest"))
        assert "10.2: right" in capsys.readouterr().out

    def test_another_way_passes(self, lab):
        def latest(rows, keys, time):
            return rows.loc[rows.groupby(keys)[time].idxmax()]

        assert exercises.check_latest(lab, latest) == []

    def test_unsolved(self, lab):
        def latest(rows, keys, time): ...

        assert exercises.check_latest(lab, latest) == ["`latest` returns nothing yet."]
        assert "should be a function, not ellipsis" in exercises.check_latest(lab, ...)[0]

    def test_the_last_row_in_the_order_of_the_table(self, lab):
        told = exercises.check_latest(
            lab, lambda rows, keys, time: rows.drop_duplicates(keys, keep="last")
        )
        assert "Keys of two columns, rows in any order: a row is not the newest of its key." in told

    def test_groupby_last_fills_nulls_with_older_values(self, lab):
        def latest(rows, keys, time):
            return rows.sort_values(time).groupby(keys, as_index=False).last()

        (told,) = exercises.check_latest(lab, latest)
        assert told.startswith("The latest row has a null feature: the rows are of the right times")

    def test_the_newest_row_of_all(self, lab):
        told = exercises.check_latest(lab, lambda rows, keys, time: rows.nlargest(1, time))
        assert "it gave 1 rows, expected 3, one for each key" in told[0]

    def test_columns_lost(self, lab):
        told = exercises.check_latest(lab, lambda rows, keys, time: rows.groupby(keys)[time].max())
        assert "it gave Series, expected a pandas DataFrame" in told[0]
        told = exercises.check_latest(
            lab, lambda rows, keys, time: rows.groupby(keys)[[time]].max().reset_index()
        )
        assert "it has the columns origin, runway, ts, expected those of the table" in told[0]

    def test_the_table_that_was_given_must_not_change(self, lab):
        def latest(rows, keys, time):
            rows.sort_values(time, inplace=True)
            return rows.drop_duplicates(keys, keep="last")

        assert any("it changed the table" in told for told in exercises.check_latest(lab, latest))

    def test_an_error_is_told(self, lab):
        told = exercises.check_latest(lab, lambda rows, keys, time: rows["nothing"])
        assert "it raised KeyError: 'nothing'" in told[0]
