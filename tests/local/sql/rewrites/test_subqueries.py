"""Subqueries in DELETE and UPDATE."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

CHANGES = [
    ("DELETE FROM w WHERE id IN (SELECT id FROM w WHERE g = 'b')", [1, 3]),
    ("DELETE FROM w WHERE id NOT IN (SELECT 1L UNION ALL SELECT 3L)", [1, 3]),
    # a null among the values makes NOT IN unknown for each row
    ("DELETE FROM w WHERE id NOT IN (SELECT 1L UNION ALL SELECT NULL)", [1, 2, 3]),
    ("DELETE FROM w WHERE id IN (SELECT 99L WHERE false)", [1, 2, 3]),
    ("DELETE FROM w WHERE id NOT IN (SELECT 99L WHERE false)", []),
    ("DELETE FROM w WHERE EXISTS (SELECT 1 FROM w b WHERE b.id = 77)", [1, 2, 3]),
    ("DELETE FROM w WHERE EXISTS (SELECT 1 FROM w b WHERE b.id = 1) AND id = 1", [2, 3]),
    ("DELETE FROM w WHERE d IN (SELECT DATE'2024-01-02')", [1, 3]),
    ("UPDATE w SET id = 7 WHERE id IN (SELECT 1L)", [2, 3, 7]),
]


@pytest.fixture
def table(spark, schema):
    spark.sql("CREATE TABLE w (id BIGINT, g STRING, d DATE)")
    spark.sql(
        "INSERT INTO w VALUES (1, 'a', DATE'2024-01-01'), (2, 'b', DATE'2024-01-02'), "
        "(3, 'a', DATE'2024-01-03')"
    )


@pytest.mark.parametrize(("text", "ids"), CHANGES)
def test_a_change(spark, table, text, ids):
    spark.sql(text)
    assert sorted(row.id for row in spark.table("w").collect()) == ids


def test_a_subquery_that_names_the_changed_table_is_refused(spark, table):
    with pytest.raises(AnalysisException, match="MERGE INTO") as refused:
        spark.sql("DELETE FROM w WHERE EXISTS (SELECT 1 FROM w b WHERE b.id = w.id)")
    assert refused.value.getCondition() == "DELTA_UNSUPPORTED_SUBQUERY"
    assert spark.table("w").count() == 3


def test_a_table_from_such_a_query(spark, table):
    spark.sql("CREATE TABLE c AS SELECT g, count(*) AS n FROM w GROUP BY ALL")
    assert sorted(map(tuple, spark.table("c").collect())) == [("a", 2), ("b", 1)]
    spark.sql("CREATE TABLE e CLUSTER BY (id) AS SELECT * EXCEPT (d) FROM w")
    assert spark.table("e").columns == ["id", "g"]
    spark.sql(
        "CREATE OR REPLACE TEMP VIEW latest AS SELECT * FROM w QUALIFY rank() OVER (ORDER BY id) = 1"
    )
    assert spark.table("latest").count() == 1
    spark.catalog.dropTempView("latest")
