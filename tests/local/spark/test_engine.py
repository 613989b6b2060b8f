"""The engine of a session: Sail in this process, or a server that is running already."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lakelab.local.spark.engine import EngineError
from lakelab.local.spark.session import start_spark


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ("sc://127.0.0.1:1", "No Spark Connect server answers at SPARK_REMOTE"),
        ("127.0.0.1:15002", "expected sc://host:port"),
    ],
)
def test_an_unreachable_server_is_named_at_once(home, monkeypatch, remote, message):
    monkeypatch.setenv("SPARK_REMOTE", remote)
    with pytest.raises(EngineError, match=message):
        start_spark(home)


def test_another_server_is_used_where_it_is_named(spark, schema, home):
    """A second process connects to the engine of the first one."""
    spark.sql("CREATE TABLE shared AS SELECT 5 AS x")
    program = (
        "import os; from pathlib import Path\n"
        "from lakelab.local.system.home import Home; from lakelab.local.spark.session import start_spark\n"
        f"spark = start_spark(Home(Path({str(home.root)!r})))\n"
        f"print(spark.engine.server, spark.table('{schema}.shared').collect()[0]['x'])\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "LAKELAB_SPARK_SERVER"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "SPARK_REMOTE": spark.engine.address},
    )
    assert run.stdout.strip() == "None 5"
