"""Statements of Unity Catalog and Delta that sqlglot reads as a whole or not at all, and Sail does not know.

Each is recognised by a pattern; its handler gets the match, and answers with the columns that Databricks
gives. Statements that sqlglot takes apart are in :mod:`lakelab.local.unity_sql`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.errors import AnalysisException, ParseException

from lakelab.local.sql_text import literal, quoted
from lakelab.local.unity_catalog import HIVE_METASTORE, NotFoundError, UnityCatalogError, UnityTable
from lakelab.local.workspace.catalog import sql_type
from lakelab.local.workspace.grants import Securable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession

Handler = Callable[["LocalSparkSession", re.Match[str]], "DataFrame"]

_NAME = r"(?:`(?:[^`]|``)+`|[^\s;`(.]+)"
_END = r"\s*;?\s*\Z"


def nothing(session: LocalSparkSession) -> DataFrame:
    """Give the empty answer of a statement that only does something."""
    return session.createDataFrame([], "result string").drop("result")


def carry_out(session: LocalSparkSession, text: str) -> DataFrame | None:
    """Do what a statement of this module says; None for any other statement.

    Parameters
    ----------
    session : LocalSparkSession
    text : str
        One statement, without comments before it.

    Raises
    ------
    pyspark.errors.AnalysisException
        If what it names does not exist.
    """
    for pattern, handler in _STATEMENTS:
        if told := pattern.match(text):
            return handler(session, told)
    return None


# ---- DESCRIBE CATALOG, DESCRIBE SCHEMA -------------------------------------------------------------------
def _describe_catalog(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    catalog = _plain(told["name"]).lower()
    seen = [c for c in session.unity.catalogs() if _is_seen(session, Securable("catalog", c))]
    if catalog not in seen:
        raise AnalysisException(
            message=f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{catalog}' was not found. There are: "
            f"{', '.join(seen)}."
        )
    securable = Securable("catalog", catalog)
    governance = session.unity.governance
    rows = [
        ("Catalog Name", catalog),
        ("Comment", governance.comment(securable) or ""),
        ("Owner", governance.owner(securable)),
    ]
    if told["extended"]:
        rows.append(("Catalog Type", "Regular"))
    return session.createDataFrame(rows, "info_name string, info_value string")


def _describe_schema(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    parts = [_plain(part).lower() for part in re.findall(_NAME, told["name"])]
    catalog = parts[0] if len(parts) == 2 else session.catalog.currentCatalog()
    schema = parts[-1]
    securable = Securable("schema", f"{catalog}.{schema}")
    exists = catalog in session.unity.catalogs() and schema in session.unity.schemas(catalog)
    if not exists or not _is_seen(session, securable):
        raise AnalysisException(
            message=f"[SCHEMA_NOT_FOUND] The schema `{catalog}`.`{schema}` cannot be found. Verify "
            f"the spelling and correctness of the schema and catalog."
        )
    governance = session.unity.governance
    rows = [
        ("Catalog Name", catalog),
        ("Namespace Name", schema),
        ("Comment", governance.comment(securable) or ""),
        ("Location", str(session.unity.folder(catalog) / schema)),
        ("Owner", governance.owner(securable)),
    ]
    if told["extended"]:
        rows.append(("Properties", ""))
    columns = "database_description_item string, database_description_value string"
    return session.createDataFrame(rows, columns)


def _is_seen(session: LocalSparkSession, securable: Securable) -> bool:
    """Say whether the session's user may know of it: a privilege on it, or on something in it, tells."""
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        return True  # it has no grants of Unity Catalog
    return session.unity.governance.visible(session.user, securable)


# ---- SHOW CREATE TABLE ---------------------------------------------------------------------------------
def _show_create_table(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(told["name"]))
    return session.createDataFrame([(create_statement(table),)], "createtab_stmt string")


