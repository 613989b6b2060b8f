"""pyspark's own examples as a second judge: ``python -m tests.engine.docstrings [functions | dataframe]``.

Runs the examples in the docstrings of functions and of DataFrame methods on the local engine, and prints how
many are right, with the list of other values and of errors.
"""

from __future__ import annotations

import doctest
import inspect
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import builtin

from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home

OBJECTS: dict[str, Any] = {"functions": builtin, "dataframe": DataFrame}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


class CountingRunner(doctest.DocTestRunner):
    """Counts examples with an output by their result, and keeps those that are not right."""

    def __init__(self) -> None:
        super().__init__(optionflags=FLAGS, verbose=False)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def report_success(
        self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        """Count an example that is right."""
        self.counts["right"] += bool(example.want)

    def report_failure(
        self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        """Keep an example with another output."""
        self.counts["other value"] += 1
        self.wrong.append(
            _text("other value", test, example, f"Spark:\n{example.want}here:\n{got}")
        )

    def report_unexpected_exception(
        self,
        out: Any,
        test: doctest.DocTest,
        example: doctest.Example,
        exc_info: tuple[type[BaseException], BaseException, TracebackType],
    ) -> None:
        """Keep an example that raises an error."""
        self.counts["error"] += 1
        first = (str(exc_info[1]).splitlines() or [""])[0]
        self.wrong.append(_text("error", test, example, f"{exc_info[0].__name__}: {first[:200]}\n"))


def _text(kind: str, test: doctest.DocTest, example: doctest.Example, rest: str) -> str:
    return f"{kind}: {test.name}\n>>> {example.source}{rest}"


def run(name: str, spark: SparkSession) -> CountingRunner:
    """Run the examples of a module or class.

    Parameters
    ----------
    name : str
        A key of ``OBJECTS``.
    spark : SparkSession
        The session that examples see as ``spark``.
    """
    runner = CountingRunner()
    subject = OBJECTS[name]
    for member in sorted(vars(subject)):
        target = getattr(subject, member)
        docstring = inspect.getdoc(target) if callable(target) else None
        if member.startswith("_") or not docstring or not docstring.count(">>>"):
            continue
        test = doctest.DocTestParser().get_doctest(docstring, {"spark": spark}, member, None, None)
        if not any(example.options.get(doctest.SKIP) for example in test.examples):
            runner.run(test, out=lambda _: None)
    return runner


def main(chosen: list[str]) -> int:
    """Print the counts, and what is not right."""
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="docstrings-", ignore_cleanup_errors=True) as folder:
        spark = start_spark(Home(Path(folder)).prepare())
        for name in chosen or OBJECTS:
            runner = run(name, spark)
            print("\n".join(runner.wrong))
            print(f"{name}: {dict(runner.counts)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
