"""The files of a plain table are read by DuckDB, and those of other tables are not."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakelab.local.delta.files import parquet_source, plain_files


def test_a_column_may_be_missing_in_some_files(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    added = pa.table({"id": [2], "wind gust": [3.5]})
    write_deltalake(tmp_path, added, mode="append", schema_mode="merge")
    files = plain_files(DeltaTable(tmp_path))
    assert files is not None
    with duckdb.connect() as connection:
        source, columns = parquet_source(connection, files)
        rows = connection.execute(f"SELECT * FROM {source} ORDER BY id").fetchall()
    assert columns == {"id", "wind gust"}
    assert rows == [(1, None), (2, 3.5)]


def test_the_files_of_a_partitioned_table_are_not_the_whole_table(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1], "day": ["a"]}), partition_by=["day"])
    assert plain_files(DeltaTable(tmp_path)) is None


def test_a_path_that_looks_like_a_pattern_is_refused(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    delta = DeltaTable(tmp_path)
    assert plain_files(delta) == [str(file) for file in tmp_path.glob("*.parquet")]
    with_pattern = SimpleNamespace(
        file_uris=lambda: ["/data/a[1].parquet"], protocol=delta.protocol, metadata=delta.metadata
    )
    assert plain_files(with_pattern) is None
