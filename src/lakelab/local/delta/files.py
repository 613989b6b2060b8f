"""Read the live Parquet files of a Delta table straight from DuckDB, where they are all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

_PLAIN_READER_FEATURES = {"timestampNtz"}
"""Reader features under which the files alone are the table."""


def plain_files(delta: DeltaTable) -> list[str] | None:
    """List the live files, or give None where the files alone are not the table.

    That is so for partition columns, whose values are in the log only, for deletion vectors and
    mapped columns, and for paths that DuckDB would take for a pattern.
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
    """Give the SQL that reads the files, and the columns that it finds there.

    A column that was added to the table later may be in some of the files or in none.
    """
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true{options})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return source, {row[0] for row in described}
