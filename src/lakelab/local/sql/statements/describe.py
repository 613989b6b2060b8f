"""``DESCRIBE`` of tables, their history and detail, of schemas and catalogs, and what they were made by.

Each answers with the columns that Databricks documents; what a laptop cannot know is null.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-describe-table,
https://docs.databricks.com/aws/en/delta/history and https://docs.databricks.com/aws/en/delta/table-details
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.errors import AnalysisException

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.securables import is_visible, resolve_schema
from lakelab.local.sql.text import (
    NAME,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    split_name,
    sql_literal,
    statement_pattern,
    unquote,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_COLUMNS = "col_name string, data_type string, comment string"
_INFO = "info_name string, info_value string"
_HISTORY = (
    "version bigint, timestamp timestamp, userId string, userName string, operation string, "
    "operationParameters map<string,string>, "
    "job struct<jobId:string,jobName:string,jobRunId:string,runId:string,jobOwnerId:string,"
    "triggerType:string>, notebook struct<notebookId:string>, clusterId string, readVersion bigint, "
    "isolationLevel string, isBlindAppend boolean, operationMetrics map<string,string>, "
    "userMetadata string, engineInfo string"
)


def _open(session: Session, name: str) -> UnityTable:
    return session.unity.table(session.resolve(name))


# ---- DESCRIBE TABLE --------------------------------------------------------------------------------------
def _describe(session: Session, told: re.Match[str]) -> DataFrame:
    name = session.resolve(told["name"])
    extended = bool(told["extended"])
    if not session.unity.exists(name):  # a view, or nothing: the engine knows
        words = "EXTENDED " if extended else ""
        try:
            return session.engine_sql(f"DESCRIBE TABLE {words}{told['name']}")
        except AnalysisException:
            session.unity.require_table(name)  # says what is there instead
            raise
    table = session.unity.table(name)
    if told["column"]:
        return _describe_column(session, table, told["column"], extended)
    rows = _columns(table)
    if extended:
        rows += _details(session, table)
    return session.createDataFrame(rows, _COLUMNS)


def _columns(table: UnityTable) -> list[tuple[str, str, str | None]]:
    rows: list[tuple[str, str, str | None]] = [
        (field["name"], sql_type(field["type"]), field["metadata"].get("comment"))
        for field in table.fields
    ]
    if partitions := table.delta.metadata().partition_columns:
        rows += [("# Partition Information", "", ""), ("# col_name", "data_type", "comment")]
        rows += [row for row in rows if row[0] in partitions]
    if clustering := table.clustering:
        rows += [("# Clustering Information", "", ""), ("# col_name", "data_type", "comment")]
        rows += [row for name in clustering for row in rows if row[0] == name]
    return rows


def _details(session: Session, table: UnityTable) -> list[tuple[str, str, str | None]]:
    created = table.delta.metadata().created_time
    properties = ",".join(f"{k}={v}" for k, v in sorted(table.properties.items()))
    owner = session.unity.governance.owner(Securable("table", str(table.name)))
    rows: list[tuple[str, str, str | None]] = [
        ("", "", ""),
        ("# Detailed Table Information", "", ""),
        ("Catalog", table.name.catalog, ""),
        ("Database", table.name.schema, ""),
        ("Table", table.name.table, ""),
        ("Created Time", f"{datetime.fromtimestamp((created or 0) / 1000, UTC):%F %T} UTC", ""),
        ("Type", "MANAGED", ""),
        ("Comment", table.comment or "", ""),
        ("Location", str(table.path), ""),
        ("Provider", "delta", ""),
        ("Owner", owner, ""),
        ("Table Properties", f"[{properties}]", ""),
    ]
    constraints: list[tuple[str, str, str | None]] = []
    if key := table.primary_key:
        constraints.append((key.name, key.clause, ""))
    constraints += [(name, f"CHECK ({check})", "") for name, check in table.checks.items()]
    if constraints:
        rows += [("", "", ""), ("# Constraints", "", ""), *constraints]
    return rows


def _describe_column(session: Session, table: UnityTable, column: str, extended: bool) -> DataFrame:
    field = table.field(unquote(column))
    rows: list[tuple[str, str | None]] = [
        ("col_name", field["name"]),
        ("data_type", sql_type(field["type"])),
        ("comment", field["metadata"].get("comment")),
    ]
    if extended:  # statistics that ANALYZE TABLE would have collected
        names = ("min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len")
        rows += [(name, None) for name in (*names, "histogram")]
    return session.createDataFrame([(k, v if v is not None else "NULL") for k, v in rows], _INFO)


# ---- DESCRIBE HISTORY, DESCRIBE DETAIL -------------------------------------------------------------------
def _history(session: Session, told: re.Match[str]) -> DataFrame:
    table = _open(session, told["name"])
    limit = int(told["limit"]) if told["limit"] else None
    rows = [_commit(commit) for commit in table.delta.history(limit)]
    return session.createDataFrame(rows, _HISTORY)


def _commit(told: dict[str, Any]) -> tuple[Any, ...]:
    long = ("metadata", "protocol")  # of CREATE TABLE: the whole schema once more
    parameters = told.get("operationParameters") or {}
    blind = told.get("isBlindAppend")
    return (
        int(told["version"]),
        datetime.fromtimestamp(told["timestamp"] / 1000, UTC),
        told.get("userId"),
        told.get("userName"),
        str(told.get("operation", "")),
        {k: str(v) for k, v in parameters.items() if k not in long},
        None,  # no job,
        None,  # no notebook
        None,  # and no cluster
        told.get("readVersion"),
        told.get("isolationLevel"),
        None if blind is None else bool(blind),
        {k: str(v) for k, v in (told.get("operationMetrics") or {}).items()},
        told.get("userMetadata"),
        told.get("engineInfo"),
    )


def _detail(session: Session, match: re.Match[str]) -> DataFrame:
    table = _open(session, match["name"])
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
        table.clustering,
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


# ---- DESCRIBE CATALOG, DESCRIBE SCHEMA -------------------------------------------------------------------
def _describe_catalog(session: Session, told: re.Match[str]) -> DataFrame:
    catalog = unquote(told["name"]).lower()
    seen = [c for c in session.unity.catalogs() if is_visible(session, Securable("catalog", c))]
    if catalog not in seen:
        raise NotFoundError(
            f"Catalog '{catalog}' was not found. There are: {', '.join(seen)}.",
            condition="NO_SUCH_CATALOG_EXCEPTION",
            sql_state="42704",
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
    return session.createDataFrame(rows, _INFO)


def _describe_schema(session: Session, told: re.Match[str]) -> DataFrame:
    catalog, schema = resolve_schema(session, told["name"])
    securable = Securable("schema", f"{catalog}.{schema}")
    exists = catalog in session.unity.catalogs() and schema in session.unity.schemas(catalog)
    if not exists or not is_visible(session, securable):
        raise NotFoundError(
            f"The schema `{catalog}`.`{schema}` cannot be found. Verify the spelling and correctness "
            f"of the schema and catalog.",
            condition="SCHEMA_NOT_FOUND",
            sql_state="42704",
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


# ---- SHOW CREATE TABLE, SHOW TBLPROPERTIES --------------------------------------------------------------
def _show_create_table(session: Session, told: re.Match[str]) -> DataFrame:
    statement = create_statement(_open(session, told["name"]))
    return session.createDataFrame([(statement,)], "createtab_stmt string")


def create_statement(table: UnityTable) -> str:
    """Write the statement that makes an empty table like this one."""
    lines = []
    for field in table.fields:
        kind = sql_type(field["type"])
        # within a nested type stand names of fields, which keep their case
        line = f"{quoted(field['name'])} {kind if '<' in kind else kind.upper()}"
        if not field["nullable"]:
            line += " NOT NULL"
        if (default := table.default(field["name"])) is not None:
            line += f" DEFAULT {default}"
        if comment := field["metadata"].get("comment"):
            line += f" COMMENT {sql_literal(comment)}"
        lines.append(line)
    if key := table.primary_key:
        lines.append(f"CONSTRAINT {quoted(key.name)} {key.clause}")
    statement = f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(lines) + ")\nUSING delta"
    if partitions := table.delta.metadata().partition_columns:
        statement += f"\nPARTITIONED BY ({', '.join(quoted(name) for name in partitions)})"
    if table.clustering:
        statement += f"\nCLUSTER BY ({', '.join(quoted(name) for name in table.clustering)})"
    if table.comment:
        statement += f"\nCOMMENT {sql_literal(table.comment)}"
    if table.properties:
        pairs = (
            f"{sql_literal(k)} = {sql_literal(v)}" for k, v in sorted(table.properties.items())
        )
        statement += "\nTBLPROPERTIES (\n  " + ",\n  ".join(pairs) + ")"
    return statement


def _show_properties(session: Session, told: re.Match[str]) -> DataFrame:
    table = _open(session, told["name"])
    rows = sorted(table.properties.items())
    if told["key"]:
        key = (
            parse_string(told["key"])
            if told["key"][0] in "'\""
            else ".".join(split_name(told["key"]))
        )
        absent = f"Table {table.name} does not have property: {key}"
        rows = [(key, table.properties.get(key, absent))]
    return session.createDataFrame(rows, "key string, value string")


_DESC = "DESC(?:RIBE)?"
_NO_WORD = r"(?!(?:CATALOG|DATABASE|DETAIL|FUNCTION|HISTORY|QUERY|SCHEMA|SELECT|VALUES|WITH)\s)"
STATEMENTS = [
    (
        statement_pattern(rf"{_DESC} CATALOG(?P<extended> EXTENDED)? {QUALIFIED_NAME}"),
        _describe_catalog,
    ),
    (
        statement_pattern(rf"{_DESC} (?:SCHEMA|DATABASE)(?P<extended> EXTENDED)? {QUALIFIED_NAME}"),
        _describe_schema,
    ),
    (statement_pattern(rf"{_DESC} DETAIL {QUALIFIED_NAME}"), _detail),
    (statement_pattern(rf"{_DESC} HISTORY {QUALIFIED_NAME}(?: LIMIT (?P<limit>\d+))?"), _history),
    (
        statement_pattern(
            rf"{_DESC}(?: TABLE)?(?P<extended> (?:EXTENDED|FORMATTED))? {_NO_WORD}{QUALIFIED_NAME}"
            rf"(?: (?P<column>(?!AS\b|PARTITION\b){NAME}))?"
        ),
        _describe,
    ),
    (statement_pattern(rf"SHOW CREATE TABLE {QUALIFIED_NAME}"), _show_create_table),
    (
        statement_pattern(
            rf"SHOW TBLPROPERTIES {QUALIFIED_NAME}(?:\s*\(\s*(?P<key>{STRING}|{NAME}(?:\.{NAME})*)\s*\))?"
        ),
        _show_properties,
    ),
]
