"""Update and insert rows of a Delta table in one commit.

delta-rs has a merge, but in its files a NOT NULL string column is a nullable ``string_view``. Sail cannot
read such a table ("Cannot cast column ... from 'Utf8View'"), and the keys of feature tables are such
columns. So plain tables are merged here: DuckDB joins, and :mod:`lakelab.local.delta.commit` commits.
delta-rs merges the other tables (partitioned, with constraints or further features); Sail can read these.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import Schema
from deltalake.exceptions import CommitFailedError

from lakelab.local.delta.commit import Action, commit, now
from lakelab.local.delta.files import parquet_source, plain_files
from lakelab.local.delta.metadata import Metadata
from lakelab.local.system import duckdb_pool
from lakelab.local.system.duckdb_pool import sql_name

if TYPE_CHECKING:
    from deltalake import DeltaTable

_PLAIN_WRITER_FEATURES = {"allowColumnDefaults", "appendOnly", "invariants", "timestampNtz"}


def upsert(delta: DeltaTable, path: Path, data: pa.Table, keys: Sequence[str]) -> None:
    """Update the rows with a known key, insert the others, and add new columns.

    Parameters
    ----------
    delta : DeltaTable
        The table as of the version to build on.
    path : Path
        The folder of the table.
    data : pyarrow.Table
        The rows; keys unique and without null. Columns that the rows lack keep their values.
    keys : sequence of str
        The key columns.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        If another writer has committed since that version; then nothing is written.
    """
    files = plain_files(delta)
    if files is None or not _can_commit(delta):
        _merge_by_delta_rs(delta, data, keys)
        return
    schema = _merged_schema(delta, data.schema)
    touched, rows, counts = _merged_rows(files, data, keys, schema)
    actions = [_remove(path, file) for file in touched]
    written = _write(path, rows) if len(rows) else None
    if written:
        actions.append(written)
    if len(schema) > len(delta.schema().fields):
        actions.insert(0, _new_columns(delta, schema))
    try:
        commit(
            delta,
            path,
            "MERGE",
            actions,
            parameters={
                "predicate": " AND ".join(f"t.{key} = s.{key}" for key in keys),
                "matchedPredicates": json.dumps([{"actionType": "update"}]),
                "notMatchedPredicates": json.dumps([{"actionType": "insert"}]),
            },
            metrics={
                "numTargetRowsInserted": str(counts["inserted"]),
                "numTargetRowsUpdated": str(counts["updated"]),
            },
        )
    except (CommitFailedError, OSError):
        if written:
            (path / written["add"]["path"]).unlink()
        raise


def _can_commit(delta: DeltaTable) -> bool:
    """Return whether this module does everything that the table requires of a writer."""
    protocol = delta.protocol()
    version, features = protocol.min_writer_version, set(protocol.writer_features or ())
    known = version <= 2 or (version == 7 and features <= _PLAIN_WRITER_FEATURES)
    constrained = any(
        key.startswith("delta.constraints.") or (key == "delta.appendOnly" and value == "true")
        for key, value in delta.metadata().configuration.items()
    )
    return known and not constrained and "delta.invariants" not in delta.schema().to_json()


# ---- the rows -------------------------------------------------------------------------------------
def _merged_schema(delta: DeltaTable, source: pa.Schema) -> pa.Schema:
    target = pa.schema(delta.schema().to_arrow())
    new = [field.with_nullable(True) for field in source if field.name not in target.names]
    return pa.schema([*target, *new])


def _merged_rows(
    files: list[str], data: pa.Table, keys: Sequence[str], schema: pa.Schema
) -> tuple[list[str], pa.Table, dict[str, int]]:
    """Find the files with known keys; return the files, their updated rows and the new rows, and counts."""
    with duckdb_pool.connect() as connection:
        connection.register("s", data)
        same = " AND ".join(f"t.{sql_name(key)} = s.{sql_name(key)}" for key in keys)
        touched = _touched(connection, files, same)
        select = [f"s.{sql_name(n)}" if n in data.column_names else "NULL" for n in schema.names]
        if not touched:
            rows = connection.sql(f"SELECT {_aliased(select, schema)} FROM s").to_arrow_table()
            return [], rows.cast(schema), {"inserted": len(data), "updated": 0}
        source, existing = parquet_source(connection, touched)
        connection.execute(f"CREATE TEMP VIEW t AS SELECT * FROM {source}")
        old = [f"t.{sql_name(name)}" if name in existing else "NULL" for name in schema.names]
        first = f"s.{sql_name(keys[0])} IS NOT NULL"  # keys have no null, so this row of `t` has a match
        merged = [
            f"CASE WHEN {first} THEN {new} ELSE {before} END" if name in data.column_names else before
            for name, new, before in zip(schema.names, select, old, strict=True)
        ]  # fmt: skip
        kept = connection.sql(
            f"SELECT {_aliased(merged, schema)} FROM t LEFT JOIN s ON {same}"
        ).to_arrow_table()
        added = connection.sql(
            f"SELECT {_aliased(select, schema)} FROM s ANTI JOIN t ON {same}"
        ).to_arrow_table()
    rows = pa.concat_tables([kept.cast(schema), added.cast(schema)])
    return touched, rows, {"inserted": len(added), "updated": len(data) - len(added)}


def _touched(connection: duckdb.DuckDBPyConnection, files: list[str], same: str) -> list[str]:
    if not files:
        return []
    source, _ = parquet_source(connection, files, ", filename = 'file of the row'")
    matches = connection.execute(
        f'SELECT DISTINCT t."file of the row" FROM {source} t SEMI JOIN s ON {same}'
    ).fetchall()
    return sorted(row[0] for row in matches)


def _aliased(expressions: list[str], schema: pa.Schema) -> str:
    return ", ".join(
        f"{expression} AS {sql_name(name)}"
        for expression, name in zip(expressions, schema.names, strict=True)
    )


# ---- the commit -----------------------------------------------------------------------------------
def _write(path: Path, rows: pa.Table) -> Action:
    name = f"part-00000-{uuid.uuid4()}-c000.snappy.parquet"
    try:
        pq.write_table(rows, path / name, compression="snappy")
    except BaseException:  # such as a full disk, or an interrupt
        (path / name).unlink(missing_ok=True)
        raise
    return {
        "add": {
            "path": name,
            "partitionValues": {},
            "size": (path / name).stat().st_size,
            "modificationTime": now(),
            "dataChange": True,
            "stats": json.dumps({"numRecords": len(rows)}),
        }
    }


def _remove(path: Path, file: str) -> Action:
    return {
        "remove": {
            "path": str(Path(file).relative_to(path)),
            "deletionTimestamp": now(),
            "dataChange": True,
        }
    }


def _new_columns(delta: DeltaTable, schema: pa.Schema) -> Action:
    """Return the metadata with the new columns; the old columns keep their comments."""
    fields = json.loads(delta.schema().to_json())["fields"]
    fields += json.loads(Schema.from_arrow(schema).to_json())["fields"][len(fields) :]
    return replace(Metadata.read(delta), fields=fields).action()


# ---- tables with further features --------------------------------------------------------------------
def _merge_by_delta_rs(delta: DeltaTable, data: pa.Table, keys: Sequence[str]) -> None:
    # With merge_schema delta-rs takes the nullability from the source. In rows that it only copies, it
    # loses a NOT NULL column unless the column is NOT NULL in the source, too.
    not_null = {field.name for field in delta.schema().fields if not field.nullable}
    data = data.cast(
        pa.schema([field.with_nullable(field.name not in not_null) for field in data.schema])
    )
    values = {_quoted(column): f"s.{_quoted(column)}" for column in data.column_names}
    same = " AND ".join(f"t.{_quoted(key)} = s.{_quoted(key)}" for key in keys)
    merger = delta.merge(data, same, source_alias="s", target_alias="t", merge_schema=True)
    merger.when_matched_update(values).when_not_matched_insert(values).execute()


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"
