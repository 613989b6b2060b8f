"""write_table: a repeatable upsert that adds columns, and its errors."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd
import pytest
from deltalake.exceptions import CommitFailedError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame

from lakelab.local.delta import merge as upsert
from lakelab.local.feature_engineering import FeatureEngineeringClient, write_table
from lakelab.local.spark.session import LocalSparkSession

Client = FeatureEngineeringClient
TIME = pd.Timestamp("2024-01-01")


def rows_of(df: DataFrame) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in df.collect()), key=str)


@pytest.fixture
def plain(fe: Client, spark: LocalSparkSession) -> str:
    """The table `t` with key k and features x, y."""
    df = spark.createDataFrame([(1, 10, "a"), (2, 20, "b")], "k INT, x INT, y STRING")
    fe.create_table(name="t", primary_keys="k", df=df)
    return "t"


def test_new_keys_are_inserted_and_existing_keys_updated(
    fe: Client, spark: LocalSparkSession, plain: str
) -> None:
    df = spark.createDataFrame([("c", 3, 30), (None, 2, 21)], "y STRING, k INT, x INT")
    assert fe.write_table(name=plain, df=df, mode="merge") is None
    assert rows_of(spark.table(plain)) == [(1, 10, "a"), (2, 21, None), (3, 30, "c")]
    history = spark.sql("DESCRIBE HISTORY t").collect()
    assert [row["operation"] for row in history] == ["MERGE", "WRITE", "CREATE TABLE"]
    assert rows_of(spark.sql("SELECT * FROM t VERSION AS OF 1")) == [(1, 10, "a"), (2, 20, "b")]


def test_merge_is_the_default_and_short_names_resolve(
    fe: Client, spark: LocalSparkSession, schema: str, plain: str
) -> None:
    df = spark.createDataFrame([(1, 11, "z")], "k INT, x INT, y STRING")
    fe.write_table(name=f"{schema.split('.')[1]}.{plain}", df=df)
    assert rows_of(spark.table(plain))[0] == (1, 11, "z")


def test_columns_that_are_missing_keep_their_values(
    fe: Client, spark: LocalSparkSession, plain: str
) -> None:
    fe.write_table(name=plain, df=spark.createDataFrame([(2, 22), (3, 30)], "k INT, x INT"))
    assert rows_of(spark.table(plain)) == [(1, 10, "a"), (2, 22, "b"), (3, 30, None)]


def test_new_columns_are_added(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    fe.write_table(name=plain, df=spark.createDataFrame([(2, 0.5), (3, 1.5)], "k INT, New DOUBLE"))
    assert spark.table(plain).dtypes == [
        ("k", "int"),
        ("x", "int"),
        ("y", "string"),
        ("New", "double"),
    ]
    assert rows_of(spark.table(plain)) == [
        (1, 10, "a", None),
        (2, 20, "b", 0.5),
        (3, None, None, 1.5),
    ]
    assert fe.get_table(name=plain).features[-1] == "New"
    assert fe.get_table(name=plain).primary_keys == ["k"]


def test_a_repeated_load_changes_nothing(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    df = spark.createDataFrame([(2, 21, None), (3, 30, "c")], "k INT, x INT, y STRING")
    fe.write_table(name=plain, df=df)
    once = rows_of(spark.table(plain))
    fe.write_table(name=plain, df=df)
    assert rows_of(spark.table(plain)) == once


def test_time_series_rows_differ_by_time(
    fe: Client, spark: LocalSparkSession, weather: DataFrame
) -> None:
    late = spark.createDataFrame(
        pd.DataFrame({"origin": ["JFK", "JFK"], "ts": [TIME, TIME + pd.Timedelta(hours=1)], "wind": [6.0, 7.0], "sky": ["rain", "rain"]})
    )  # fmt: skip
    fe.write_table(name="weather", df=late)
    found = spark.sql("SELECT wind FROM weather WHERE origin = 'JFK' ORDER BY ts").collect()
    assert [row["wind"] for row in found] == [6.0, 7.0, None]


def test_an_empty_dataframe_is_valid(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    fe.write_table(name=plain, df=spark.table(plain).limit(0))
    assert rows_of(spark.table(plain)) == [(1, 10, "a"), (2, 20, "b")]


def test_partitioned_tables(fe: Client, spark: LocalSparkSession) -> None:
    df = spark.createDataFrame([(1, "a", 1), (2, "b", 2)], "k INT, p STRING, x INT")
    fe.create_table(name="t", primary_keys="k", df=df, partition_columns="p")
    fe.write_table(name="t", df=spark.createDataFrame([(2, "c", 3)], "k INT, p STRING, x INT"))
    assert rows_of(spark.table("t").select("k", "p", "x")) == [(1, "a", 1), (2, "c", 3)]
    with pytest.raises(ValueError, match=r"partition columns.*'p'"):
        fe.write_table(name="t", df=spark.createDataFrame([(2, 3)], "k INT, x INT"))


def test_string_keys_can_be_searched_after_a_merge(fe: Client, spark: LocalSparkSession) -> None:
    df = spark.createDataFrame([("a", 1), ("b", 2)], "k STRING, x INT")
    fe.create_table(name="t", primary_keys="k", df=df)
    fe.write_table(name="t", df=spark.createDataFrame([("b", 3), ("c", 4)], "k STRING, x INT"))
    assert rows_of(spark.sql("SELECT x FROM t WHERE k >= 'b'")) == [(3,), (4,)]
    assert spark.sql("SELECT max(k) FROM t").first()[0] == "c"  # type: ignore[index]
    spark.sql("UPDATE t SET x = 5 WHERE k = 'a'")
    spark.sql("DELETE FROM t WHERE k = 'c'")
    fe.write_table(name="t", df=spark.createDataFrame([("a", 6)], "k STRING, x INT"))
    assert rows_of(spark.table("t")) == [("a", 6), ("b", 3)]


def test_files_without_existing_keys_stay(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    path = spark.unity.path(spark.resolve(plain))
    before = set(path.glob("*.parquet"))
    fe.write_table(name=plain, df=spark.createDataFrame([(7, 70)], "k INT, x INT"))
    files = spark.unity.table(spark.resolve(plain)).delta.file_uris()
    assert before < set(path.glob("*.parquet"))
    assert len(files) == 2


def test_a_version_of_another_writer_is_not_overwritten(
    fe: Client, spark: LocalSparkSession, state: Any, plain: str
) -> None:
    stale = spark.unity.table(spark.resolve(plain))
    spark.sql("INSERT INTO t VALUES (9, 90, 'i')")
    before = state(plain)
    data = spark.createDataFrame([(1, 11)], "k INT, x INT").toArrow()
    with pytest.raises(CommitFailedError, match="another writer"):
        upsert.upsert(stale.delta, stale.path, data, ["k"])
    assert state(plain) == before


def test_a_check_constraint_is_enforced(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    table = spark.unity.table(spark.resolve(plain))
    table.delta.alter.add_constraint({"positive": "x > 0"})
    with pytest.raises(Exception, match=r"(?i)positive|x > 0|invalid|constraint"):
        fe.write_table(name=plain, df=spark.createDataFrame([(1, -1)], "k INT, x INT"))
    assert rows_of(spark.table(plain)) == [(1, 10, "a"), (2, 20, "b")]


REFUSED: dict[str, tuple[dict[str, Any], str | None, type[Exception], str]] = {
    "overwrite": ({"mode": "overwrite"}, "k INT, x INT", ValueError, "'overwrite'.*DELETE FROM"),
    "append": ({"mode": "append"}, "k INT, x INT", ValueError, "'append'"),
    "unknown table": ({"name": "nope"}, "k INT, x INT", ValueError, "nope.*does not exist"),
    "missing key": ({}, "x INT", ValueError, "Missing: 'k'"),
    "key of another type": ({}, "k BIGINT, x INT", ValueError, "'k' has type 'bigint'.*'int'"),
    "feature of another type": ({}, "k INT, x STRING", ValueError, "'x' has type 'string'.*'int'"),
    "other case": ({}, "k INT, X INT", ValueError, "by case only"),
    "unsupported new column": ({}, "k INT, z TINYINT", ValueError, "z .type: tinyint"),
    "not Spark": ({"df": pd.DataFrame({"k": [1]})}, None, ValueError, "createDataFrame"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_change_nothing(
    fe: Client, spark: LocalSparkSession, state: Any, plain: str, case: str
) -> None:
    change, columns, error, names = REFUSED[case]
    before = state(plain)
    df = spark.createDataFrame([], columns) if columns else None
    with pytest.raises(error, match=names):
        fe.write_table(**{"name": plain, "df": df, **change})
    assert state(plain) == before


@pytest.mark.parametrize(
    ("keys", "names"),
    [([1, None], "'k' has null in 1 of 2"), ([3, 3], "Non-unique rows.*k=3 occurs 2 times")],
    ids=["null", "duplicate"],
)
def test_invalid_keys_change_nothing(
    fe: Client, spark: LocalSparkSession, state: Any, plain: str, keys: list[Any], names: str
) -> None:
    before = state(plain)
    df = spark.createDataFrame([(key, 1, 2) for key in keys], "k INT, x INT, extra INT")
    with pytest.raises(ValueError, match=names):
        fe.write_table(name=plain, df=df)
    assert state(plain) == before


def test_a_time_series_table_needs_all_its_columns(
    fe: Client, spark: LocalSparkSession, state: Any, weather: DataFrame
) -> None:
    before = state("weather")
    with pytest.raises(ValueError, match=r"time series.*'sky'"):
        fe.write_table(name="weather", df=weather.drop("sky"))
    with pytest.raises(ValueError, match=r"Missing: 'ts'"):
        fe.write_table(name="weather", df=weather.drop("ts"))
    assert state("weather") == before


def test_a_table_without_a_key_is_not_a_feature_table(
    fe: Client, spark: LocalSparkSession, state: Any
) -> None:
    spark.sql("CREATE TABLE t AS SELECT 1 AS k")
    before = state("t")
    with pytest.raises(ValueError, match=r"no primary key.*PRIMARY KEY"):
        fe.write_table(name="t", df=spark.sql("SELECT 1 AS k"))
    assert state("t") == before


def test_streams_work_in_a_workspace_only(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    stream = spark.readStream.format("rate").load()
    with pytest.raises(NotImplementedError, match="streaming"):
        fe.write_table(name=plain, df=stream)


def test_concurrent_threads_all_write(fe: Client, spark: LocalSparkSession, plain: str) -> None:
    frames = [spark.createDataFrame([(10 + i, i)], "k INT, x INT") for i in range(6)]
    threads = [
        threading.Thread(target=fe.write_table, kwargs={"name": plain, "df": df}) for df in frames
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spark.table(plain).count() == 8


def test_a_conflict_with_a_writer_without_lock_is_retried(
    fe: Client, spark: LocalSparkSession, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    merge = write_table.upsert

    def conflict_twice(*args: Any) -> None:
        calls.append(args)
        if len(calls) < 3:
            raise CommitFailedError("someone else was first")
        merge(*args)

    monkeypatch.setattr(write_table, "upsert", conflict_twice)
    fe.write_table(name=plain, df=spark.createDataFrame([(5, 50)], "k INT, x INT"))
    assert len(calls) == 3
    assert spark.table(plain).count() == 3

    def conflict(*args: Any) -> None:
        raise CommitFailedError("someone else was first")

    monkeypatch.setattr(write_table, "upsert", conflict)
    monkeypatch.setattr(write_table, "ATTEMPTS", 2)
    with pytest.raises(CommitFailedError, match="someone else"):
        fe.write_table(name=plain, df=spark.createDataFrame([(6, 60)], "k INT, x INT"))


def test_rows_of_a_table_that_allows_appends_only_are_not_updated(
    fe: Client, spark: LocalSparkSession, plain: str
) -> None:
    spark.sql("ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
    fe.write_table(name=plain, df=spark.createDataFrame([(3, 30)], "k INT, x INT"))
    with pytest.raises(AnalysisException) as refused:
        fe.write_table(name=plain, df=spark.createDataFrame([(1, 11)], "k INT, x INT"))
    assert refused.value.getCondition() == "DELTA_CANNOT_MODIFY_APPEND_ONLY"
    assert rows_of(spark.table(plain)) == [(1, 10, "a"), (2, 20, "b"), (3, 30, None)]
