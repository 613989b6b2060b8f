"""``OPTIMIZE``."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.errors import ParseException

from tests.local.sql.statement_rows import ANY, NO_TABLE, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row(
        "OPTIMIZE t",
        "path metrics",
        None,
        then={"SELECT id FROM t": [(1,), (2,)], "DESCRIBE DETAIL t": [(*[ANY] * 9, 1, *[ANY] * 5)]},
    ),
    Row("optimize {s}.t zorder by (`x`, id);", "path metrics", None),
]
REFUSALS = [
    Refusal(
        "OPTIMIZE new",
        "DELTA_UNSUPPORTED_FEATURES_FOR_WRITE",
        "IdentityColumns.*does not write",
        given=(
            "CREATE TABLE new (a BIGINT GENERATED ALWAYS AS IDENTITY, b INT)",
            "INSERT INTO new (b) VALUES (1)",
            "INSERT INTO new (b) VALUES (2)",
        ),
    ),
    Refusal(
        "OPTIMIZE n ZORDER BY (a)",
        "DELTA_CLUSTERING_WITH_ZORDER_BY",
        r"remove ZORDER BY \(a\)",
        given=("ALTER TABLE n CLUSTER BY (a)",),
    ),
    Refusal("OPTIMIZE absent", NO_TABLE, "absent"),
    Refusal("OPTIMIZE t WHERE x > 1", None, "without WHERE", ParseException),
    Refusal("OPTIMIZE t ZORDER BY (y)", "DELTA_ZORDERING_COLUMN_DOES_NOT_EXIST", "column 'y'"),
    Refusal(
        "OPTIMIZE parted ZORDER BY (a)",
        "DELTA_ZORDERING_ON_PARTITION_COLUMN",
        "is a partition column",
        given=("CREATE TABLE parted (a INT, b INT) USING DELTA PARTITIONED BY (a)",),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_compacts_files_and_zorder_sorts_rows(spark, fresh_schema):
    for first in (2, 0, 1):
        values = [(n, -n) for n in range(299 + first, -1 + first, -3)]
        spark.createDataFrame(values, "a int, b int").write.mode("append").saveAsTable("shuffled")
    row = spark.sql("OPTIMIZE shuffled ZORDER BY (a)").first()
    assert Path(row["path"]).parent.name == "shuffled"
    assert (row["metrics"]["numFilesAdded"], row["metrics"]["numFilesRemoved"]) == (1, 3)
    assert row["metrics"]["filesRemoved"]["totalFiles"] == 3
    assert spark.table("shuffled").toPandas()["a"].is_monotonic_increasing
    spark.sql("OPTIMIZE shuffled ZORDER BY (b)")
    assert spark.table("shuffled").toPandas()["b"].is_monotonic_increasing
    again = spark.sql("OPTIMIZE n").first()["metrics"]
    assert (again["numFilesAdded"], again["filesAdded"]) == (0, None)
