"""Joins in DuckDB do not see each other, and write no file beside the notebook."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from lakelab.local.system import duckdb_pool


def test_a_connection_sees_only_what_is_registered_with_it():
    with duckdb_pool.connect() as one, duckdb_pool.connect() as other:
        one.register("rows", pa.table({"x": [1]}))
        one.execute("CREATE TEMP VIEW named AS SELECT 2 AS x")
        for name in ("rows", "named"):
            with pytest.raises(duckdb.CatalogException):
                other.execute(f"SELECT * FROM {name}")


def test_threads_join_at_the_same_time():
    def count(size: int) -> int:
        with duckdb_pool.connect() as connection:
            connection.register("rows", pa.table({"x": range(size)}))
            return connection.execute(
                "SELECT count(*) FROM rows a JOIN rows b USING (x)"
            ).fetchone()[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(1, 40))) == list(range(1, 40))


def test_times_are_in_utc():
    with duckdb_pool.connect() as connection:
        connection.register(
            "t", pa.table({"noon": pa.array([43_200_000_000], pa.timestamp("us", "UTC"))})
        )
        assert connection.execute("SELECT noon::VARCHAR FROM t").fetchone() == (
            "1970-01-01 12:00:00+00",
        )


def test_data_that_exceeds_the_memory_is_not_written_beside_the_notebook(tmp_path: Path):
    code = """
from lakelab.local.system import duckdb_pool
with duckdb_pool.connect() as connection:
    connection.execute("SET memory_limit = '40MB'")
    connection.sql("SELECT range AS x, random() AS y FROM range(3000000) ORDER BY y").to_arrow_table()
    print(connection.execute("SELECT current_setting('temp_directory')").fetchone()[0])
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    setting = subprocess.run(
        [sys.executable, "-c", code],
        cwd=notebooks, env=environment, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert Path(setting).parent == tmp_path / "temporary"
    assert list(notebooks.iterdir()) == []


def test_all_connections_of_a_process_share_one_database():
    with duckdb_pool.connect() as one, duckdb_pool.connect() as other:
        one.execute("CREATE OR REPLACE TABLE shared AS SELECT 7 AS x")
        try:
            assert other.execute("SELECT x FROM shared").fetchone() == (7,)
        finally:
            one.execute("DROP TABLE shared")
