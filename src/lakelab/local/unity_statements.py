"""Statements about catalogs, schemas and the layout of tables, recognised by their first words.

sqlglot reads these as a whole or not at all, and Sail does not know them. Each handler gets the match
of its pattern, and answers with the columns that Databricks gives.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, ParseException

from lakelab.local.unity_catalog import HIVE_METASTORE, NotFoundError, UnityCatalogError, UnityTable
from lakelab.local.workspace.grants import Securable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession

Handler = Callable[["LocalSparkSession", re.Match[str]], "DataFrame"]

_NAME = r"(?:`(?:[^`]|``)+`|[^\s;`(.]+)"
_END = r"\s*;?\s*\Z"


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
    return session.createDataFrame([(create_statement(session, table),)], "createtab_stmt string")


def create_statement(session: LocalSparkSession, table: UnityTable) -> str:
    """Write the statement that makes an empty table like this one."""
    types = {f.name: f.dataType.simpleString() for f in session.table(table.name.quoted).schema}
    lines = []
    for field in table.fields:
        line = f"{_quoted(field['name'])} {types[field['name']].upper()}"
        if not field["nullable"]:
            line += " NOT NULL"
        if comment := field["metadata"].get("comment"):
            line += f" COMMENT {_text(comment)}"
        lines.append(line)
    if key := table.primary_key:
        columns = ", ".join(
            _quoted(c) + (" TIMESERIES" if c == key.timeseries_column else "") for c in key.columns
        )
        lines.append(f"CONSTRAINT {_quoted(key.name)} PRIMARY KEY ({columns})")
    statement = f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(lines) + ")\nUSING delta"
    if partitions := table.delta.metadata().partition_columns:
        statement += f"\nPARTITIONED BY ({', '.join(partitions)})"
    if table.comment:
        statement += f"\nCOMMENT {_text(table.comment)}"
    if table.properties:
        pairs = ",\n  ".join(
            f"{_text(k)} = {_text(v)}" for k, v in sorted(table.properties.items())
        )
        statement += f"\nTBLPROPERTIES (\n  {pairs})"
    return statement


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


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+") + _END, re.IGNORECASE | re.DOTALL)


_LEVELS = rf"(?P<name>{_NAME}(?:\.{_NAME})*)"
_STATEMENTS: list[tuple[re.Pattern[str], Handler]] = [
    (_pattern(rf"DESC(?:RIBE)? CATALOG(?P<extended> EXTENDED)? {_LEVELS}"), _describe_catalog),
    (
        _pattern(rf"DESC(?:RIBE)? (?:SCHEMA|DATABASE)(?P<extended> EXTENDED)? {_LEVELS}"),
        _describe_schema,
    ),
    (_pattern(rf"SHOW CREATE TABLE {_LEVELS}"), _show_create_table),
    (
        _pattern(
            rf"OPTIMIZE {_LEVELS}(?: FULL)?(?P<where> WHERE .*?)?(?: ZORDER BY\s*\((?P<zorder>.*)\))?"
        ),
        _optimize,
    ),
]