def create_statement(table: UnityTable) -> str:
    """Write the statement that makes an empty table like this one."""
    lines = []
    for field in table.fields:
        kind = sql_type(field["type"])
        # within a nested type stand names of fields, which keep their case
        line = f"{quoted(field['name'])} {kind if '<' in kind else kind.upper()}"
        if not field["nullable"]:
            line += " NOT NULL"
        if comment := field["metadata"].get("comment"):
            line += f" COMMENT {literal(comment)}"
        lines.append(line)
    if key := table.primary_key:
        lines.append(f"CONSTRAINT {quoted(key.name)} {key.clause}")
    statement = f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(lines) + ")\nUSING delta"
    if partitions := table.delta.metadata().partition_columns:
        statement += f"\nPARTITIONED BY ({', '.join(quoted(name) for name in partitions)})"
    if table.comment:
        statement += f"\nCOMMENT {literal(table.comment)}"
    if table.properties:
        pairs = (f"{literal(k)} = {literal(v)}" for k, v in sorted(table.properties.items()))
        statement += "\nTBLPROPERTIES (\n  " + ",\n  ".join(pairs) + ")"
    return statement


# ---- DESCRIBE DETAIL, SHOW TBLPROPERTIES --------------------------------------------------------------
def _detail(session: LocalSparkSession, match: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(match["name"]))
    files = pa.table(table.delta.get_add_actions(flatten=True))
    sizes = files.column("size_bytes").to_pylist()
    told, protocol = table.delta.metadata(), table.delta.protocol()
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    row: tuple[Any, ...] = (
        "delta",
        str(told.id),
        str(table.name),
        table.comment,
        str(table.path),
        datetime.fromtimestamp((told.created_time or 0) / 1000, UTC),
        datetime.fromtimestamp(table.delta.history(1)[0]["timestamp"] / 1000, UTC),
        list(told.partition_columns),
        [],  # liquid clustering is not known here
        len(sizes),
        sum(sizes),
        table.properties,
        protocol.min_reader_version,
        protocol.min_writer_version,
        sorted(features),
    )
    return session.createDataFrame(
        [row],
        "format string, id string, name string, description string, location string, "
        "createdAt timestamp, lastModified timestamp, partitionColumns array<string>, "
        "clusteringColumns array<string>, numFiles bigint, sizeInBytes bigint, "
        "properties map<string,string>, minReaderVersion int, minWriterVersion int, "
        "tableFeatures array<string>",
    )


def _show_properties(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(told["name"]))
    return session.createDataFrame(sorted(table.properties.items()), "key string, value string")


