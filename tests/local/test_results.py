"""Results as DataFrames: fetched from their file, they are what the engine would send."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pyarrow as pa
import pytest

from lakelab.local.results import as_dataframe
from lakelab.local.spark import LocalSparkSession

DAY = datetime.datetime(2024, 1, 1, 12)
TABLE = pa.table(
    {
        "int": pa.array([1, None], pa.int32()),
        "byte": pa.array([1, None], pa.int8()),
        "double": [1.5, None],
        "float": pa.array([1.5, None], pa.float32()),
        "text": ["a", None],
        "long_text": pa.array(["a", None], pa.large_string()),
        "bool": [True, None],
        "bytes": [b"1", None],
        "date": [DAY.date(), None],
        "instant": pa.array([DAY, None], pa.timestamp("us", "UTC")),
        "local": pa.array([DAY, None], pa.timestamp("us")),
        "decimal": pa.array([decimal.Decimal("1.20"), None], pa.decimal128(10, 2)),
        "list": [[1, None], None],
        "struct": [{"a": 1, "b": "x"}, None],
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
)


def _asked(spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give a list that gets an entry each time that the engine is asked for rows."""
    asked: list[Any] = []
    fetch = spark.client._execute_and_fetch_as_iterator

    def seen(*args: Any, **kwargs: Any) -> Any:
        asked.append(args)
        return fetch(*args, **kwargs)

    monkeypatch.setattr(spark.client, "_execute_and_fetch_as_iterator", seen)
    return asked


def test_the_file_gives_what_the_engine_gives(
    spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    df = as_dataframe(spark, TABLE)
    asked = _asked(spark, monkeypatch)
    direct = df.toPandas(), df.toArrow(), df.collect()
    assert not asked
    spark.results.clear()
    by_engine = df.toPandas(), df.toArrow(), df.collect()
    assert len(asked) == 3
    assert str(direct[0].dtypes) == str(by_engine[0].dtypes)
    assert direct[0].astype(str).equals(by_engine[0].astype(str))
    assert direct[1].equals(by_engine[1])
    assert direct[1].schema == by_engine[1].schema
    assert direct[2] == by_engine[2]


def test_what_is_derived_from_a_result_is_computed_by_the_engine(
    spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    df = as_dataframe(spark, pa.table({"flight": [1, 2, 3]}))
    asked = _asked(spark, monkeypatch)
    assert df.where("flight > 1").count() == 2
    assert df.limit(1).collect()[0].flight == 1
    assert df.select((df.flight + 1).alias("next")).toPandas()["next"].tolist() == [2, 3, 4]
    assert len(asked) == 3


def test_a_file_of_somebody_else_is_read_by_the_engine(
    spark: LocalSparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    df = as_dataframe(spark, pa.table({"flight": [1]}))
    spark.results.clear()
    asked = _asked(spark, monkeypatch)
    assert df.collect()[0].flight == 1
    assert len(asked) == 1
