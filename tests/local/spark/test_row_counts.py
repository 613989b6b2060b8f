"""Rows that a statement changed, in Databricks' columns; the statements' own tests have more of them."""

from __future__ import annotations

import pytest

from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.row_counts import commit_of


@pytest.fixture
def five(spark, schema):
    """The name of a table with the keys 0 to 4."""
    spark.sql("CREATE TABLE five AS SELECT id AS k, 0L AS v FROM range(5)")
    return spark.resolve("five")


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("INSERT INTO five VALUES (7, 7), (8, 8)", (2, 2)),
        ("UPDATE five SET v = 1 WHERE k < 2", (2,)),
        ("UPDATE five SET v = 1 WHERE k > 99", (0,)),
        ("DELETE FROM five WHERE k = 4", (1,)),
        ("DELETE FROM five WHERE k = 99", (0,)),
        (
            "MERGE INTO five USING (SELECT explode(array(3L, 4L, 5L)) AS k) s ON five.k = s.k "
            "WHEN MATCHED AND s.k = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 1 "
            "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, 1)",
            (3, 1, 1, 1),
        ),
    ],
)
def test_rows_that_were_only_copied_do_not_count(spark, five, statement, counts):
    assert tuple(spark.sql(statement).collect()[0]) == counts


def test_the_commit_of_an_operation_is_the_newest_since_a_snapshot(spark, five):
    before = LogSnapshot.read(spark.unity.path(five))
    assert commit_of(before, "UPDATE") is None
    spark.sql("UPDATE five SET v = 1 WHERE k = 1")
    version = spark.unity.table(five).version
    spark.sql("INSERT INTO five VALUES (9, 9)")
    assert commit_of(before, "UPDATE") == version
    assert commit_of(LogSnapshot.read(before.folder), "UPDATE") is None
