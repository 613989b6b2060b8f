"""Functions of Unity Catalog, in files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.functions import PYTHON, Functions, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home
from tests.local.sql.function_helpers import create_python_function, scalar


def test_another_process_reads_and_drops_a_function(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.catalog.functions import Functions\n"
        "from lakelab.local.catalog.store import TableName, UnityCatalog\n"
        "functions = Functions(UnityCatalog(Path(sys.argv[1])))\n"
        "print(functions.get(TableName.parse(sys.argv[2])).body)\n"
        "functions.drop(TableName.parse(sys.argv[2]))\n"
    )
    create_python_function(spark, "f", "return 'ä'", "(x INT)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.warehouse), f"{schema}.f"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert done.stdout == "return 'ä'\n"
    with pytest.raises(AnalysisException, match="ROUTINE_NOT_FOUND"):
        spark.sql("DROP FUNCTION f")


def test_killed_process_leaves_a_whole_function(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    """A process replaces a function in a loop; after a kill at any moment, one whole function remains."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.catalog.functions import Functions, UnityFunction\n"
        "from lakelab.local.catalog.store import TableName, UnityCatalog\n"
        "functions = Functions(UnityCatalog(Path(sys.argv[1])))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    body = f'return {n}' + ' #' * 50_000\n"
        "    functions.create(UnityFunction(TableName.parse(sys.argv[2]), 'PYTHON', body), replace=True)\n"
        "    print(n, flush=True)\n"
    )
    name, functions = TableName.parse(f"{schema}.f"), Functions(spark.unity)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(home.warehouse), str(name)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        seen = int(process.stdout.readline())
        while seen < 100:  # others read meanwhile
            assert functions.get(name).body.endswith(" #" * 50_000)
            seen = int(process.stdout.readline())
        process.kill()
        numbers = process.communicate()[0].split()
        last = int(numbers[-1]) if numbers else seen
        body = functions.get(name).body
        assert body.endswith(" #" * 50_000)
        assert int(body.split()[1]) in (last, last + 1)
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(str(name),)]
    spark.unity.remove_unfinished()
    assert list((home.warehouse / name.catalog / name.schema).glob(".staging-*")) == []


def test_only_one_of_many_threads_creates_a_function(spark: LocalSparkSession, schema: str) -> None:
    done: list[str] = []

    def create(number: int) -> None:
        try:
            python_new(number)
            done.append("made")
        except UnityCatalogError:
            done.append("refused")

    def python_new(number: int) -> None:
        made = UnityFunction(TableName.parse(f"{schema}.f"), PYTHON, f"return {number}")
        Functions(spark.unity).create(made)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["made"] + ["refused"] * 7


def test_damaged_file_is_named(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    path = Functions(spark.unity).path(TableName.parse(f"{schema}.f"))
    for text in ("{", "[]", json.dumps({"language": "PYTHON"})):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AnalysisException, match=r"damaged: .*f\.json"):
            spark.sql("SELECT f(1)")
    create_python_function(spark, "f", "return 2")
    assert scalar(spark, "f(1)") == 2.0
