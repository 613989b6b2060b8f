"""Views in plans of DataFrames, and in ``spark.catalog``."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def v(spark, schema):
    """A view over a table."""
    spark.sql("CREATE TABLE t (a INT, b STRING)")
    spark.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    spark.sql("CREATE VIEW v (a COMMENT 'the a', b) COMMENT 'about' AS SELECT a, b FROM t")
    return f"{schema}.v"


def test_dataframe_of_a_view(spark, v):
    frame = spark.table("V")
    assert frame.filter(frame.a > 1).select("v.b").collect() == [("y",)]
    spark.sql("INSERT INTO t VALUES (3, 'z')")
    assert frame.count() == 3
    assert frame.alias("k").join(spark.read.table(v), "a").count() == 3


def test_catalog(spark, v):
    schema = v.rpartition(".")[0]
    tables = {t.name: t.tableType for t in spark.catalog.listTables(schema)}
    assert tables["v"] == "VIEW"
    assert spark.catalog.tableExists(v)
    table = spark.catalog.getTable(v)
    assert (table.description, table.tableType, table.isTemporary) == ("about", "VIEW", False)
    columns = [(c.name, c.dataType, c.description) for c in spark.catalog.listColumns(v)]
    assert columns == [("a", "int", "the a"), ("b", "string", None)]
    spark.catalog.dropView(v)
    assert not spark.catalog.tableExists(v)


WRITES = {
    "TABLE_OR_VIEW_ALREADY_EXISTS": [
        lambda frame: frame.write.saveAsTable("v"),
    ],
    "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE": [
        lambda frame: frame.write.mode("overwrite").saveAsTable("v"),
        lambda frame: frame.write.mode("append").saveAsTable("v"),
        lambda frame: frame.write.insertInto("v"),
        lambda frame: frame.writeTo("v").append(),
        lambda frame: frame.writeTo("v").createOrReplace(),
    ],
}


@pytest.mark.parametrize(
    ("condition", "write"), [(c, write) for c, writes in WRITES.items() for write in writes]
)
def test_writes_are_refused(spark, v, condition, write):
    with pytest.raises(AnalysisException) as caught:
        write(spark.table("t"))
    assert caught.value.getCondition() == condition
    assert spark.table("v").count() == 2


@pytest.mark.parametrize(
    "read",
    [
        lambda spark: spark.read.option("versionAsOf", 0).table("v"),
        lambda spark: spark.table("v@v0"),
    ],
)
def test_time_travel_is_refused(spark, v, read):
    with pytest.raises(AnalysisException) as caught:
        read(spark).collect()
    assert caught.value.getCondition() == "UNSUPPORTED_FEATURE.TIME_TRAVEL"


def test_other_process_sees_the_view(spark, v, home):
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.spark.session import start_spark\n"
        "from lakelab.local.system.home import Home\n"
        "spark = start_spark(Home.at(Path(sys.argv[1])))\n"
        "print(sorted(tuple(row) for row in spark.table(sys.argv[2]).collect()), flush=True)\n"
        "spark.sql(f'CREATE OR REPLACE VIEW {sys.argv[2]} AS SELECT 7 AS x')\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.root), v], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[(1, 'x'), (2, 'y')]\n"
    assert spark.table(v).collect() == [(7,)]
