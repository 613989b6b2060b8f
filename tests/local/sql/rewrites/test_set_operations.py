"""The columns of set operations have the common types of both sides."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.spark.session import LocalSparkSession


@pytest.mark.parametrize(
    ("query", "columns", "rows"),
    [
        ("SELECT 1 AS x UNION ALL SELECT 2L", [("x", "bigint")], [(1,), (2,)]),
        (
            "SELECT 1 AS x UNION ALL SELECT 2L UNION ALL SELECT 2.5",
            [("x", "decimal(21,1)")],
            [(Decimal("1.0"),), (Decimal("2.0"),), (Decimal("2.5"),)],
        ),
        ("SELECT 1 UNION ALL SELECT '2'", [("1", "bigint")], [(1,), (2,)]),
        (
            "SELECT DATE'2024-01-01' AS x UNION ALL SELECT TIMESTAMP'2024-01-02 12:00:00'",
            [("x", "timestamp")],
            [(datetime(2024, 1, 1),), (datetime(2024, 1, 2, 12),)],
        ),
        (
            "SELECT * FROM VALUES (1, 1) AS t(a, a) UNION ALL SELECT 2L, 3",
            [("a", "bigint"), ("a", "int")],
            [(1, 1), (2, 3)],
        ),
        (
            "(SELECT DISTINCT x FROM VALUES ('1'), ('01') AS t(x)) UNION ALL SELECT 2",
            [("x", "bigint")],
            [(1,), (1,), (2,)],
        ),
        (
            "WITH w AS (SELECT 1 AS x) SELECT * FROM w UNION SELECT x + 0.0 FROM w",
            [("x", "decimal(12,1)")],
            [(Decimal("1.0"),)],
        ),
        ("SELECT 1 AS x INTERSECT SELECT 1.0", [("x", "decimal(11,1)")], [(Decimal("1.0"),)]),
        ("SELECT 1 AS x EXCEPT SELECT 1.0D", [("x", "double")], []),
        (
            "SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2.5) WHERE x > 1",
            [("x", "decimal(11,1)")],
            [(Decimal("2.5"),)],
        ),
        ("SELECT NULL AS x UNION ALL SELECT 1", [("x", "int")], [(None,), (1,)]),
    ],
)
def test_types(
    spark: LocalSparkSession, query: str, columns: list[tuple[str, str]], rows: list[Any]
) -> None:
    frame = spark.sql(query)
    assert frame.dtypes == columns
    assert sorted(frame.collect(), key=str) == sorted(rows, key=str)


def test_refused(spark: LocalSparkSession) -> None:
    for query in ("SELECT 1 UNION SELECT true", "SELECT 1 EXCEPT SELECT array(1)"):
        with pytest.raises(AnalysisException) as refused:
            spark.sql(query)
        assert refused.value.getCondition() == "INCOMPATIBLE_COLUMN_TYPE"
    with pytest.raises(PySparkException) as invalid:
        spark.sql("SELECT 1 UNION ALL SELECT 'a'").collect()
    assert invalid.value.getCondition() == "CAST_INVALID_INPUT"
