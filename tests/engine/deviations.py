"""The list of cases that the local engine answers otherwise than real Spark: ``deviations.yaml``.

An entry has ``case``, ``kind``, ``here`` and ``reason``:

- ``meant``: the local engine shall answer so, for the reason.
- ``not yet``: it shall not, and nobody has mended it yet.
- ``wrong value``: a known wrong value, which cannot be put right and cannot be refused; its reason is the text of
  an entry of `KNOWN_WRONG_VALUES`.

``python -m tests.engine.deviations [family...]`` runs the cases and writes the list: entries that agree now go,
new ones come as ``not yet``, and those that are meant or known stay with their reasons.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home
from tests.engine.answers import Answer, difference, load_answers
from tests.engine.cases import Case, families, load_cases
from tests.engine.run_case import CaseRunner

PATH = Path(__file__).parent / "deviations.yaml"
KINDS = ("wrong value", "meant", "not yet")
HEAD = """\
# Cases that the local engine answers otherwise than real Spark 4.2 with Delta 4.4, in the order of the cases.
# `python -m tests.engine.deviations` writes this file after a change of the engine; docs/parity.md is made of it.
# kind: `meant` and `wrong value` need a reason by hand; `not yet` is what is still to be mended.
"""


@dataclass(frozen=True)
class Deviation:
    """One entry of the list."""

    case: str
    kind: str
    here: str
    reason: str = ""


@cache
def load_deviations() -> dict[str, Deviation]:
    """Return the list by the names of cases."""
    entries: list[dict[str, Any]] = yaml.safe_load(PATH.read_text("utf-8")) or []
    return {entry["case"]: Deviation(**entry) for entry in entries}


def save_deviations(entries: list[Deviation]) -> None:
    """Write the list, one value in a line."""
    lines = []
    for one in entries:
        lines.append(f"- case: {json.dumps(one.case, ensure_ascii=False)}")
        lines += [f"  kind: {one.kind}", f"  here: {json.dumps(one.here)}"]
        if one.reason:
            lines.append(f"  reason: {json.dumps(one.reason, ensure_ascii=False)}")
    PATH.write_text(HEAD + "\n".join([*lines, ""]), "utf-8")


def real_answer(case: Case) -> Answer:
    """Return what real Spark answers.

    Raises
    ------
    LookupError
        If no answer is kept, or if the case was another one when it was recorded.
    """
    kept = load_answers(case.family).get(case.about)
    if kept is None or kept["of"] != case.digest:
        raise LookupError(
            f"{case.name} has no answer of real Spark: `make test-spark` records it, where Java 17 is."
        )
    return {key: value for key, value in kept.items() if key != "of"}


def judge(case: Case, here: Answer) -> str:
    """Return what is wrong with the list for a case; empty if the list is right.

    Parameters
    ----------
    case : Case
        The case that was run.
    here : dict
        What the local engine answered.
    """
    real = real_answer(case)
    found = difference(real, here)
    listed = load_deviations().get(case.name)
    if not found and not listed:
        return ""
    if listed and found == listed.here:
        return ""
    if listed and not found:
        return (
            f"{case.name} agrees with Spark now: take its entry off {PATH.name} "
            "(`python -m tests.engine.deviations` does it, and writes docs/parity.md)."
        )
    known = f" The list has {listed.here!r}." if listed else ""
    return (
        f"{case.name}: {found}.{known}\nrun:   {case.sql or case.python}\n"
        f"Spark: {_short(real)}\nhere:  {_short(here)}"
    )


def _short(answer: Answer) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 1500 else f"{text[:1500]}..."


def main(chosen: list[str]) -> int:
    """Run the cases of all families, or of those that are named, and write the list."""
    from tests.engine.parity_page import write_page

    # before the engine's worker threads: timestamps are collected in the time zone of the process
    os.environ["TZ"] = "UTC"
    listed = load_deviations()
    entries = []
    with tempfile.TemporaryDirectory(prefix="parity-", ignore_cleanup_errors=True) as folder:
        runner = CaseRunner(
            start_spark(Home(Path(folder)).prepare()), "main.parity", "main.default"
        )
        for family in families():
            for case in load_cases(family):
                before = listed.get(case.name)
                if chosen and family not in chosen:
                    entries += [before] if before else []
                    continue
                entries += _entry(case, runner, before)
    save_deviations(entries)
    load_deviations.cache_clear()
    write_page()
    same = len(load_cases()) - len(entries)
    print(f"same: {same} of {len(load_cases())}")
    return 0


def _entry(case: Case, runner: CaseRunner, before: Deviation | None) -> list[Deviation]:
    began = time.monotonic()
    here = runner.run(case)
    seconds = time.monotonic() - began
    found = difference(real_answer(case), here)
    if found != (before.here if before else ""):
        print(f"{case.name}: {found or 'agrees now'}  ({seconds:.1f} s)\n    {_short(here)[:200]}")
    if not found:
        return []
    if before and before.kind != "not yet":
        if before.here != found:
            print(f"    It is on the list as {before.kind}: check that its reason still holds.")
        return [Deviation(case.name, before.kind, found, before.reason)]
    return [Deviation(case.name, "not yet", found)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
