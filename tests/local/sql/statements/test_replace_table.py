"""``CREATE OR REPLACE TABLE`` is one commit, or none."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException


@pytest.fixture
def old(spark, schema):
    """A table with a key, a CHECK, a comment, a tag and one row."""
    spark.sql("CREATE TABLE o (a INT NOT NULL PRIMARY KEY) COMMENT 'old'")
    spark.sql("INSERT INTO o VALUES (1)")
    spark.sql("ALTER TABLE o ADD CONSTRAINT positive CHECK (a > 0)")
    spark.sql("ALTER TABLE o SET TAGS ('team' = 'ml')")
    return spark.unity.table(spark.resolve("o"))


NEW = {
    "query": "CREATE OR REPLACE TABLE o COMMENT 'new' TBLPROPERTIES ('quality' = 'gold') AS SELECT 2.5D AS b",
    "columns": "CREATE OR REPLACE TABLE o (b DOUBLE) COMMENT 'new' TBLPROPERTIES ('quality' = 'gold')",
}


@pytest.mark.parametrize("how", NEW)
def test_a_table_is_replaced_in_one_commit(spark, old, how):
    spark.sql(NEW[how])
    table = spark.unity.table(old.name)
    assert table.version == old.version + 1
    assert (table.primary_key, table.checks, table.comment) == (None, {}, "new")
    assert (table.tags, table.properties["quality"]) == ({"team": "ml"}, "gold")
    assert [(f["name"], f["nullable"]) for f in table.fields] == [("b", True)]
    assert [r.b for r in spark.table("o").collect()] == ([2.5] if how == "query" else [])
    spark.sql("INSERT INTO o VALUES (-1.5)")
    assert spark.table("o").count() == (2 if how == "query" else 1)


FAILURES = {
    "at a row": "CREATE OR REPLACE TABLE o AS SELECT 1 / id AS b FROM range(2)",
    "at the definition": "CREATE OR REPLACE TABLE o (b INTERVAL DAY)",
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_leaves_the_table_and_no_scratch_file(spark, old, failure):
    before = sorted(spark.home.scratch.iterdir())
    with pytest.raises(PySparkException):
        spark.sql(failure)
    table = spark.unity.table(old.name)
    assert (table.version, table.checks, table.comment) == (old.version, old.checks, "old")
    assert [tuple(row) for row in spark.table("o").collect()] == [(1,)]
    assert sorted(spark.home.scratch.iterdir()) == before
    assert [row.tableName for row in spark.sql("SHOW TABLES").collect()] == ["o"]


@pytest.mark.parametrize("how", NEW)
def test_rows_of_a_table_that_allows_appends_only_are_kept(spark, old, how):
    spark.sql("ALTER TABLE o SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
    with pytest.raises(PySparkException) as refused:
        spark.sql(NEW[how])
    assert refused.value.getCondition() == "DELTA_CANNOT_MODIFY_APPEND_ONLY"
    assert [tuple(row) for row in spark.table("o").collect()] == [(1,)]
