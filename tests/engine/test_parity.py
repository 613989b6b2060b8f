"""The local engine answers each case as real Spark did, or as the list of deviations has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.sql.known_wrong_values import KNOWN_WRONG_VALUES
from tests.engine.cases import Case, load_cases
from tests.engine.deviations import KINDS, judge, load_deviations, real_answer
from tests.engine.parity_page import PATH, page
from tests.engine.run_case import CaseRunner


@pytest.fixture(scope="module")
def runner(spark: LocalSparkSession) -> Iterator[CaseRunner]:
    """The local engine with the tables that cases share."""
    runner = CaseRunner(spark, "main.parity", "main.default")
    yield runner
    runner.close()


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.name)
def test_the_local_engine_answers_as_spark_or_as_the_list_says(
    case: Case, runner: CaseRunner
) -> None:
    assert not (wrong := judge(case, runner.run(case))), wrong


def test_a_case_of_the_list_that_agrees_must_leave_it() -> None:
    case = next(case for case in load_cases() if case.name in load_deviations())
    assert "take its entry off" in judge(case, real_answer(case))


def test_another_answer_than_that_of_the_list_is_found() -> None:
    for case in load_cases()[:20]:
        wrong = judge(case, {"columns": ["a: int"], "rows": [["another"]]})
        listed = load_deviations().get(case.name)
        assert wrong or (listed and listed.here == "other value"), case.name


def test_the_list_has_cases_that_exist_with_a_kind_and_a_reason() -> None:
    names = {case.name for case in load_cases()}
    for name, entry in load_deviations().items():
        assert name in names, f"{name} is no case: take it off the list."
        assert entry.kind in KINDS, entry
        assert entry.reason or entry.kind == "not yet", f"{name} is {entry.kind} without a reason."


def test_wrong_values_are_on_the_list_of_known_ones() -> None:
    reasons = {one.reason for one in load_deviations().values() if one.kind == "wrong value"}
    assert reasons == {known.what for known in KNOWN_WRONG_VALUES}


def test_the_page_is_made_of_the_list() -> None:
    assert PATH.read_text("utf-8") == page(), "Run `python -m tests.engine.parity_page`."
