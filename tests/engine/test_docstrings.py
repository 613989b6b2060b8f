"""The local engine answers the examples of pyspark's docstrings as real Spark does, or as the list says."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakelab.local.spark.session import LocalSparkSession
from tests.engine.docstrings import (
    KINDS,
    Docstring,
    judge,
    load_answers,
    load_deviations,
    load_docstrings,
    printing_examples,
    run_docstring,
)

LEAST_RIGHT = 0.88


@pytest.mark.parametrize("docstring", load_docstrings(), ids=lambda one: one.name)
def test_the_examples_of_a_docstring_are_right_or_on_the_list(
    docstring: Docstring,
    spark: LocalSparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not (wrong := judge(docstring, run_docstring(docstring, spark))), "\n".join(wrong)


def test_another_outcome_than_that_of_spark_is_found() -> None:
    (abs_,) = [one for one in load_docstrings() if one.name == "functions/abs"]
    names = [abs_.example_name(number) for number, _ in enumerate(abs_.examples, start=1)]
    right = {name: {"text": one.want} for name, one in zip(names, abs_.examples, strict=True)}
    assert judge(abs_, right) == []
    for other in {"text": "another"}, {"condition": "UNRESOLVED_ROUTINE"}, {"error": "KeyError"}:
        assert len(judge(abs_, right | {names[-1]: other})) == 1


def test_an_example_of_the_list_that_is_right_must_leave_it() -> None:
    name = next(name for name in load_deviations() if name not in load_answers())
    one = next(one for one in load_docstrings() if one.name == name.rpartition(" ")[0])
    example = one.examples[int(name.rpartition(" ")[2]) - 1]
    (wrong,) = judge(one, {name: {"text": example.want}})
    assert "take it off" in wrong


def test_the_list_has_examples_that_exist_with_a_kind_and_a_reason() -> None:
    names = {
        one.example_name(number)
        for one in load_docstrings()
        for number, _ in enumerate(one.examples, start=1)
    }
    assert load_deviations().keys() | load_answers().keys() <= names
    for name, entry in load_deviations().items():
        assert entry["kind"] in KINDS, name
        assert entry.get("reason") or entry["kind"] == "not yet", f"{name} has no reason."


def test_most_examples_that_print_something_are_right() -> None:
    printing = printing_examples()
    right = sum(name not in load_deviations() for name in printing)
    assert right >= LEAST_RIGHT * len(printing)
