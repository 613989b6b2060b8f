"""Delta folders of other programs: NaN is read and kept as it is, and reading changes no folder."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.errors import AnalysisException, PySparkException

ROWS = pa.table({"id": [1, 2], "x": [math.nan, 5.0], "p": ["a b", "a b"]})


@pytest.fixture(params=[None, ["p"]], ids=["plain", "partitioned"])
def folder(tmp_path, request):
    """A folder whose log says that `x` is always 5.0."""
    path = tmp_path / "theirs"
    write_deltalake(path, ROWS, partition_by=request.param)
    return path


def read(frame):
    return sorted((row["id"], str(row["x"]), row["p"]) for row in frame.collect())


EXPECTED = [(1, "nan", "a b"), (2, "5.0", "a b")]


def time_of(path):
    """Return the time of a table's newest commit."""
    commit = DeltaTable(str(path)).history(1)[0]
    return str(datetime.fromtimestamp(commit["timestamp"] / 1000, UTC).replace(tzinfo=None))


READERS = {
    "load": lambda spark, path: spark.read.format("delta").load(str(path)),
    "URL": lambda spark, path: spark.read.format("delta").load(path.as_uri()),
    "option": lambda spark, path: spark.read.format("delta").option("path", str(path)).load(),
    "SQL": lambda spark, path: spark.sql(f"SELECT * FROM delta.`{path}`"),
    "SQL in a query": lambda spark, path: spark.sql(
        f"WITH w AS (SELECT * FROM DELTA.`{path}` /* theirs */) SELECT * FROM w"
    ),
    "version": lambda spark, path: (
        spark.read.format("delta").option("versionAsOf", 0).load(str(path))
    ),
    "time": lambda spark, path: (
        spark.read.format("delta").option("timestampAsOf", time_of(path)).load(str(path))
    ),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_nan_is_read_and_the_folder_stays(spark, folder, reader):
    before = sorted(folder.rglob("*"))
    frame = reader(spark, folder)
    assert read(frame) == EXPECTED
    assert read(frame.where("x > 100")) == EXPECTED[:1]
    assert sorted(folder.rglob("*")) == before


def test_a_frame_sees_later_commits_and_an_older_version_does_not(spark, folder):
    frame = spark.read.format("delta").load(str(folder))
    older = spark.read.format("delta").option("versionAsOf", 0).load(str(folder))
    assert (frame.count(), older.count()) == (2, 2)
    write_deltalake(folder, ROWS, mode="append")
    assert (frame.count(), older.count()) == (4, 2)


def test_a_statement_that_changes_rows_removes_the_statistics_first(spark, folder):
    spark.sql(f"UPDATE delta.`{folder}` SET id = 3 WHERE id = 2")
    assert read(spark.read.format("delta").load(str(folder))) == [EXPECTED[0], (3, "5.0", "a b")]
    stored = DeltaTable(folder).to_pyarrow_table().to_pylist()
    assert sorted((row["id"], str(row["x"])) for row in stored) == [(1, "nan"), (3, "5.0")]


def test_a_table_is_made_of_a_folder(spark, schema, folder):
    spark.sql(f"CREATE TABLE copy AS SELECT * FROM delta.`{folder}`")
    spark.sql(f"INSERT INTO copy SELECT * FROM delta.`{folder}`")
    assert read(spark.table("copy")) == sorted(EXPECTED * 2)


def test_a_folder_with_no_table_is_reported_by_the_engine(spark, tmp_path):
    with pytest.raises(PySparkException):
        spark.read.format("delta").load(str(tmp_path)).collect()


def test_a_log_that_is_not_understood_is_refused(spark, folder):
    commit = folder / "_delta_log" / f"{0:020}.json"
    write_deltalake(folder, ROWS, mode="append")
    DeltaTable(folder).create_checkpoint()
    commit.unlink()
    (folder / "_delta_log" / f"{1:020}.checkpoint.parquet").rename(
        folder / "_delta_log" / f"{1:020}.checkpoint.0000000001.0000000001.parquet"
    )
    hint = {"version": 1, "size": 4, "parts": 1}
    (folder / "_delta_log" / "_last_checkpoint").write_text(json.dumps(hint))
    assert read(spark.read.format("delta").load(str(folder))) == sorted(EXPECTED * 2)


def test_a_view_that_cannot_be_made_is_refused(spark, folder, monkeypatch):
    def no_links(self, target):
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.symlink_to", no_links)
    with pytest.raises(AnalysisException, match=r"is not read: .* NaN .*no links here"):
        spark.read.format("delta").load(str(folder)).collect()
