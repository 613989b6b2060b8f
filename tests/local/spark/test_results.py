"""What was computed beside the engine, as a DataFrame."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa

from lakelab.local.spark.results import as_dataframe
from lakelab.local.spark.session import LocalSparkSession

DAY = datetime.datetime(2024, 1, 1, 12)


def test_rows_keep_their_order_and_types(spark: LocalSparkSession) -> None:
    rows = 50_000  # more than the engine sends at once
    table = pa.table(
        {
            "flight": np.random.default_rng(7).permutation(rows),
            "origin": ["JFK", None] * (rows // 2),
            "at": pa.array([DAY] * rows, pa.timestamp("us", "UTC")),
            "delays": [[1, None]] * rows,
        }
    )
    df = as_dataframe(spark, table)
    assert df.dtypes == [
        ("flight", "bigint"),
        ("origin", "string"),
        ("at", "timestamp"),
        ("delays", "array<bigint>"),
    ]
    assert df.toArrow().to_pylist() == table.to_pylist()


def test_no_row_is_a_result_too(spark: LocalSparkSession) -> None:
    df = as_dataframe(spark, pa.table({"flight": pa.array([], pa.int64())}))
    assert df.dtypes == [("flight", "bigint")]
    assert df.collect() == []


def test_a_column_may_be_null_as_in_any_file(spark: LocalSparkSession) -> None:
    field = pa.field("flight", pa.int64(), nullable=False)
    df = as_dataframe(spark, pa.table({"flight": [1]}, schema=pa.schema([field])))
    assert df.schema["flight"].nullable
