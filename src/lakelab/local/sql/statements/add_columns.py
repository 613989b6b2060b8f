"""``ALTER TABLE ... ADD COLUMNS``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table-add-column
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyspark.errors import ParseException
from sqlglot import exp

from lakelab.local.catalog.char_types import CHAR_VARCHAR_TYPE
from lakelab.local.catalog.columns import check_column_names
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.statements.char_columns import extract_limits

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def add_columns(session: Session, table: UnityTable, definitions: list[exp.ColumnDef]) -> None:
    """Add columns to a table.

    Parameters
    ----------
    session : Session
    table : UnityTable
    definitions : list of sqlglot.exp.ColumnDef
        The new columns. ``IF NOT EXISTS`` skips a column that the table has.

    Raises
    ------
    UnityCatalogError
        If a column is NOT NULL, or has a type that the table does not support.
    pyspark.errors.ParseException
        If a column has a clause that runs on Databricks only.
    """
    existing = {field["name"].lower() for field in table.fields}
    new = [d for d in definitions if not (d.args.get("exists") and d.name.lower() in existing)]
    check_column_names([".".join(_path(definition)) for definition in new])
    limits = extract_limits(new)
    fields = [_field(session, table, definition) for definition in new]
    for field in fields:
        if limit := limits.get(field["name"].lower()):
            field["metadata"][CHAR_VARCHAR_TYPE] = f"varchar({limit})"
    after = [_previous_column(definition.args.get("position")) for definition in new]
    table.add_columns(fields, after, [_path(definition)[:-1] for definition in new])


def _path(definition: exp.ColumnDef) -> list[str]:
    """Return the levels of the name of a column or of a field in a struct: ``s.b``, ``a.element.b``."""
    if isinstance(definition.this, exp.Dot):
        return [level.name for level in definition.this.flatten()]
    return [definition.name]


def _field(session: Session, table: UnityTable, definition: exp.ColumnDef) -> dict[str, Any]:
    """Return a column as the Delta log has it."""
    metadata = _metadata(table, definition)
    kind = to_sql(definition.args["kind"])
    return {
        "name": _path(definition)[-1],
        "type": _delta_type(session, table, _path(definition)[-1], kind),
        "nullable": True,
        "metadata": metadata,
    }


def _metadata(table: UnityTable, definition: exp.ColumnDef) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for constraint in definition.constraints:
        if isinstance(constraint.kind, exp.CommentColumnConstraint):
            metadata["comment"] = constraint.kind.this.name
        elif isinstance(constraint.kind, exp.NotNullColumnConstraint):
            raise UnityCatalogError(
                f"Column `{definition.name}` cannot be added as NOT NULL to table '{table.name}': "
                f"the rows that are there have no value for it. Add it, fill it, then ALTER COLUMN "
                f"{definition.name} SET NOT NULL."
            )
        else:
            raise ParseException(
                message="The local engine knows ADD COLUMN name type [COMMENT 'text'] [FIRST | "
                f"AFTER column], not '{to_sql(constraint)}': that runs on Databricks only."
            )
    return metadata


def _previous_column(position: exp.Expr | None) -> str | None:
    """Return the column that a new one follows: '' for FIRST, None without a position."""
    if position is None:
        return None
    if str(position.args.get("position")).upper() == "FIRST":
        return ""
    return str(position.this.name)


def _delta_type(session: Session, table: UnityTable, column: str, kind: str) -> Any:
    """Return a type as the Delta log has it: Spark's JSON."""
    from pyspark.sql.types import TimestampNTZType

    query = f"SELECT CAST(NULL AS {kind}) AS {quoted('x')}"
    data_type = session.engine_sql(query).schema[0].dataType
    features = table.delta.protocol().writer_features or ()
    if isinstance(data_type, TimestampNTZType) and "timestampNtz" not in features:
        raise UnityCatalogError(
            f"Column `{column}` of type {kind} cannot be added: table '{table.name}' was made without "
            f"the feature timestampNtz. Take TIMESTAMP, or make a table with the column."
        )
    return json.loads(data_type.json())
