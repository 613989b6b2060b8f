"""pyspark's own examples as a second judge.

``python -m tests.engine.docstrings`` runs the examples in the docstrings of functions and of DataFrames on the
local engine, and writes `docstring_deviations.yaml`: what is answered otherwise than real Spark Connect does.
``python -m tests.engine.docstrings --record`` asks real Spark, and keeps in `docstring_answers.json` what it
answers otherwise than the docstring prints: that is what counts.

The name of an example is its group, its function and its number in the docstring: ``functions/abs 3``.
"""

from __future__ import annotations

import doctest
import inspect
import io
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pyspark.errors import PySparkException
from pyspark.sql import (
    Column,
    DataFrame,
    DataFrameNaFunctions,
    DataFrameStatFunctions,
    GroupedData,
    SparkSession,
    Window,
    WindowSpec,
)
from pyspark.sql.functions import builtin

from tests.engine.printed import is_printed

FOLDER = Path(__file__).parent
ANSWERS = FOLDER / "docstring_answers.json"
DEVIATIONS = FOLDER / "docstring_deviations.yaml"
GROUPS: dict[str, Any] = {
    "functions": builtin,
    **{
        subject.__name__: subject
        for subject in (
            *(DataFrame, DataFrameNaFunctions, DataFrameStatFunctions),
            *(GroupedData, Column, Window, WindowSpec),
        )
    },
}
KINDS = ("meant", "not yet")
SLOW_SECONDS = 2
STREAMING = ("readStream", "spark.streams")
"""The local engine has no streams. Real Spark's answer to these depends on the time."""
HEAD = """\
# Examples of pyspark's docstrings that the local engine answers otherwise than real Spark Connect 4.2.
# `python -m tests.engine.docstrings` writes this file after a change of the engine.
# kind: `meant` needs a reason by hand; `not yet` is what is still to be mended.
"""
Outcome = dict[str, Any]
"""What an example gives: its ``text``, or the ``condition`` or ``error`` that it raises."""


@dataclass(frozen=True)
class Docstring:
    """The examples of one function or method.

    Attributes
    ----------
    name : str
        Its group and its own name.
    examples : tuple of doctest.Example
    names : dict
        What the examples see beside ``spark``: the names of the module.
    """

    name: str
    examples: tuple[doctest.Example, ...]
    names: dict[str, Any]

    def example_name(self, number: int) -> str:
        """Return the name of an example."""
        return f"{self.name} {number}"


@cache
def load_docstrings() -> tuple[Docstring, ...]:
    """Return all docstrings with examples, in the order of their names in their groups."""
    found = []
    for group, subject in GROUPS.items():
        names = vars(sys.modules[getattr(subject, "__module__", subject.__name__)])
        for member, text in _texts(subject):
            examples = doctest.DocTestParser().get_examples(text)
            found.append(Docstring(f"{group}/{member}", tuple(examples), names))
    return tuple(one for one in found if one.examples)


def _texts(subject: Any) -> Iterator[tuple[str, str]]:
    for member in sorted(vars(subject)):
        target = inspect.getattr_static(subject, member)
        target = target.__func__ if isinstance(target, staticmethod | classmethod) else target
        is_own = (
            not inspect.ismodule(subject) or getattr(target, "__module__", "") == subject.__name__
        )
        described = inspect.isroutine(target) or isinstance(target, property)
        if not member.startswith("_") and described and is_own:
            yield member, inspect.getdoc(target) or ""


def printing_examples() -> list[str]:
    """Return the names of the examples that run and print something."""
    return [
        one.example_name(number)
        for one in load_docstrings()
        for number, example in enumerate(one.examples, start=1)
        if example.want and not _is_left_out(one, number)
    ]


def run_docstring(one: Docstring, spark: SparkSession) -> dict[str, Outcome]:
    """Return what each example gives, by its name; those that a docstring says to skip are left out.

    An error after an earlier one that left a name undefined is ``{"error": "follows"}``.
    """
    outcomes: dict[str, Outcome] = {}
    names = {**one.names, "spark": spark}
    failed = False
    for number, example in enumerate(one.examples, start=1):
        if _is_left_out(one, number):
            continue
        outcome = _run(example, names)
        if failed and outcome.get("error") in {"NameError", "UnboundLocalError"}:
            outcome = {"error": "follows"}
        failed = failed or "text" not in outcome
        outcomes[one.example_name(number)] = outcome
    return outcomes


def _is_left_out(one: Docstring, number: int) -> bool:
    """Return whether an example is not judged: its docstring says so, or an example up to it starts a stream."""
    until = one.examples[:number]
    is_streaming = any(word in example.source for example in until for word in STREAMING)
    return bool(until[-1].options.get(doctest.SKIP)) or is_streaming


def _run(example: doctest.Example, names: dict[str, Any]) -> Outcome:
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(example.source, "<example>", "single"), names)
        except Exception as error:  # noqa: BLE001 - any error is an outcome, which is compared
            condition = error.getCondition() if isinstance(error, PySparkException) else None
            return {"condition": condition} if condition else {"error": type(error).__name__}
    return {"text": printed.getvalue()}


def expected_outcome(name: str, example: doctest.Example) -> Outcome | None:
    """Return what real Spark gives; None if it gives another value each time."""
    kept = load_answers().get(name, {"text": example.want})
    return None if kept.get("varies") else kept


