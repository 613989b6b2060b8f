"""Temporary views read the rows that their tables have now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import Command, Relation

from lakelab.local.spark.temporary_views import created_view, names_in


@pytest.fixture
def t(spark, schema) -> Iterator[str]:
    """A table with one row; the views of the test are dropped after it."""
    spark.sql("CREATE TABLE t (id INT) USING DELTA")
    spark.sql("INSERT INTO t VALUES (1)")
    yield f"{schema}.t"
    for view in spark.temporary_views():
        spark.catalog.dropTempView(view)
    for view in ("v", "w"):
        spark.catalog.dropGlobalTempView(view)


def rows(spark, relation: str) -> list[int]:
    return sorted(row[0] for row in spark.sql(f"SELECT * FROM {relation}").collect())


CREATIONS = {
    "SQL": lambda spark: spark.sql("CREATE TEMP VIEW v AS SELECT * FROM t"),
    "SQL with columns": lambda spark: spark.sql("CREATE OR REPLACE TEMPORARY VIEW v (n) AS SELECT id FROM t"),
    "table": lambda spark: spark.table("t").createOrReplaceTempView("v"),
    "query": lambda spark: spark.sql("SELECT id FROM t WHERE id > 0").createTempView("v"),
    "full name": lambda spark: spark.table("t").where("id > 0").createOrReplaceTempView("V"),
}  # fmt: skip


@pytest.mark.parametrize("way", CREATIONS)
def test_a_view_sees_later_rows(spark, t, way):
    CREATIONS[way](spark)
    assert rows(spark, "v") == [1]
    spark.sql("INSERT INTO t VALUES (2)")
    assert rows(spark, "v") == [1, 2]
    spark.sql("DELETE FROM t WHERE id = 1")
    assert spark.table("v").count() == 1
    spark.sql("INSERT OVERWRITE t VALUES (5), (6), (7)")
    assert rows(spark, "V") == [5, 6, 7]


def test_a_global_view_sees_later_rows(spark, t):
    spark.table("t").createOrReplaceGlobalTempView("v")
    spark.sql("CREATE GLOBAL TEMPORARY VIEW w AS SELECT * FROM t")
    spark.sql("INSERT INTO t VALUES (2)")
    assert rows(spark, "global_temp.v") == rows(spark, "global_temp.w") == [1, 2]


def test_a_view_over_a_view_sees_later_rows_in_any_statement(spark, t):
    spark.sql("CREATE TEMP VIEW v AS SELECT * FROM t")
    spark.sql("CREATE TEMP VIEW w AS SELECT id + 10 AS id FROM v")
    spark.sql("INSERT INTO t VALUES (2)")
    spark.sql("CREATE TABLE copy AS SELECT * FROM w")
    spark.sql("INSERT INTO t VALUES (3)")
    spark.sql("MERGE INTO copy USING w ON copy.id = w.id WHEN NOT MATCHED THEN INSERT *")
    assert rows(spark, "copy") == [11, 12, 13]


def test_a_view_may_replace_the_view_that_it_reads(spark, t):
    spark.table("t").createOrReplaceTempView("v")
    spark.table("v").select((F.col("id") + 10).alias("id")).createOrReplaceTempView("v")
    spark.sql("INSERT INTO t VALUES (2)")
    assert rows(spark, "v") == [11, 12]
    spark.table("v").select((F.col("id") + 10).alias("id")).createOrReplaceTempView("v")
    spark.sql("INSERT INTO t VALUES (3)")
    assert rows(spark, "v") == [21, 22, 23]


def test_a_query_by_name_of_a_view_that_was_replaced_is_refused_after_a_change(spark, t):
    spark.table("t").createOrReplaceTempView("v")
    spark.sql("SELECT id + 10 AS id FROM v").createOrReplaceTempView("v")
    assert rows(spark, "v") == [11]
    spark.sql("INSERT INTO t VALUES (2)")
    with pytest.raises(AnalysisException) as raised:
        rows(spark, "v")
    assert raised.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
    spark.table("t").createOrReplaceTempView("v")
    assert rows(spark, "v") == [1, 2]


def test_a_dropped_view_does_not_come_back(spark, t):
    spark.table("t").createOrReplaceTempView("v")
    spark.sql("CREATE GLOBAL TEMPORARY VIEW w AS SELECT * FROM t")
    spark.catalog.dropTempView("v")
    spark.sql("DROP VIEW global_temp.w")
    spark.sql("INSERT INTO t VALUES (2)")
    for name in ("v", "global_temp.w"):
        with pytest.raises(AnalysisException) as raised:
            rows(spark, name)
        assert raised.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"


def test_the_schema_of_the_creation_counts(spark, t):
    spark.sql("CREATE TEMP VIEW v AS SELECT * FROM t")
    spark.sql("USE main.default")
    spark.sql(f"INSERT INTO {t} VALUES (2)")
    assert rows(spark, "v") == [1, 2]
    assert spark.catalog.currentDatabase() == "default"
    spark.sql(f"USE {t.rpartition('.')[0]}")


def test_a_view_keeps_its_columns(spark, t):
    spark.sql("CREATE TEMP VIEW v AS SELECT * FROM t")
    spark.table("t").createOrReplaceTempView("w")
    spark.sql("ALTER TABLE t ADD COLUMNS (more STRING)")
    spark.sql("INSERT INTO t VALUES (2, 'x')")
    for view in ("v", "w"):
        assert spark.table(view).columns == ["id"]
        assert rows(spark, view) == [1, 2]


def test_a_view_of_a_dropped_table_is_an_error(spark, t):
    spark.sql("CREATE TEMP VIEW v AS SELECT * FROM t")
    spark.sql("DROP TABLE t")
    with pytest.raises(AnalysisException) as raised:
        rows(spark, "v")
    assert raised.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    assert spark.sql("SELECT 1 AS one").first().one == 1


def test_a_view_of_a_path_sees_later_rows(spark, t, tmp_path):
    path = str(tmp_path / "delta")
    spark.range(1).write.format("delta").save(path)
    spark.read.format("delta").load(path).createOrReplaceTempView("v")
    spark.range(2).write.format("delta").mode("append").save(path)
    assert rows(spark, "v") == [0, 0, 1]


def test_rows_of_the_view_itself_stay(spark, t):
    spark.createDataFrame([(1,)], "id int").createOrReplaceTempView("v")
    spark.sql("INSERT INTO t VALUES (2)")
    assert rows(spark, "v") == [1]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TEMP VIEW `A b` AS SELECT 1", "a b"),
        ("CREATE GLOBAL TEMPORARY VIEW V AS SELECT 1", "global_temp.v"),
        ("CREATE VIEW v AS SELECT 1", None),
        ("SELECT 1", None),
    ],
)
def test_created_view(statement, name):
    command = Command()
    command.sql_command.sql = statement
    assert created_view(command) == name


def test_names_in():
    relation = Relation()
    relation.read.named_table.unparsed_identifier = "`A`.b"
    assert names_in(relation) == {"a.b"}
