"""INSERT that replaces rows, or names partitions."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

ROWS = {(1, "a", 1.0), (2, "b", 2.0), (3, "a", None), (4, None, 4.0)}


@pytest.fixture
def table(spark, schema):
    """A table with partitions."""
    spark.sql("CREATE TABLE t (id BIGINT, g STRING, x DOUBLE) PARTITIONED BY (g)")
    spark.sql("INSERT INTO t VALUES (1,'a',1.0),(2,'b',2.0),(3,'a',NULL),(4,NULL,4.0)")


STATEMENTS = {
    "INSERT INTO t REPLACE WHERE g = 'a' SELECT 9, 'a', 9.0": {2, 4, 9},
    "INSERT /* x */ INTO t REPLACE WHERE G = 'a' VALUES (9, 'a', 9.0D) -- y": {2, 4, 9},
    "INSERT INTO t (x, id, g) REPLACE WHERE g = 'a' SELECT 9.0, 9, 'a'": {2, 4, 9},
    "WITH q AS (SELECT 9, 'a', 9.0) INSERT INTO t REPLACE WHERE g = 'a' SELECT * FROM q": {2, 4, 9},
    "INSERT OVERWRITE t SELECT 9, 'a', 9.0": {9},
    "INSERT OVERWRITE t PARTITION (g = 'a') SELECT 9, 9.0": {2, 4, 9},
    "INSERT OVERWRITE t PARTITION (G = 'a') (x, id) SELECT 9.0, 9": {2, 4, 9},
    "INSERT OVERWRITE t PARTITION (g) SELECT 9, 'a', 9.0": {9},
    "INSERT INTO t PARTITION (g = 'a') SELECT 9, 9.0": {1, 2, 3, 4, 9},
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_which_rows_are_replaced(spark, table, statement):
    (answer,) = spark.sql(statement).collect()
    assert set(answer) == {1}  # the number of inserted rows, in each column
    rows = {tuple(row) for row in spark.table("t").collect()}
    assert {row[0] for row in rows} == STATEMENTS[statement]
    assert (9, "a", 9.0) in rows


def test_the_setting_of_the_session_makes_it_dynamic(spark, table):
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        spark.sql("INSERT OVERWRITE t SELECT 9, 'a', 9.0")
    finally:
        spark.conf.unset("spark.sql.sources.partitionOverwriteMode")
    assert {row["id"] for row in spark.table("t").collect()} == {2, 4, 9}


REFUSED = {
    "INSERT INTO t REPLACE WHERE g = 'a' SELECT 9, 'b', 9.0": "DELTA_REPLACE_WHERE_MISMATCH",
    "INSERT INTO t REPLACE WHERE g = 'a' SELECT 9, NULL, 9.0": "DELTA_REPLACE_WHERE_MISMATCH",
    "INSERT INTO t REPLACE USING (g) SELECT 9, 'a', 9.0": "UNSUPPORTED_FEATURE",
    "INSERT OVERWRITE t PARTITION (id = 1) SELECT 'a', 9.0": "NON_PARTITION_COLUMN",
    "INSERT OVERWRITE t SELECT 9": "DELTA_INSERT_COLUMN_ARITY_MISMATCH",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_what_is_refused_changes_no_row(spark, table, statement):
    with pytest.raises(AnalysisException) as refused:
        spark.sql(statement)
    assert refused.value.getCondition() == REFUSED[statement]
    assert {tuple(row) for row in spark.table("t").collect()} == ROWS


def test_an_overwrite_keeps_the_checks_of_the_table(spark, table):
    spark.sql("ALTER TABLE t ADD CONSTRAINT small CHECK (id < 100)")
    with pytest.raises(AnalysisException, match="small"):
        spark.sql("INSERT OVERWRITE t SELECT 200, 'a', 9.0")
    assert {tuple(row) for row in spark.table("t").collect()} == ROWS


def test_default_stands_for_the_value_of_the_column(spark, schema):
    spark.sql(
        "CREATE TABLE d (id BIGINT, g STRING DEFAULT concat('a', 'b'), x DOUBLE) "
        "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
    )
    for insert in ("OVERWRITE d", "INTO d REPLACE WHERE g = 'ab'", "OVERWRITE d (x, g, id)"):
        spark.sql(f"INSERT {insert} VALUES (9, DEFAULT, DEFAULT), (9, 'ab', NULL)")
        rows = [row["g"] for row in spark.table("d").collect()]
        assert rows == ["ab", "ab"]


def test_default_of_computed_values_is_refused(spark, schema):
    spark.sql("CREATE TABLE d (id BIGINT GENERATED ALWAYS AS IDENTITY, g STRING)")
    with pytest.raises(AnalysisException, match="the table computes its values"):
        spark.sql("INSERT OVERWRITE d VALUES (DEFAULT, 'a')")
