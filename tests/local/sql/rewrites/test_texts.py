"""Values as texts: as Spark writes them, not as the engine does."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import scalar


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("CAST(1e20D AS STRING)", "1.0E20"),
        ("string(1e7D)", "1.0E7"),
        ("9999999.5D::STRING", "9999999.5"),
        ("CAST(1e-3D AS STRING)", "0.001"),
        ("CAST(1e-4D AS STRING)", "1.0E-4"),
        ("CAST(0.1F AS STRING)", "0.1"),
        ("CAST(DOUBLE('-inf') AS STRING)", "-Infinity"),
        ("CAST(DOUBLE('nan') AS STRING)", "NaN"),
        ("CAST(CAST(NULL AS DOUBLE) AS STRING)", None),
        ("CAST(1e20D AS VARCHAR(9))", "1.0E20"),
        ("TRY_CAST(1e20D AS STRING)", "1.0E20"),
        ("concat('a', 1e20D)", "a1.0E20"),
        ("1e20D || 'a' || 1e-5D", "1.0E20a1.0E-5"),
        ("concat_ws(',', 1e20D, array('a'))", "1.0E20,a"),
        ("format_string('%2$s %1$.1f %%', 1e9D, 1e20D)", "1.0E20 1000000000.0 %"),
        ("lpad(1e20D, 8, '*')", "**1.0E20"),
        ("CAST(array(1, NULL) AS STRING)", "[1, null]"),
        ("CAST(array(array(1e20D), NULL) AS STRING)", "[[1.0E20], null]"),
        ("CAST(map('a', 1.5D, 'b', NULL) AS STRING)", "{a -> 1.5, b -> null}"),
        ("CAST(named_struct('a', NULL, 'b', array(X'41')) AS STRING)", "{null, [A]}"),
        ("CAST(CAST(NULL AS ARRAY<INT>) AS STRING)", None),
        ("CAST(array() AS STRING)", "[]"),
        ("CAST(parse_json('\"x\"') AS STRING)", "x"),
        ("CAST(parse_json('{\"a\":[1,null]}') AS STRING)", '{"a":[1,null]}'),
        ("CAST(parse_json('null') AS STRING)", None),
    ],
)
def test_text(spark: LocalSparkSession, expression: str, text: str | None) -> None:
    assert scalar(spark, expression) == text


def test_null_of_a_struct_is_null(spark: LocalSparkSession) -> None:
    rows = spark.sql("SELECT CAST(s AS STRING) FROM VALUES (named_struct('a', 1)), (NULL) t(s)")
    assert {text for (text,) in rows.collect()} == {"{1}", None}


def test_in_each_clause(spark: LocalSparkSession) -> None:
    rows = spark.sql(
        "SELECT x::STRING, count(*) AS n FROM VALUES (1e20D), (1e20D), (1e-5D) t(x) WHERE x::STRING LIKE '1.0E%' "
        "GROUP BY x::STRING HAVING x::STRING <> '' ORDER BY x::STRING"
    )
    assert rows.columns == ["x", "n"]
    assert rows.collect() == [("1.0E-5", 1), ("1.0E20", 2)]


def test_in_a_lambda(spark: LocalSparkSession) -> None:
    assert scalar(spark, "transform(array(1e20D, NULL), e -> CAST(e AS STRING))") == [
        "1.0E20",
        None,
    ]


def test_arrays_stay_arrays(spark: LocalSparkSession) -> None:
    assert scalar(spark, "concat(array(1D), reverse(array(2D)))") == [1.0, 2.0]


def test_of_a_dataframe(spark: LocalSparkSession) -> None:
    frame = spark.sql("SELECT 1e20D AS a, array(1e20D, NULL) AS b")
    row = frame.select(
        F.col("a").cast("string"),
        F.col("a").cast(T.StringType()),
        F.col("a").try_cast("string"),
        F.concat("a", F.lit("x")),
        F.col("b").cast("string"),
        F.expr("concat(a, 'x')").alias("c"),
        (F.expr("a || 'y'") == "1.0E20y"),
    ).first()
    assert row is not None
    assert list(row) == ["1.0E20"] * 3 + ["1.0E20x", "[1.0E20, null]", "1.0E20x", True]


def test_other_texts_are_not_rewritten(
    spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    engine_sql = spark.engine_sql
    monkeypatch.setattr(
        spark, "engine_sql", lambda query, *a, **k: asked.append(query) or engine_sql(query)
    )
    spark.sql("SELECT CAST(1 AS STRING), concat('a', 'b'), CAST(CAST('1' AS INT) AS STRING) AS c")
    assert asked == [
        "SELECT CAST(1 AS STRING), concat('a', 'b'), CAST(CAST('1' AS INT) AS STRING) AS c"
    ]
