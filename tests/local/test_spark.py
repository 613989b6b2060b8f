"""The engine's catalog is the folder tree, for all processes."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from lakelab.local.spark.session import EngineError, start_spark


def test_the_session_is_the_one_that_spark_gives_everybody(spark):
    assert SparkSession.builder.getOrCreate() is spark
    assert SparkSession.getActiveSession() is spark


def test_four_catalogs(spark):
    catalogs = {row[0] for row in spark.sql("SHOW CATALOGS").collect()}
    assert catalogs >= {"main", "dev", "staging", "prod"}


def test_a_table_written_by_another_program_is_seen_at_once(spark, schema):
    catalog, name = schema.split(".")
    folder = spark.unity.warehouse / catalog / name / "foreign"
    write_deltalake(folder, pa.table({"x": [1, 2]}))
    assert spark.table(f"{schema}.foreign").count() == 2

    write_deltalake(folder, pa.table({"x": [3], "y": ["new"]}), mode="append", schema_mode="merge")
    assert spark.table("foreign").columns == ["x", "y"]
    assert spark.catalog.tableExists(f"{schema}.foreign")

    shutil.rmtree(folder)
    assert not spark.catalog.tableExists(f"{schema}.foreign")


def test_a_dataframe_asked_late_sees_a_table_made_meanwhile(spark, schema):
    catalog, name = schema.split(".")
    frame = spark.table("later")  # nothing is looked up yet
    write_deltalake(spark.unity.warehouse / catalog / name / "later", pa.table({"x": [1]}))
    assert frame.count() == 1


def test_tables_persist_between_processes(spark, schema, home):
    spark.sql("CREATE TABLE kept (id BIGINT NOT NULL, CONSTRAINT k PRIMARY KEY (id))")
    spark.sql("INSERT INTO kept VALUES (7)")
    program = (
        "import sys; from pathlib import Path\n"
        "from lakelab.local.system.home import Home; from lakelab.local.spark.session import start_spark\n"
        f"spark = start_spark(Home(Path({str(home.root)!r})).prepare())\n"
        f"print(spark.table('{schema}.kept').collect()[0]['id'])\n"
        f"spark.sql('CREATE TABLE {schema}.theirs AS SELECT 8 AS id')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "7"
    assert run.stderr == ""
    assert spark.table("theirs").collect()[0]["id"] == 8


def test_a_folder_that_is_no_delta_table_is_named_and_left_out(spark, schema):
    catalog, name = schema.split(".")
    log = spark.unity.warehouse / catalog / name / "broken" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("this is not a commit")
    with pytest.warns(UserWarning, match=r"broken is left out"):
        spark.sync()
    assert spark.sql("SELECT 1").count() == 1
    shutil.rmtree(log.parent)


def test_timestamps_are_utc_whatever_the_zone_of_the_laptop(spark):
    row = spark.sql("SELECT TIMESTAMP '2013-01-01 10:00:00' AS ts").collect()[0]
    assert f"{row['ts']}" == "2013-01-01 10:00:00"


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
    """A second process works on the first one's engine."""
    spark.sql("CREATE TABLE shared AS SELECT 5 AS x")
    address = spark.client._builder.endpoint
    program = (
        "import os; from pathlib import Path\n"
        "from lakelab.local.system.home import Home; from lakelab.local.spark.session import start_spark\n"
        f"spark = start_spark(Home(Path({str(home.root)!r})))\n"
        f"print(spark._server, spark.table('{schema}.shared').collect()[0]['x'])\n"
    )
    import os

    environment = {k: v for k, v in os.environ.items() if k != "LAKELAB_SPARK_SERVER"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "SPARK_REMOTE": f"sc://{address}"},
    )
    assert run.stdout.strip() == "None 5"
