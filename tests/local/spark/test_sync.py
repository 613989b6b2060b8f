"""The engine's catalog equals the folder tree, for all processes."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakelab.local.spark.sync import CatalogSync


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


def test_temporary_views_are_listed(spark, schema):
    spark.sql("CREATE TEMPORARY VIEW seen AS SELECT 1 AS x")
    spark.sql("CREATE TABLE not_a_view (x INT)")
    views = CatalogSync(spark, "main").temporary_views()
    spark.catalog.dropTempView("seen")
    assert "seen" in views
    assert "not_a_view" not in views


def test_a_session_that_syncs_again_after_a_reset_registers_all_tables(spark, schema):
    spark.sql("CREATE TABLE kept AS SELECT 5 AS x")
    sync = CatalogSync(spark, "main")
    sync.sync()
    sync.reset()
    sync.sync()
    assert spark.table("kept").collect()[0]["x"] == 5
