"""``ALTER TABLE``: each action of a parsed statement goes to the module that runs it.

A column can be renamed or dropped on Databricks if the table has column mapping. A local table cannot have
column mapping: these actions are refused with Delta's message for a table without it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table and
https://docs.databricks.com/aws/en/delta/column-mapping
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.securables import refresh_schema, resolve_table
from lakelab.local.sql.statements.add_columns import add_columns
from lakelab.local.sql.statements.constraint import add_constraint, drop_constraint
from lakelab.local.sql.statements.properties import property_name, property_value

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_NO_COLUMN_MAPPING = (
    "\nPlease enable Column Mapping on your Delta table with mapping mode 'name'.\n"
    "On Databricks: ALTER TABLE table_name SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')\n"
    "On a laptop no table can have it: write a new table, with the columns that you want."
)


def _alter_table(session: Session, node: exp.Alter) -> None:
    if node.kind != "TABLE":
        raise RunOnEngine
    name = resolve_table(session, node.this)
    (first, *_) = actions = node.args["actions"]
    if session.unity.is_view(name):
        raise _is_a_view(name, first)
    if isinstance(first, exp.AlterRename):
        _rename(session, name, first.this)
        return
    for action in actions:
        _run_action(session, session.unity.table(name), action)
    refresh_schema(session, name)


def _is_a_view(name: TableName, action: exp.Expr) -> UnityCatalogError:
    """Return the error for a view, with the statement to use instead if there is one."""
    has_other = isinstance(action, exp.AlterRename | exp.AlterSet)
    end = " Please use ALTER VIEW instead." if has_other else ""
    suffix = "USE_ALTER_VIEW" if has_other else "NO_ALTERNATIVE"
    return UnityCatalogError(
        f"'ALTER TABLE' expects a table but {name.quoted} is a view.{end}",
        condition=conditions.EXPECT_TABLE_NOT_VIEW.sub(suffix),
    )


def _rename(session: Session, name: TableName, target: exp.Table) -> None:
    """Rename a table; a new name of one level stays in the schema of the table."""
    parts = [f"`{part.name}`" for part in target.parts]
    if len(parts) == 1:
        parts = [f"`{name.catalog}`", f"`{name.schema}`", *parts]
    catalog_service(session).rename_table(name, session.resolve(".".join(parts)))


def _run_action(session: Session, table: UnityTable, action: exp.Expr) -> None:
    run = _ACTIONS.get(type(action))
    if run is None or (isinstance(action, exp.AlterSet) and not action.find(exp.Property)):
        raise RunOnEngine
    run(session, table, action)


def _set_properties(session: Session, table: UnityTable, action: exp.AlterSet) -> None:
    table.set_properties(
        {property_name(p): property_value(p) for p in action.find_all(exp.Property)}
    )


def _add_column(session: Session, table: UnityTable, action: exp.ColumnDef) -> None:
    add_columns(session, table, [action])


def _add_columns(session: Session, table: UnityTable, action: exp.Schema) -> None:
    add_columns(session, table, action.expressions)


def _rename_column(session: Session, table: UnityTable, action: exp.RenameColumn) -> None:
    table.field(action.this.name)  # raises if the column does not exist
    raise UnityCatalogError(
        f"Column rename is not supported for your Delta table. {_NO_COLUMN_MAPPING}",
        condition=conditions.DELTA_UNSUPPORTED_RENAME_COLUMN,
    )


def _drop(session: Session, table: UnityTable, action: exp.Drop) -> None:
    if_exists = bool(action.args.get("exists"))
    names = [target.name for target in action.args.get("tables") or [action.this]]
    if action.args.get("kind") == "CONSTRAINT":
        drop_constraint(table, names[0], if_exists=if_exists)
        return
    columns = [c.name for target in action.args["tables"] for c in target.expressions] or names
    if not if_exists:
        for column in columns:
            table.field(column)  # raises if the column does not exist
    raise UnityCatalogError(
        f"DROP COLUMN is not supported for your Delta table. {_NO_COLUMN_MAPPING}",
        condition=conditions.DELTA_UNSUPPORTED_DROP_COLUMN,
    )


_ACTIONS: dict[type[exp.Expr], Callable[[Session, UnityTable, Any], None]] = {
    exp.AddConstraint: add_constraint,
    exp.Drop: _drop,
    exp.AlterSet: _set_properties,
    exp.ColumnDef: _add_column,
    exp.Schema: _add_columns,
    exp.RenameColumn: _rename_column,
}
HANDLERS: Handlers = {exp.Alter: _alter_table}
