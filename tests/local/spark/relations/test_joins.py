"""Joins of all kinds; values of real Spark."""

from __future__ import annotations

import pytest


@pytest.fixture
def left(spark):
    return spark.createDataFrame([(1, "a"), (2, "b"), (None, "n")], "k int, x string")


@pytest.fixture
def right(spark):
    return spark.createDataFrame([(1, "A"), (3, "C"), (None, "N")], "k int, y string")


KINDS = {
    "inner": {(1, "a", "A")},
    "cross": {(1, "a", "A")},
    "left": {(1, "a", "A"), (2, "b", None), (None, "n", None)},
    "right": {(1, "a", "A"), (3, None, "C"), (None, None, "N")},
    "full": {(1, "a", "A"), (2, "b", None), (None, "n", None), (3, None, "C"), (None, None, "N")},
    "semi": {(1, "a")},
    "anti": {(2, "b"), (None, "n")},
}


@pytest.mark.parametrize("how", KINDS)
def test_a_join_by_name(left, right, how):
    assert {tuple(row) for row in left.join(right, "k", how).collect()} == KINDS[how]


def test_a_cross_join_with_a_condition_is_an_inner_join(left, right):
    joined = left.join(right, left.k == right.k, "cross")
    assert [tuple(row) for row in joined.collect()] == [(1, "a", 1, "A")]


def test_a_cross_join_without_a_condition_pairs_all_rows(left, right):
    assert left.crossJoin(right).count() == left.join(right, how="cross").count() == 9


def test_a_lateral_left_join_keeps_rows_without_a_match(left, right):
    matches = right.where(right.k == left.k.outer()).select("y")
    joined = left.lateralJoin(matches, how="left")
    assert {tuple(row) for row in joined.collect()} == {
        (1, "a", "A"),
        (2, "b", None),
        (None, "n", None),
    }
