"""``SHOW CREATE TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-create-table
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.sql.grammar.metadata import ShowCreateTable
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.results import string_column
from lakelab.local.sql.securables import is_kept_view, require_privilege
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def create_statement(table: UnityTable) -> str:
    """Return the statement that creates an empty table with the definition of this one."""
    lines = [_column_line(table, field) for field in table.fields]
    if key := table.primary_key:
        lines.append(f"CONSTRAINT {quoted(key.name)} {key.clause}")
    columns = ",\n  ".join(lines)
    return "\n".join([f"CREATE TABLE {table.name} (\n  {columns})", *_clauses(table)])


def _column_line(table: UnityTable, field: dict[str, Any]) -> str:
    kind = sql_type(field["type"])
    # a nested type contains the names of fields, which keep their case
    line = f"{quoted(field['name'])} {kind if '<' in kind else kind.upper()}"
    if not field["nullable"]:
        line += " NOT NULL"
    if (default := table.default(field["name"])) is not None:
        line += f" DEFAULT {default}"
    if comment := field["metadata"].get("comment"):
        line += f" COMMENT {sql_literal(comment)}"
    return line


def _clauses(table: UnityTable) -> Iterator[str]:
    yield "USING delta"
    if partitions := table.delta.metadata().partition_columns:
        yield f"PARTITIONED BY ({', '.join(quoted(name) for name in partitions)})"
    if table.clustering:
        yield f"CLUSTER BY ({', '.join(quoted(name) for name in table.clustering)})"
    if table.comment:
        yield f"COMMENT {sql_literal(table.comment)}"
    if table.properties:
        yield _properties_clause(table.properties)


def create_view_statement(view: UnityView) -> str:
    """Return the statement that creates a view with the definition of this one."""
    columns = [
        quoted(c.name) + (f" COMMENT {sql_literal(c.comment)}" if c.comment else "")
        for c in view.columns
    ]
    lines = [f"CREATE VIEW {view.name} (\n  " + ",\n  ".join(columns) + ")"]
    if view.comment:
        lines.append(f"COMMENT {sql_literal(view.comment)}")
    if view.properties:
        lines.append(_properties_clause(view.properties))
    return "\n".join([*lines, "WITH SCHEMA COMPENSATION", f"AS {view.query}", ""])


def _properties_clause(properties: Mapping[str, str]) -> str:
    pairs = [f"{sql_literal(k)} = {sql_literal(v)}" for k, v in sorted(properties.items())]
    return "TBLPROPERTIES (\n  " + ",\n  ".join(pairs) + ")"


def _show_create_table(session: Session, node: ShowCreateTable) -> DataFrame:
    name = session.resolve(node.target)
    if is_kept_view(session, node.this, name):
        view = Views(session.unity).get(name)
        require_privilege(session, Securable("table", str(name)), "SELECT")
        return string_column(session, "createtab_stmt", [create_view_statement(view)])
    table = session.unity.table(name)
    return string_column(session, "createtab_stmt", [create_statement(table)])


HANDLERS: Handlers = {ShowCreateTable: _show_create_table}
