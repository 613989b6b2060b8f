"""Read the live Parquet files of a Delta table with DuckDB, if the files alone are the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

_PLAIN_READER_FEATURES = {"timestampNtz"}
"""Reader features with which the files alone are still the whole table."""


def plain_files(delta: DeltaTable) -> list[str] | None:
    """List the live files, or return None if the files alone are not the whole table.

    The log is needed, too, for partition columns, deletion vectors and mapped columns. And DuckDB would
    take some paths for patterns.
    """
    files = [unquote(uri) for uri in delta.file_uris()]
    features = set(delta.protocol().reader_features or ())
    if (
        delta.metadata().partition_columns
        or not features <= _PLAIN_READER_FEATURES
        or any(character in file for file in files for character in "*?[")
    ):
        return None
    return files


def parquet_source(
    connection: duckdb.DuckDBPyConnection, files: list[str], options: str = ""
) -> tuple[str, set[str]]:
    """Return the SQL that reads the files, and the columns in the files.

    A column that was added to the table later may be in some of the files or in none.
    """
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true{options})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return source, {row[0] for row in described}
