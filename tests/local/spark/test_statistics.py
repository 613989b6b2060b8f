"""NaN stays NaN in tables of all writers, whatever statements change the rows beside it."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.feature_engineering import FeatureEngineeringClient

NAN = math.nan
ROWS = [(1, NAN, NAN), (2, 5.0, 5.0)]
"""The statistics of a file with these rows say that both numbers are always 5.0."""
COLUMNS = "id int, x double, f float"
VALUES = "VALUES (1, double('NaN'), float('NaN')), (2, 5D, 5F)"


def frame(spark):
    return spark.createDataFrame(ROWS, COLUMNS).coalesce(1)


def arrow():
    floats = pa.array([NAN, 5.0], pa.float32())
    return pa.table({"id": pa.array([1, 2], pa.int32()), "x": [NAN, 5.0], "f": floats})


def insert(spark, definition=f"({COLUMNS})"):
    spark.sql(f"CREATE TABLE t {definition}")
    spark.sql(f"INSERT INTO t {VALUES}")


def replace(spark):
    spark.sql("CREATE TABLE t (x INT) TBLPROPERTIES ('team' = 'ml')")
    spark.sql(f"CREATE OR REPLACE TABLE t AS SELECT * FROM {VALUES} AS v(id, x, f)")


def replace_columns(spark):
    spark.sql("CREATE TABLE t AS SELECT 1 AS x")
    frame(spark).write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("t")


def merge_columns(spark):
    spark.sql("CREATE TABLE t (id INT)")
    frame(spark).write.mode("append").option("mergeSchema", "true").saveAsTable("t")


def merge(spark):
    spark.sql(f"CREATE TABLE t ({COLUMNS})")
    frame(spark).createOrReplaceTempView("rows_of_nan")
    spark.sql("MERGE INTO t USING rows_of_nan s ON t.id = s.id WHEN NOT MATCHED THEN INSERT *")
    spark.catalog.dropTempView("rows_of_nan")


def update(spark):
    insert(spark)
    spark.sql("UPDATE t SET x = -x, f = -f")
    spark.sql("UPDATE t SET x = -x, f = -f WHERE id > 0")


def rename(spark):
    spark.sql(f"CREATE TABLE former AS SELECT * FROM {VALUES} AS v(id, x, f)")
    spark.sql("ALTER TABLE former RENAME TO t")


def feature_table(spark):
    client = FeatureEngineeringClient()
    client.create_table(name="t", primary_keys="id", df=frame(spark))


def feature_write(spark):
    client = FeatureEngineeringClient()
    client.create_table(name="t", primary_keys="id", schema=frame(spark).schema)
    client.write_table(name="t", df=frame(spark))


def partitioned_feature_write(spark):
    client = FeatureEngineeringClient()
    data = frame(spark).selectExpr("*", "'a' AS p")
    client.create_table(name="t", primary_keys="id", schema=data.schema, partition_columns="p")
    client.write_table(name="t", df=data)


def delta_rs(spark):
    write_deltalake(spark.unity.path(spark.resolve("t")), arrow())


def delta_rs_append(spark):
    spark.sql(f"CREATE TABLE t ({COLUMNS})")
    write_deltalake(spark.unity.path(spark.resolve("t")), arrow(), mode="append")


def delta_rs_checkpoint(spark):
    delta_rs(spark)
    DeltaTable(spark.unity.path(spark.resolve("t"))).create_checkpoint()


def delta_rs_partitioned(spark):
    data = arrow().append_column("p", pa.array(["a b", "a b"]))
    write_deltalake(spark.unity.path(spark.resolve("t")), data, partition_by=["p"])


def optimize(spark):
    spark.sql(f"CREATE TABLE t ({COLUMNS})")
    for row in ("(1, double('NaN'), float('NaN'))", "(2, 5D, 5F)"):
        spark.sql(f"INSERT INTO t VALUES {row}")
    spark.sql("OPTIMIZE t")


def z_order(spark):
    insert(spark)
    spark.sql("OPTIMIZE t ZORDER BY (id)")


def restore(spark):
    delta_rs(spark)
    spark.table("t").count()  # registered, and without statistics
    spark.sql("DELETE FROM t WHERE id = 2")
    spark.sql("RESTORE TABLE t TO VERSION AS OF 0")


WRITERS = {
    "CREATE TABLE and INSERT": insert,
    "PARTITIONED BY": lambda spark: insert(spark, f"({COLUMNS}) PARTITIONED BY (id)"),
    "property of the user": lambda spark: insert(
        spark, f"({COLUMNS}) TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '5')"
    ),
    "CREATE TABLE AS SELECT": lambda spark: spark.sql(
        f"CREATE TABLE t AS SELECT * FROM {VALUES} AS v(id, x, f)"
    ),
    "CREATE OR REPLACE TABLE": replace,
    "saveAsTable": lambda spark: frame(spark).write.saveAsTable("t"),
    "saveAsTable with a property": lambda spark: (
        frame(spark).write.option("delta.dataSkippingNumIndexedCols", "5").saveAsTable("t")
    ),
    "overwriteSchema": replace_columns,
    "mergeSchema": merge_columns,
    "writeTo": lambda spark: frame(spark).writeTo("t").create(),
    "MERGE": merge,
    "UPDATE": update,
    "RENAME": rename,
    "OPTIMIZE": optimize,
    "ZORDER": z_order,
    "RESTORE": restore,
    "fe.create_table": feature_table,
    "fe.write_table": feature_write,
    "fe.write_table to partitions": partitioned_feature_write,
    "delta-rs": delta_rs,
    "delta-rs, append": delta_rs_append,
    "delta-rs, checkpoint": delta_rs_checkpoint,
    "delta-rs, partitions": delta_rs_partitioned,
}


def rows(spark, query):
    """Return the rows of a query with NaN as text, which equals itself."""
    return [tuple(str(value) for value in row) for row in spark.sql(query).collect()]


SELECTED = {
    "x > 100": 1,
    "f > 100": 1,
    "x <> 5": 1,
    "x = double('NaN')": 1,
    "isnan(f)": 1,
    "x IN (double('NaN'), 7D)": 1,
    "NOT x <= 100": 1,
    "x = 5": 2,
    "f BETWEEN 4 AND 6": 2,
}
"""Conditions, and the id of the only row for which each is true."""


def check(spark, table):
    """Check what queries read from a table with `ROWS`."""
    assert rows(spark, f"SELECT id, x, f FROM {table} ORDER BY id") == [
        ("1", "nan", "nan"),
        ("2", "5.0", "5.0"),
    ]
    selects = [
        f"SELECT {number} AS n, CAST(id AS BIGINT) FROM {table} WHERE {condition}"
        for number, condition in enumerate(SELECTED)
    ]
    expected = [(str(number), str(id_)) for number, id_ in enumerate(SELECTED.values())]
    assert rows(spark, " UNION ALL ".join(selects) + " ORDER BY n") == expected
    aggregates = "SELECT max(x), min(x), max(f), count(x), count(DISTINCT x) FROM"
    assert rows(spark, f"{aggregates} {table}") == [("nan", "5.0", "nan", "2", "2")]


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_nan_stays_nan_beside_changed_rows(spark, schema, writer):
    writer(spark)
    check(spark, "t")
    spark.sql("MERGE INTO t USING (SELECT 2 AS k) s ON id = k WHEN MATCHED THEN UPDATE SET x = 6")
    spark.sql("UPDATE t SET f = 7 WHERE id = 2")
    spark.sql("DELETE FROM t WHERE id = 3")
    assert rows(spark, "SELECT id, x, f FROM t ORDER BY id") == [
        ("1", "nan", "nan"),
        ("2", "6.0", "7.0"),
    ]
    spark.sql("DELETE FROM t WHERE x > 100")
    assert rows(spark, "SELECT id FROM t") == [("2",)]


def test_order_and_joins(spark, schema):
    insert(spark)
    assert rows(spark, "SELECT id FROM t ORDER BY x DESC LIMIT 1") == [("1",)]
    assert rows(spark, "SELECT count(*) FROM t a JOIN t b ON a.x = b.x") == [("2",)]


def test_another_process_reads_the_same(spark, schema, home):
    insert(spark)
    spark.sql("UPDATE t SET id = 3 WHERE id = 2")
    write_deltalake(spark.unity.path(spark.resolve("theirs")), arrow())
    program = (
        "from pathlib import Path\n"
        "from lakelab.local.system.home import Home; from lakelab.local.spark.session import start_spark\n"
        f"spark = start_spark(Home(Path({str(home.root)!r})).prepare())\n"
        "for table in ('t', 'theirs'):\n"
        f"    rows = spark.table('{schema}.' + table).where('x > 100').collect()\n"
        "    print([tuple(row) for row in rows])\n"
        f"spark.sql('UPDATE {schema}.theirs SET id = 3 WHERE id = 2')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["[(1, nan, nan)]"] * 2
    for table in ("t", "theirs"):
        assert rows(spark, f"SELECT * FROM {table} ORDER BY id")[0] == ("1", "nan", "nan")


def test_files_read_by_path(spark, tmp_path):
    pq.write_table(arrow(), tmp_path / "by_pyarrow.parquet")
    frame(spark).write.parquet(str(tmp_path / "by_spark"))
    for name in ("by_pyarrow.parquet", "by_spark"):
        check(spark, f"parquet.`{tmp_path / name}`")
        assert spark.read.parquet(str(tmp_path / name)).where("f > 100").count() == 1


def test_a_folder_written_as_delta(spark, tmp_path):
    path = str(tmp_path / "folder")
    frame(spark).write.format("delta").save(path)
    check(spark, f"delta.`{path}`")
    assert spark.read.format("delta").load(path).where("x > 100").count() == 1


def test_pages_and_row_groups_with_nan_are_not_skipped(spark, tmp_path):
    numbers = np.arange(20_000) / 10
    numbers[15_000] = NAN
    pq.write_table(
        pa.table({"x": numbers}), tmp_path / "p.parquet", row_group_size=5_000,
        data_page_size=1_024, write_page_index=True,
    )  # fmt: skip
    assert spark.read.parquet(str(tmp_path / "p.parquet")).where("x > 1e9").count() == 1


def test_nan_in_nested_columns(spark, schema):
    spark.sql("CREATE TABLE t (id INT, s STRUCT<x: DOUBLE>, a ARRAY<DOUBLE>)")
    spark.sql(
        "INSERT INTO t VALUES (1, named_struct('x', double('NaN')), array(double('NaN'))), "
        "(2, named_struct('x', 5D), array(5D))"
    )
    spark.sql("UPDATE t SET id = 3 WHERE id = 2")
    assert rows(spark, "SELECT s.x, a[0] FROM t ORDER BY id") == [("nan", "nan"), ("5.0", "5.0")]
    assert rows(spark, "SELECT id FROM t WHERE s.x > 100") == [("1",)]


def test_zeros_infinities_and_nulls(spark, schema):
    spark.sql("CREATE TABLE t (id INT, x DOUBLE)")
    spark.sql(
        "INSERT INTO t VALUES (1, -0D), (2, 0D), (3, double('Infinity')), (4, double('-Infinity')), "
        "(5, null), (6, double('NaN'))"
    )
    spark.sql("UPDATE t SET id = id + 10")
    assert rows(spark, "SELECT id - 10, x FROM t ORDER BY id") == [
        ("1", "-0.0"), ("2", "0.0"), ("3", "inf"), ("4", "-inf"), ("5", "None"), ("6", "nan"),
    ]  # fmt: skip
    assert rows(spark, "SELECT id - 10 FROM t WHERE x = 0 ORDER BY id") == [("1",), ("2",)]
    assert rows(spark, "SELECT id - 10 FROM t WHERE x > 1e300 ORDER BY id") == [("3",), ("6",)]


def test_the_property_is_internal(spark, schema):
    insert(spark)
    name = "delta.dataSkippingNumIndexedCols"
    assert spark.sql("SHOW TBLPROPERTIES t").count() == 0
    assert name not in spark.sql("SHOW CREATE TABLE t").collect()[0][0]
    assert spark.sql("DESCRIBE DETAIL t").collect()[0]["properties"] == {}
    history = spark.sql("DESCRIBE HISTORY t").collect()
    assert [row["version"] for row in history] == [1, 0]
    assert name not in json.dumps([row["operationParameters"] for row in history])


def test_a_user_sets_and_sees_the_properties_for_data_skipping(spark, schema):
    insert(spark, f"({COLUMNS}) TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '5')")
    spark.sql("ALTER TABLE t SET TBLPROPERTIES ('delta.dataSkippingStatsColumns' = 'id')")
    shown = {row["key"]: row["value"] for row in spark.sql("SHOW TBLPROPERTIES t").collect()}
    assert shown == {
        "delta.dataSkippingNumIndexedCols": "5",
        "delta.dataSkippingStatsColumns": "id",
    }
    spark.sql("ALTER TABLE t UNSET TBLPROPERTIES ('delta.dataSkippingNumIndexedCols')")
    spark.sql("INSERT INTO t VALUES (3, double('NaN'), float('NaN')), (4, 5D, 5F)")
    assert rows(spark, "SELECT x FROM t WHERE id = 3") == [("nan",)]


def test_a_table_of_integers_by_another_program_gets_no_commit(spark, schema):
    path = spark.unity.path(spark.resolve("t"))
    write_deltalake(path, pa.table({"id": [1, 2]}))
    assert spark.table("t").count() == 2
    assert DeltaTable(path).version() == 0


def test_a_table_that_cannot_be_changed_is_named(spark, schema):
    path = spark.unity.path(spark.resolve("t"))
    write_deltalake(path, arrow())
    commit = path / "_delta_log" / f"{0:020}.json"
    protocol = {
        "minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["icebergCompatV1"],
    }  # fmt: skip
    lines = [json.loads(line) for line in commit.read_text().splitlines()]
    changed = [{"protocol": protocol} if "protocol" in line else line for line in lines]
    commit.write_text("\n".join(map(json.dumps, changed)))
    with pytest.warns(UserWarning, match=r"\.t has statistics .* feature icebergCompatV1"):
        spark.sync()


def test_nan_of_pandas_is_null_as_spark_s_own_client_converts_it(spark):
    """All other sources keep NaN."""
    column = pd.DataFrame({"x": [1.0, NAN]})
    assert spark.createDataFrame(column).collect()[1]["x"] is None
    for data in (np.array([[NAN]]), pa.table({"x": [NAN]}), [(NAN,)]):
        assert math.isnan(spark.createDataFrame(data).collect()[0][0])
        assert math.isnan(spark.createDataFrame(data).toPandas().iloc[0, 0])
