"""``DESCRIBE`` of tables and columns, schemas and catalogs, with the columns that Databricks documents.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-describe-table,
.../sql-ref-syntax-aux-describe-schema and .../sql-ref-syntax-aux-describe-catalog
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.sql.grammar.metadata import DescribeCatalog, DescribeSchema, DescribeTable
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import (
    is_kept_view,
    is_visible,
    parse_catalog_name,
    require_privilege,
    resolve_schema,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_COLUMNS = "col_name string, data_type string, comment string"
_INFO = "info_name string, info_value string"
_SCHEMA_INFO = "database_description_item string, database_description_value string"
_HEADING = ("# col_name", "data_type", "comment")

ColumnRow = tuple[str, str, str | None]


# ---- tables ----------------------------------------------------------------------------------------------
def _describe_table(session: Session, node: DescribeTable) -> DataFrame:
    name = session.resolve(node.target)
    extended = bool(node.args["extended"])
    if is_kept_view(session, node.this, name):
        return _describe_view(
            session, Views(session.unity).get(name), node.args["column"], extended
        )
    if not session.unity.exists(name):
        keyword = "EXTENDED " if extended else ""
        try:  # the name may be a view, which only the engine has
            return session.engine_sql(f"DESCRIBE TABLE {keyword}{node.target}")
        except AnalysisException:
            session.unity.require_table(name)  # its message lists the existing tables
            raise
    table = session.unity.table(name)
    if column := node.args["column"]:
        return _describe_column(session, table, column, extended)
    rows = _column_rows(table)
    if extended:
        rows += _detail_rows(session, table)
    return session.createDataFrame(rows, _COLUMNS)


def _describe_view(
    session: Session, view: UnityView, column: str | None, extended: bool
) -> DataFrame:
    require_privilege(session, Securable("table", str(view.name)), "SELECT", "BROWSE")
    if column:
        found = view.column(column)
        rows = [("col_name", found.name), ("data_type", found.sql_type), ("comment", found.comment)]
        return session.createDataFrame(
            [(k, v if v is not None else "NULL") for k, v in rows], _INFO
        )
    columns: list[ColumnRow] = [(c.name, c.sql_type, c.comment) for c in view.columns]
    details = _view_detail_rows(session, view) if extended else []
    return session.createDataFrame([*columns, *details], _COLUMNS)


def _view_detail_rows(session: Session, view: UnityView) -> list[ColumnRow]:
    created = datetime.fromtimestamp(view.created_at / 1000, UTC)
    properties = ", ".join(f"{k}={v}" for k, v in sorted(view.properties.items()))
    owner = session.unity.governance.owner(Securable("table", str(view.name)))
    return [
        ("", "", ""),
        ("# Detailed Table Information", "", ""),
        ("Catalog", view.name.catalog, ""),
        ("Database", view.name.schema, ""),
        ("Table", view.name.table, ""),
        ("Created Time", f"{created:%F %T} UTC", ""),
        ("Created By", view.creator, ""),
        ("Type", "VIEW", ""),
        ("Comment", view.comment or "", ""),
        ("View Text", view.query, ""),
        ("View Schema Mode", "COMPENSATION", ""),
        ("View Catalog and Namespace", f"{view.catalog}.{view.schema}", ""),
        ("View Query Output Columns", f"[{', '.join(f'`{c}`' for c in view.query_columns)}]", ""),
        ("Owner", owner, ""),
        ("Table Properties", f"[{properties}]", ""),
    ]


def _column_rows(table: UnityTable) -> list[ColumnRow]:
    rows: list[ColumnRow] = [
        (field["name"], sql_type(field["type"]), field["metadata"].get("comment"))
        for field in table.fields
    ]
    if partitions := table.delta.metadata().partition_columns:
        rows += [("# Partition Information", "", ""), _HEADING]
        rows += [row for row in rows if row[0] in partitions]
    if clustering := table.clustering:
        rows += [("# Clustering Information", "", ""), _HEADING]
        rows += [row for name in clustering for row in rows if row[0] == name]
    return rows


def _detail_rows(session: Session, table: UnityTable) -> list[ColumnRow]:
    created = datetime.fromtimestamp((table.delta.metadata().created_time or 0) / 1000, UTC)
    properties = ",".join(f"{k}={v}" for k, v in sorted(table.properties.items()))
    owner = session.unity.governance.owner(Securable("table", str(table.name)))
    rows: list[ColumnRow] = [
        ("", "", ""),
        ("# Detailed Table Information", "", ""),
        ("Catalog", table.name.catalog, ""),
        ("Database", table.name.schema, ""),
        ("Table", table.name.table, ""),
        ("Created Time", f"{created:%F %T} UTC", ""),
        ("Type", "MANAGED", ""),
        ("Comment", table.comment or "", ""),
        ("Location", str(table.path), ""),
        ("Provider", "delta", ""),
        ("Owner", owner, ""),
        ("Table Properties", f"[{properties}]", ""),
    ]
    constraints: list[ColumnRow] = []
    if key := table.primary_key:
        constraints.append((key.name, key.clause, ""))
    constraints += [(name, f"CHECK ({check})", "") for name, check in table.checks.items()]
    if constraints:
        rows += [("", "", ""), ("# Constraints", "", ""), *constraints]
    return rows


def _describe_column(session: Session, table: UnityTable, column: str, extended: bool) -> DataFrame:
    field = table.field(column)
    rows: list[tuple[str, str | None]] = [
        ("col_name", field["name"]),
        ("data_type", sql_type(field["type"])),
        ("comment", field["metadata"].get("comment")),
    ]
    if extended:  # the statistics of ANALYZE TABLE, which a laptop does not collect
        names = ("min", "max", "num_nulls", "distinct_count", "avg_col_len", "max_col_len")
        rows += [(name, None) for name in (*names, "histogram")]
    return session.createDataFrame([(k, v if v is not None else "NULL") for k, v in rows], _INFO)


# ---- catalogs and schemas --------------------------------------------------------------------------------
def _describe_catalog(session: Session, node: DescribeCatalog) -> DataFrame:
    catalog = parse_catalog_name(node.this)
    visible = [c for c in session.unity.catalogs() if is_visible(session, Securable("catalog", c))]
    if catalog not in visible:
        raise NotFoundError(
            f"Catalog '{catalog}' was not found. There are: {', '.join(visible)}.",
            condition=conditions.NO_SUCH_CATALOG_EXCEPTION,
        )
    securable = Securable("catalog", catalog)
    governance = session.unity.governance
    rows = [
        ("Catalog Name", catalog),
        ("Comment", governance.comment(securable) or ""),
        ("Owner", governance.owner(securable)),
    ]
    if node.args["extended"]:
        rows.append(("Catalog Type", "Regular"))
    return session.createDataFrame(rows, _INFO)


def _describe_schema(session: Session, node: DescribeSchema) -> DataFrame:
    catalog, schema = resolve_schema(session, node.this)
    securable = Securable("schema", f"{catalog}.{schema}")
    exists = catalog in session.unity.catalogs() and schema in session.unity.schemas(catalog)
    if not exists or not is_visible(session, securable):
        raise NotFoundError(
            f"The schema `{catalog}`.`{schema}` cannot be found. Verify the spelling and correctness "
            f"of the schema and catalog.",
            condition=conditions.SCHEMA_NOT_FOUND,
        )
    governance = session.unity.governance
    rows = [
        ("Catalog Name", catalog),
        ("Namespace Name", schema),
        ("Comment", governance.comment(securable) or ""),
        ("Location", str(session.unity.folder(catalog) / schema)),
        ("Owner", governance.owner(securable)),
    ]
    if node.args["extended"]:
        rows.append(("Properties", ""))
    return session.createDataFrame(rows, _SCHEMA_INFO)


HANDLERS: Handlers = {
    DescribeCatalog: _describe_catalog,
    DescribeSchema: _describe_schema,
    DescribeTable: _describe_table,
}