# ---- ALTER TABLE: tags, DROP PRIMARY KEY --------------------------------------------------------------
def _tags(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    """``ALTER TABLE t [ALTER COLUMN c] SET TAGS ('a' = 'b')`` or ``UNSET TAGS ('a')``."""
    table = session.unity.table(session.resolve(told["name"]))
    column = _plain(told["column"]) if told["column"] else None
    tags = dict(_pairs(told["list"]))
    if told["action"].upper() == "UNSET":
        if column:
            table.unset_column_tags(column, list(tags))
        else:
            table.unset_tags(list(tags))
    elif column:
        table.set_column_tags(column, tags)
    else:
        table.set_tags(tags)
    return nothing(session)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Read ``'a' = 'b', 'c'``: a tag without a value is empty, as in Unity Catalog."""
    from sqlglot import parse_one

    found = parse_one(f"SELECT {text}", dialect="databricks").expressions
    return [
        (item.this.name, item.expression.name) if item.args.get("expression") else (item.name, "")
        for item in found
    ]


def _drop_key(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(told["name"]))
    if table.primary_key is None and not told["exists"]:
        raise NotFoundError(f"Table '{table.name}' has no primary key to drop.")
    table.set_primary_key(None)
    return nothing(session)


# ---- OPTIMIZE --------------------------------------------------------------------------------------------
_FILES = "struct<min:bigint,max:bigint,avg:double,totalFiles:bigint,totalSize:bigint>"
_METRICS = (
    f"struct<numFilesAdded:bigint,numFilesRemoved:bigint,filesAdded:{_FILES},filesRemoved:{_FILES},"
    "partitionsOptimized:bigint,totalConsideredFiles:bigint,totalFilesSkipped:bigint>"
)


def _optimize(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    if told["where"]:
        raise ParseException(
            message="The local engine knows OPTIMIZE <table> [ZORDER BY (<columns>)], without WHERE: "
            "a part of a table is optimized on Databricks only."
        )
    table = session.unity.table(session.resolve(told["name"]))
    columns = [_plain(name) for name in re.findall(_NAME, (told["zorder"] or "").replace(",", " "))]
    there = {field["name"].lower(): field["name"] for field in table.fields}
    partitions = table.delta.metadata().partition_columns
    for column in columns:
        if column.lower() not in there:
            raise NotFoundError(
                f"OPTIMIZE {table.name} ZORDER BY names the column '{column}', which the table does "
                f"not have. It has: {', '.join(there.values())}."
            )
        if there[column.lower()] in partitions:
            raise UnityCatalogError(
                f"{column} is a partition column of {table.name}. Z-Ordering can only be performed "
                f"on data columns."
            )
    told_by_delta = table.optimize([there[column.lower()] for column in columns])
    row = (str(table.path), _metrics(told_by_delta))
    return session.createDataFrame([row], f"path string, metrics {_METRICS}")


def _metrics(told: dict[str, Any]) -> tuple[Any, ...]:
    return (
        told["numFilesAdded"],
        told["numFilesRemoved"],
        _files(told["filesAdded"]),
        _files(told["filesRemoved"]),
        told["partitionsOptimized"],
        told["totalConsideredFiles"],
        told["totalFilesSkipped"],
    )


def _files(given: Any) -> tuple[Any, ...] | None:
    told = json.loads(given) if isinstance(given, str) else given  # delta-rs gives JSON text
    if not told["totalFiles"]:
        return None
    return (
        int(told["min"]),
        int(told["max"]),
        float(told["avg"]),
        told["totalFiles"],
        told["totalSize"],
    )


# ---- words -----------------------------------------------------------------------------------------------
def _plain(name: str) -> str:
    """Read a name, in backticks or not."""
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+") + _END, re.IGNORECASE | re.DOTALL)


_LEVELS = rf"(?P<name>{_NAME}(?:\.{_NAME})*)"
_STATEMENTS: list[tuple[re.Pattern[str], Handler]] = [
    (_pattern(rf"DESC(?:RIBE)? CATALOG(?P<extended> EXTENDED)? {_LEVELS}"), _describe_catalog),
    (
        _pattern(rf"DESC(?:RIBE)? (?:SCHEMA|DATABASE)(?P<extended> EXTENDED)? {_LEVELS}"),
        _describe_schema,
    ),
    (_pattern(rf"DESC(?:RIBE)? DETAIL {_LEVELS}"), _detail),
    (_pattern(rf"SHOW CREATE TABLE {_LEVELS}"), _show_create_table),
    (_pattern(rf"SHOW TBLPROPERTIES {_LEVELS}"), _show_properties),
    (
        _pattern(
            rf"ALTER TABLE {_LEVELS}(?: ALTER COLUMN (?P<column>{_NAME}))?"
            r" (?P<action>SET|UNSET) TAGS\s*\((?P<list>.*)\)"
        ),
        _tags,
    ),
    (
        _pattern(
            rf"ALTER TABLE {_LEVELS} DROP PRIMARY KEY(?P<exists> IF EXISTS)?(?: RESTRICT| CASCADE)?"
        ),
        _drop_key,
    ),
    (
        _pattern(
            rf"OPTIMIZE {_LEVELS}(?: FULL)?(?P<where> WHERE .*?)?(?: ZORDER BY\s*\((?P<zorder>.*)\))?"
        ),
        _optimize,
    ),
]
