"""create_table: the created table, the errors, and that the creation is atomic."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ByteType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from lakelab.local.feature_engineering import FeatureEngineeringClient, create_table
from lakelab.local.feature_engineering.entities import FeatureTable
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
TIME = pd.Timestamp("2024-01-01 10:30")


@pytest.fixture
def rows(spark: LocalSparkSession) -> DataFrame:
    return spark.createDataFrame(
        pd.DataFrame({"k": [1, 2], "ts": [TIME, TIME], "x": [0.5, None], "p": ["a", "b"]})
    )


def test_a_table_from_a_dataframe(
    fe: Client, spark: LocalSparkSession, schema: str, rows: DataFrame
) -> None:
    made = fe.create_table(
        name=f"{schema}.t",
        primary_keys=["ts", "k"],
        timeseries_column="ts",
        df=rows,
        description="Half of something",
        tags={"team": "ml"},
    )
    assert isinstance(made, FeatureTable)
    assert made == fe.get_table(name="t")
    assert (made.name, made.description, made.tags) == (
        f"{schema}.t",
        "Half of something",
        {"team": "ml"},
    )
    assert (made.primary_keys, made.timestamp_keys) == (["k", "ts"], ["ts"])
    assert made.features == ["k", "ts", "x", "p"]
    assert sorted(map(tuple, spark.table("t").collect())) == sorted(map(tuple, rows.collect()))
    history = spark.sql("DESCRIBE HISTORY t").select("version", "operation").collect()
    assert [tuple(row) for row in history] == [(1, "WRITE"), (0, "CREATE TABLE")]


def test_keys_become_not_null_and_features_nullable(
    fe: Client, spark: LocalSparkSession, schema: str
) -> None:
    fe.create_table(name="t", primary_keys="k", df=spark.sql("SELECT 1 AS k, array(1) AS x"))
    nullable = {
        field["name"]: field["nullable"] for field in spark.unity.table(spark.resolve("t")).fields
    }
    assert nullable == {"k": False, "x": True}
    spark.sql("INSERT INTO t VALUES (2, NULL)")
    assert spark.table("t").schema["x"].dataType.containsNull  # type: ignore[attr-defined]
    with pytest.raises(Exception, match=r"(?i)null"):
        spark.sql("INSERT INTO t VALUES (NULL, array(1))")


def test_an_empty_table_from_a_schema(fe: Client, spark: LocalSparkSession) -> None:
    columns = StructType(
        [
            StructField("k", LongType(), metadata={"comment": "who"}),
            StructField("ts", TimestampType()),
            StructField("x", IntegerType()),
        ]
    )
    fe.create_table(name="t", primary_keys=["k", "ts"], timeseries_column="ts", schema=columns)
    assert spark.table("t").dtypes == [("k", "bigint"), ("ts", "timestamp"), ("x", "int")]
    assert spark.table("t").count() == 0
    assert spark.sql("DESCRIBE t").first()["comment"] == "who"  # type: ignore[index]
    assert spark.unity.table(spark.resolve("t")).version == 0


def test_sql_shows_the_key(fe: Client, spark: LocalSparkSession, rows: DataFrame) -> None:
    fe.create_table(name="t", primary_keys=["k", "ts"], timeseries_column="ts", df=rows)
    shown = {
        row["col_name"]: row["data_type"] for row in spark.sql("DESCRIBE EXTENDED t").collect()
    }
    assert shown["t_pk"] == "PRIMARY KEY (`k`, `ts` TIMESERIES)"


def test_a_table_created_in_sql_is_a_feature_table(fe: Client, spark: LocalSparkSession) -> None:
    spark.sql(
        "CREATE TABLE t (k INT NOT NULL, ts TIMESTAMP NOT NULL, CONSTRAINT pk PRIMARY KEY (k, ts TIMESERIES))"
    )
    assert (fe.get_table(name="t").primary_keys, fe.get_table(name="t").timestamp_keys) == (
        ["k", "ts"],
        ["ts"],
    )


@pytest.mark.parametrize("older", ["timeseries_columns", "timestamp_keys"])
@pytest.mark.parametrize("value", ["ts", ["ts"]], ids=["str", "list"])
def test_older_names_of_the_time_series_column(
    fe: Client, rows: DataFrame, older: str, value: Any
) -> None:
    made = fe.create_table(name="t", primary_keys=["k", "ts"], df=rows, **{older: value})
    assert made.timestamp_keys == ["ts"]


def test_partitions(fe: Client, spark: LocalSparkSession, rows: DataFrame) -> None:
    made = fe.create_table(name="t", primary_keys="k", df=rows, partition_columns="p")
    assert made.partition_columns == ["p"]
    assert (spark.unity.table(spark.resolve("t")).path / "p=a").is_dir()
    assert {row["p"] for row in fe.read_table(name="t").collect()} == {"a", "b"}


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_short_names(fe: Client, schema: str, rows: DataFrame, levels: int) -> None:
    name = ".".join(f"{schema}.t".split(".")[-levels:])
    assert fe.create_table(name=name, primary_keys="k", df=rows).name == f"{schema}.t"


def test_all_supported_types(fe: Client, spark: LocalSparkSession) -> None:
    df = spark.sql(
        "SELECT 1L k, 2 i, CAST(1.5 AS FLOAT) f, 'x' s, true b, DATE'2024-01-01' da, "
        "TIMESTAMP'2024-01-01 01:02:03.123456' ts, CAST(1.25 AS DECIMAL(10,2)) de, array(1) ar, "
        "map('a', 1) m, named_struct('x', 1) st, CAST(1 AS SMALLINT) sm, CAST('a' AS BINARY) bi"
    )
    fe.create_table(name="t", primary_keys="k", df=df)
    assert spark.table("t").dtypes == df.dtypes
    assert spark.table("t").collect() == df.collect()


def test_an_existing_table_is_returned_unchanged(
    fe: Client, state: Any, rows: DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    first = fe.create_table(name="t", primary_keys="k", df=rows)
    before = state("t")
    with caplog.at_level(logging.WARNING):
        assert fe.create_table(name="t", primary_keys="k", df=rows.limit(1)) == first
    assert "already exists" in caplog.text
    assert state("t") == before


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"primary_keys": ["k", "p"]}, "primary keys"),
        ({"primary_keys": ["k", "ts"], "timeseries_column": "ts"}, "time series columns"),
    ],
    ids=["keys", "time"],
)
def test_an_existing_table_with_other_columns_stays_and_a_warning_lists_the_differences(
    fe: Client,
    state: Any,
    rows: DataFrame,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    names: str,
) -> None:
    first = fe.create_table(name="t", primary_keys="k", df=rows)
    before = state("t")
    with caplog.at_level(logging.WARNING):
        existing = fe.create_table(**{"name": "t", "primary_keys": "k", "df": rows, **change})
        assert existing == first
        assert f"{names} differ" in caplog.text
        fe.create_table(name="t", primary_keys="k", df=rows.drop("x"))
        assert "columns differ" in caplog.text
    assert state("t") == before


INT = StructType([StructField("k", IntegerType()), StructField("x", IntegerType())])
BYTE = StructType([StructField("k", IntegerType()), StructField("x", ByteType())])
TWICE = StructType([StructField("k", IntegerType()), StructField("K", StringType())])
REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no data": ({"df": None}, ValueError, "schema or df"),
    "both, different": ({"schema": INT}, ValueError, "differ"),
    "missing key": ({"primary_keys": "nope"}, ValueError, "'nope'"),
    "key in other case": ({"primary_keys": "K"}, ValueError, "'K'"),
    "no key": ({"primary_keys": []}, ValueError, "can not be empty"),
    "key twice": ({"primary_keys": ["k", "k"]}, ValueError, "'k'"),
    "time not a key": ({"timeseries_column": "ts"}, ValueError, r"'ts' is not in primary_keys"),
    "two times": ({"timeseries_columns": ["ts", "k"]}, ValueError, "one time series column"),
    "only time": ({"primary_keys": "ts", "timeseries_column": "ts"}, ValueError, "at least one key"),
    "missing partition": ({"partition_columns": "nope"}, ValueError, "partition columns.*'nope'"),
    "unsupported type": ({"df": None, "schema": BYTE}, ValueError, "x .type: tinyint"),
    "names differ by case": ({"df": None, "schema": TWICE}, ValueError, "'k'"),
    "no columns": ({"df": None, "schema": StructType([])}, ValueError, "no columns"),
    "pandas": ({"df": pd.DataFrame({"k": [1]})}, ValueError, "createDataFrame"),
    "unknown schema": ({"name": "main.nowhere.t"}, ValueError, "main.nowhere"),
    "unknown catalog": ({"name": "nowhere.default.t"}, ValueError, "nowhere"),
    "workspace table": ({"name": "hive_metastore.default.t"}, ValueError, "Unity Catalog"),
    "bad name": ({"name": "a.b.c.d"}, ValueError, "a.b.c.d"),
    "no name": ({"name": None}, ValueError, "None"),
    "tags": ({"tags": ["a"]}, ValueError, "tags"),
    "unknown argument": ({"path": "/tmp/x"}, TypeError, "path"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_create_nothing(
    fe: Client, spark: LocalSparkSession, schema: str, rows: DataFrame, case: str
) -> None:
    change, error, names = REFUSED[case]
    with pytest.raises(error, match=names):
        fe.create_table(**{"name": "t", "primary_keys": "k", "df": rows, **change})
    assert list((spark.unity.warehouse / schema.replace(".", "/")).iterdir()) == []


@pytest.mark.parametrize(
    ("keys", "names"),
    [([1, None], "'k' has null in 1 of 2"), ([1, 1], "Non-unique rows.*k=1 occurs 2 times")],
    ids=["null", "duplicate"],
)
def test_invalid_keys_in_the_data_create_nothing(
    fe: Client, spark: LocalSparkSession, schema: str, keys: list[Any], names: str
) -> None:
    df = spark.createDataFrame([(key, 1) for key in keys], "k INT, x INT")
    with pytest.raises(ValueError, match=names):
        fe.create_table(name="t", primary_keys="k", df=df)
    assert list((spark.unity.warehouse / schema.replace(".", "/")).iterdir()) == []


@pytest.mark.parametrize("name", ["wind speed", "a=b", "a,b"])
def test_a_column_name_that_delta_refuses_creates_nothing(
    fe: Client, spark: LocalSparkSession, schema: str, name: str
) -> None:
    fields = [StructField("k", IntegerType()), StructField(name, StringType())]
    with pytest.raises(AnalysisException, match=f"Invalid column names: {name}") as refused:
        fe.create_table(name="t", primary_keys="k", schema=StructType(fields))
    assert refused.value.getCondition() == "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"
    assert list((spark.unity.warehouse / schema.replace(".", "/")).iterdir()) == []


def test_a_failure_while_writing_leaves_nothing(
    fe: Client,
    spark: LocalSparkSession,
    schema: str,
    rows: DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(folder: Any, *args: Any, **kwargs: Any) -> None:
        assert (folder / "_delta_log").is_dir()  # version 0 is written by now
        raise OSError("No space left on device")

    monkeypatch.setattr(create_table, "write_deltalake", fail)
    with pytest.raises(OSError, match="No space left"):
        fe.create_table(name="t", primary_keys="k", df=rows)
    assert list((spark.unity.warehouse / schema.replace(".", "/")).iterdir()) == []
    assert spark.catalog.listTables() == []
    monkeypatch.undo()
    fe.create_table(name="t", primary_keys="k", df=rows)
    assert spark.table("t").count() == 2


def test_a_table_that_another_process_created_raises(
    fe: Client, spark: LocalSparkSession, rows: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(folder: Any, *args: Any, **kwargs: Any) -> None:
        monkeypatch.undo()
        fe.create_table(name="t", primary_keys="k", df=rows.limit(1))

    monkeypatch.setattr(create_table, "write_deltalake", take)
    with pytest.raises(ValueError, match="already exists: another process"):
        fe.create_table(name="t", primary_keys="k", df=rows)
    assert spark.table("t").count() == 1


def test_drop_and_create_again_with_other_columns(
    fe: Client, spark: LocalSparkSession, rows: DataFrame
) -> None:
    fe.create_table(name="t", primary_keys="k", df=rows)
    spark.table("t").count()
    fe.drop_table(name="t")
    fe.create_table(name="t", primary_keys="p", df=rows.select("p", "x"))
    assert spark.table("t").columns == ["p", "x"]
