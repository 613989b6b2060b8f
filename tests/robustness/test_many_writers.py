"""Concurrent writes of several processes and notebooks: no row is lost or doubled, and no write fails."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from jupyter_client.manager import start_new_kernel

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home

from .processes import PATIENCE_SECONDS, environment, run_together, start

PROCESSES, TIMES, APPENDS = 4, 25, 5
TABLE = "CREATE TABLE main.default.{} (k BIGINT NOT NULL PRIMARY KEY, n BIGINT)"


@pytest.fixture
def other_home(tmp_path: Path) -> Home:
    home = Home(tmp_path).prepare()
    unity = UnityCatalog(home.warehouse)
    unity.create_catalog("main")
    unity.create_schema("main", "default")
    return home


def test_four_processes_with_25_merges_each_lose_no_row_and_double_none(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    numbers = range(1, PROCESSES + 1)
    for table in ("by_sql", "by_client"):
        spark.sql(TABLE.format(table))
    try:
        run_together([start("merge_many_times.py", home.root, number) for number in numbers])
        found = {
            table: {row.k: row.n for row in spark.table(f"main.default.{table}").collect()}
            for table in ("by_sql", "by_client")
        }
        history = {
            table: Counter(
                commit["operation"] for commit in delta(home, "main", "default", table).history()
            )
            for table in found
        }
    finally:
        for table in ("by_sql", "by_client"):
            spark.sql(f"DROP TABLE main.default.{table}")

    merged = {1000 * number + time for number in numbers for time in range(TIMES)}
    appended = {
        1000 * number + 500 + time for number in numbers for time in range(0, TIMES, APPENDS)
    }
    assert found["by_sql"][0] == len(merged)  # each merge has added 1, once
    assert found["by_sql"].keys() == {0} | merged | appended
    assert {found["by_sql"][key] for key in merged | appended} == {1}
    assert history["by_sql"]["MERGE"] == len(merged)

    assert found["by_client"].keys() == {0} | merged
    assert all(found["by_client"][key] == key % 1000 for key in merged)
    assert found["by_client"][0] % 1000 == TIMES - 1  # the last of one of the processes
    assert history["by_client"]["MERGE"] == len(merged)


def delta(home: Home, *name: str) -> DeltaTable:
    return DeltaTable(UnityCatalog(home.warehouse).path(TableName(*name)))


# ---- two notebooks -----------------------------------------------------------------------------------
START = """
from pathlib import Path

from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.system.home import Home
from lakelab.local.spark.session import start_spark

spark = start_spark(Home(Path({root!r})).prepare())
fe = FeatureEngineeringClient()
"""

WORK = """
for time in range({times}):
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.shared")
    spark.sql("CREATE TABLE IF NOT EXISTS main.shared.log (who BIGINT, time BIGINT)")
    spark.sql(f"INSERT INTO main.shared.log VALUES ({me}, {{time}})")
    spark.sql("COMMENT ON TABLE main.shared.log IS 'last written by {me}'")
    spark.sql(f"ALTER TABLE main.shared.log SET TAGS ('by_{me}' = '{{time}}')")

    mine = "main.shared.own_{me}"
    spark.sql(f"CREATE TABLE {{mine}} (k BIGINT NOT NULL PRIMARY KEY, v STRING)")
    spark.sql(f"INSERT INTO {{mine}} VALUES (1, 'a'), (2, 'b')")
    spark.sql(f"UPDATE {{mine}} SET v = 'c' WHERE k = 1")
    fe.write_table(name=mine, df=spark.sql("SELECT 3L AS k, 'd' AS v"), mode="merge")
    assert sorted(map(tuple, spark.table(mine).collect())) == [(1, "c"), (2, "b"), (3, "d")]
    spark.sql(f"DROP TABLE {{mine}}")

    # both notebooks create a table of this name, each with its own columns
    spark.sql("CREATE TABLE IF NOT EXISTS main.shared.same AS SELECT 1 AS made_by_{me}")
    spark.sql("DROP TABLE IF EXISTS main.shared.same")
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.passing")
    spark.sql("DROP SCHEMA IF EXISTS main.passing CASCADE")
"""


def test_two_notebooks_write_to_one_schema_without_errors(other_home: Home) -> None:
    times = 8
    kernels = [start_new_kernel(env=environment()) for _ in range(2)]
    try:
        for cell in (START, WORK):
            running = [
                client.execute(cell.format(root=str(other_home.root), times=times, me=me))
                for me, (_, client) in enumerate(kernels, start=1)
            ]
            for request, (_, client) in zip(running, kernels, strict=True):
                assert output_of(client, request) == []
    finally:
        for manager, client in kernels:
            client.stop_channels()
            manager.shutdown_kernel(now=True)

    log = delta(other_home, "main", "shared", "log").to_pyarrow_table().to_pylist()
    assert sorted((row["who"], row["time"]) for row in log) == [
        (who, time) for who in (1, 2) for time in range(times)
    ]
    unity = UnityCatalog(other_home.warehouse)
    (table,) = unity.tables("main", "shared")
    assert unity.table(table).tags == {"by_1": str(times - 1), "by_2": str(times - 1)}


def output_of(client: Any, request: str) -> list[str]:
    """Wait for a cell; return its visible output: errors, warnings, printed text."""
    output: list[str] = []
    while True:
        message = client.get_iopub_msg(timeout=PATIENCE_SECONDS)
        content = message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            output.append(content["text"])
        elif message["msg_type"] == "error":
            output.append("\n".join(content["traceback"]))
        elif content.get("execution_state") == "idle":
            return output


def test_a_table_that_another_notebook_replaced_is_read_with_its_new_columns(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    spark.sql(f"CREATE TABLE {schema}.t AS SELECT 1 AS old")
    spark.sql(f"INSERT INTO {schema}.t VALUES (2)")
    name = spark.resolve(f"{schema}.t")
    other_notebook = UnityCatalog(home.warehouse)
    for number in range(2):
        # as another notebook replaces the table between two queries of this one
        other_notebook.drop_table(name)
        with other_notebook.staged(name) as folder:
            DeltaTable.create(folder, delta_schema(f"new_{number}"))
        assert spark.table(f"{schema}.t").columns == [f"new_{number}"]
        spark.sql(f"INSERT INTO {schema}.t VALUES ('a')")
        assert [tuple(row) for row in spark.table(f"{schema}.t").collect()] == [("a",)]


def delta_schema(column: str) -> Any:
    from deltalake import Field, Schema
    from deltalake.schema import PrimitiveType

    return Schema([Field(column, PrimitiveType("string"))])
