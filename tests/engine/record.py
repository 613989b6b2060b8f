"""Records what real Spark answers: ``python -m tests.engine.record [--new] [family...]``.

With ``--new``, only cases without an answer, or with one to an older text, are run. Exits with 1 if an answer
that was kept is another one now.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time

from tests.engine.answers import Answer, load_answers, save_answers
from tests.engine.cases import Case, families, load_cases
from tests.engine.real_spark import MissingError, RealSpark, real_spark
from tests.engine.run_case import CaseRunner


def main(arguments: list[str]) -> int:
    """Record the answers of all families, or of those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine.record", description=__doc__)
    parser.add_argument("--new", action="store_true", help="only cases that have no answer yet")
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(families()))
    options = parser.parse_args(arguments)
    # an error is an answer here: the client would print its stack trace, too
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # a request to stop must end the server, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # timestamps are collected in the time zone of the process
    os.environ["TZ"] = "UTC"
    time.tzset()
    chosen = options.families or families()
    wanted = {name: _wanted(name, only_new=options.new) for name in chosen}
    if not any(wanted.values()):
        print("Each case has an answer.")
        for family in chosen:
            _keep(family, {})
        return 0
    try:
        with real_spark() as server:
            runner = CaseRunner(server.session(), "parity", "default")
            changed = []
            for family in chosen:
                changed += _record(server, runner, family, wanted[family])
            runner.spark.client.close()
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    for line in changed:
        print(line)
    return 1 if changed else 0


def _wanted(family: str, *, only_new: bool) -> list[Case]:
    kept = load_answers(family)
    return [
        case
        for case in load_cases(family)
        if not only_new or kept.get(case.about, {}).get("of") != case.digest
    ]


def _record(server: RealSpark, runner: CaseRunner, family: str, cases: list[Case]) -> list[str]:
    changed = []
    kept = load_answers(family)
    for case in cases:
        began = time.monotonic()
        answer = {"of": case.digest, **runner.run(case)}
        server.check()
        print(f"{time.monotonic() - began:5.1f} s  {case.name}{_remark(answer)}", flush=True)
        before = kept.get(case.about)
        if before and before["of"] == case.digest and before != answer:
            changed.append(f"{case.name}: the answer was {before}, and is {answer}")
        _keep(family, {case.about: answer})
    _keep(family, {})
    return changed


def _remark(answer: Answer) -> str:
    if "condition" in answer:
        return f"  [{answer['condition'] or answer['error']}]"
    return ""


def _keep(family: str, answers: dict[str, Answer]) -> None:
    merged = {**load_answers(family), **answers}
    save_answers(
        family, {c.about: merged[c.about] for c in load_cases(family) if c.about in merged}
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
