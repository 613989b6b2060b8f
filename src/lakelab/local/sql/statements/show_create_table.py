"""``SHOW CREATE TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-create-table
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.grammar.metadata import ShowCreateTable
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.results import string_column
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
        pairs = [
            f"{sql_literal(k)} = {sql_literal(v)}" for k, v in sorted(table.properties.items())
        ]
        yield "TBLPROPERTIES (\n  " + ",\n  ".join(pairs) + ")"


def _show_create_table(session: Session, node: ShowCreateTable) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    return string_column(session, "createtab_stmt", [create_statement(table)])


HANDLERS: Handlers = {ShowCreateTable: _show_create_table}