def difference(name: str, example: doctest.Example, here: Outcome) -> str:
    """Return in what an outcome differs from that of real Spark; empty if it is the same."""
    expected = expected_outcome(name, example)
    if expected is None:
        return "" if "text" in here else _words(here)
    if "text" in expected and "text" in here:
        ordered = any(word in example.source for word in ("orderBy", "sort(", "ORDER BY"))
        return "" if is_printed(here["text"], expected["text"], ordered=ordered) else "other value"
    if "text" in here:
        return "no error"
    return "" if here == expected else _words(here)


def _words(outcome: Outcome) -> str:
    if outcome.get("error") == "follows":
        return "follows from an earlier error"
    return f"error {outcome.get('condition') or outcome['error']}"


@cache
def load_answers() -> dict[str, Outcome]:
    """Return what real Spark answers otherwise than docstrings print, by the names of examples."""
    read: dict[str, Outcome] = json.loads(ANSWERS.read_text("utf-8"))
    return read


@cache
def load_deviations() -> dict[str, dict[str, str]]:
    """Return the list of deviations by the names of examples."""
    entries: list[dict[str, str]] = yaml.safe_load(DEVIATIONS.read_text("utf-8")) or []
    return {entry["example"]: entry for entry in entries}


def judge(one: Docstring, outcomes: dict[str, Outcome]) -> list[str]:
    """Return what is wrong with the list of deviations for a docstring; none if the list is right."""
    wrong = []
    for name, example in _judged(one, outcomes):
        found = difference(name, example, outcomes[name])
        listed = load_deviations().get(name, {}).get("here", "")
        if listed and not found:
            wrong.append(f"{name} agrees with Spark now: take it off {DEVIATIONS.name}.")
        elif found != listed:
            wrong.append(
                f"{name}: {found}, on the list: {listed or 'nothing'}\n{example.source}"
                f"Spark: {expected_outcome(name, example)}\nhere:  {outcomes[name]}"
            )
    return wrong


def _judged(one: Docstring, outcomes: dict[str, Outcome]) -> Iterator[tuple[str, doctest.Example]]:
    for number, example in enumerate(one.examples, start=1):
        if one.example_name(number) in outcomes:
            yield one.example_name(number), example


def run_all(
    spark: SparkSession, docstrings: Iterable[Docstring]
) -> Iterator[tuple[str, doctest.Example, Outcome]]:
    """Run docstrings in a folder of their own, and yield each example with what it gives."""
    with tempfile.TemporaryDirectory(prefix="examples-") as folder, chdir(folder):
        for one in docstrings:
            began = time.monotonic()
            outcomes = run_docstring(one, spark)
            if (seconds := time.monotonic() - began) > SLOW_SECONDS:
                print(f"{seconds:5.1f} s  {one.name}", flush=True)
            for name, example in _judged(one, outcomes):
                yield name, example, outcomes[name]


def record() -> None:
    """Write what real Spark answers otherwise than the docstrings print.

    What it answers otherwise a second time is kept as ``{"varies": true}``.
    """
    from tests.engine.real_spark import real_spark

    with real_spark() as server:
        answers = _not_as_printed(server.session(), load_docstrings())
        others = {name.rpartition(" ")[0] for name in answers}
        again = [one for one in load_docstrings() if one.name in others]
        second = _not_as_printed(server.session(), again)
    kept = {
        name: outcome if outcome == second.get(name) else {"varies": True}
        for name, outcome in answers.items()
    }
    lines = [f" {json.dumps(name)}: {json.dumps(kept[name], ensure_ascii=False)}" for name in kept]
    ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _not_as_printed(spark: SparkSession, docstrings: Iterable[Docstring]) -> dict[str, Outcome]:
    found = {
        name: outcome
        for name, example, outcome in run_all(spark, docstrings)
        if "text" not in outcome or not is_printed(outcome["text"], example.want, ordered=True)
    }
    spark.client.close()
    return found


def find_deviations() -> list[dict[str, str]]:
    """Run the examples on the local engine, and return the list; reasons that were written stay."""
    from lakelab.local.spark.session import start_spark
    from lakelab.local.system.home import Home

    entries = []
    with tempfile.TemporaryDirectory(prefix="docstrings-", ignore_cleanup_errors=True) as folder:
        spark = start_spark(Home(Path(folder)).prepare())
        for name, example, outcome in run_all(spark, load_docstrings()):
            if found := difference(name, example, outcome):
                before = load_deviations().get(name, {})
                kept = {key: before[key] for key in ("kind", "reason") if key in before}
                entries.append({"example": name, "kind": "not yet", "here": found, **kept})
                if before.get("here") != found:
                    print(
                        f"{name}: {found}\n{example.source}Spark: {expected_outcome(name, example)}\nhere:  {outcome}"
                    )
    return entries


def main(arguments: list[str]) -> int:
    """Record the answers of real Spark, or write the list of deviations."""
    from tests.engine.parity_page import write_page

    os.environ["TZ"] = "UTC"
    time.tzset()
    if "--record" in arguments:
        record()
        return 0
    entries = find_deviations()
    lines = []
    for entry in entries:
        values = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
        lines.append("- " + "\n  ".join(values))
    DEVIATIONS.write_text(HEAD + "\n".join([*lines, ""]), "utf-8")
    load_deviations.cache_clear()
    write_page()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
