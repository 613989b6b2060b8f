"""``ALTER TABLE``: constraints, columns and properties.

A column can be renamed or dropped on Databricks where the table has column mapping, which no local table
can have: so these are refused in the words that Delta has for a table without it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table and
https://docs.databricks.com/aws/en/delta/column-mapping
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pyspark.errors import ParseException, PySparkException

from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName, quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.securables import refresh_schema, require_privilege, resolve_securable
from lakelab.local.sql.statements.create_table import property_name, property_value
from lakelab.local.sql.statements.primary_key import parse_primary_key
from lakelab.local.sql.text import (
    NAME,
    QUALIFIED_NAME,
    STRING,
    empty_result,
    parse_string,
    statement_pattern,
    unquote,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

    from lakelab.local.sql.session import Session

_NO_COLUMN_MAPPING = (
    "\nPlease enable Column Mapping on your Delta table with mapping mode 'name'.\n"
    "On Databricks: ALTER TABLE table_name SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')\n"
    "On a laptop no table can have it: write a new table, with the columns that you want."
)


def alter_table(session: Session, statement: exp.Alter, text: str) -> DataFrame | None:
    """Change a table; None where the engine can do it itself.

    Raises
    ------
    UnityCatalogError
        If the table cannot be changed so.
    """
    if statement.kind != "TABLE":
        return None
    from sqlglot import exp

    name = session.resolve(".".join(f"`{part.name}`" for part in statement.this.parts))
    (first, *_) = statement.args["actions"]
    if isinstance(first, exp.AlterRename):
        _rename(session, name, first.this)
        return empty_result(session)
    for action in statement.args["actions"]:
        if not _change(session, session.unity.table(name), action):
            return None
    refresh_schema(session, name)
    return empty_result(session)


def _rename(session: Session, name: TableName, target: exp.Table) -> None:
    """Give a table another name; one without a schema is in that of the table."""
    parts = [f"`{part.name}`" for part in target.parts]
    if len(parts) == 1:
        parts = [f"`{name.catalog}`", f"`{name.schema}`", *parts]
    session.unity.rename_table(name, session.resolve(".".join(parts)))


def _change(session: Session, table: UnityTable, action: exp.Expr) -> bool:
    """Do one action; say whether it is one of ours."""
    from sqlglot import exp

    if isinstance(action, exp.AddConstraint):
        _add_constraint(session, table, action)
    elif isinstance(action, exp.Drop):
        _drop(table, action)
    elif isinstance(action, exp.AlterColumn):
        return _alter_column(session, table, action)
    elif isinstance(action, exp.AlterSet) and action.find(exp.Property):
        table.set_properties(
            {property_name(p): property_value(p) for p in action.find_all(exp.Property)}
        )
    elif isinstance(action, exp.ColumnDef):
        _add_columns(session, table, [action])
    elif isinstance(action, exp.Schema):
        _add_columns(session, table, action.expressions)
    elif isinstance(action, exp.RenameColumn):
        table.field(action.this.name)
        raise UnityCatalogError(
            f"Column rename is not supported for your Delta table. {_NO_COLUMN_MAPPING}",
            condition="DELTA_UNSUPPORTED_RENAME_COLUMN",
            sql_state="0AKDC",
        )
    else:
        return False
    return True


def _add_constraint(session: Session, table: UnityTable, action: exp.AddConstraint) -> None:
    from sqlglot import exp

    if action.find(exp.PrimaryKey):
        table.set_primary_key(parse_primary_key(action.expressions[0], table.name.table))
        return
    if action.find(exp.ForeignKey):
        raise UnityCatalogError(
            f"Foreign keys are not kept on a laptop, so table '{table.name}' gets none. They are "
            f"informational on Databricks: leave the statement out here."
        )
    constraint = action.expressions[0]
    name, condition = constraint.name, constraint.expressions[0].this.sql("databricks")
    if name.lower() in {there.lower() for there in table.checks}:
        raise UnityCatalogError(
            f"Constraint '{name}' already exists. Please delete the old constraint first.\n"
            f"Old constraint:\n{table.checks.get(name, '')}",
            condition="DELTA_CONSTRAINT_ALREADY_EXISTS",
            sql_state="42710",
        )
    broken = session.engine_sql(
        f"SELECT count(*) FROM {table.name.quoted} WHERE NOT ({condition})"
    ).collect()[0][0]
    if broken:
        raise UnityCatalogError(
            f"{broken} rows in {table.name} violate the new CHECK constraint ({condition}).",
            condition="DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
            sql_state="23512",
        )
    session.engine_sql(
        f"ALTER TABLE {table.name.quoted} ADD CONSTRAINT {quoted(name)} CHECK ({condition})"
    )


def _drop(table: UnityTable, action: exp.Drop) -> None:
    kind, exists = action.args.get("kind"), bool(action.args.get("exists"))
    names = [found.name for found in action.args.get("tables") or [action.this]]
    if kind == "CONSTRAINT":
        _drop_constraint(table, names[0], exists)
        return
    columns = [c.name for found in action.args["tables"] for c in found.expressions] or names
    if not exists:
        for column in columns:
            table.field(column)
    raise UnityCatalogError(
        f"DROP COLUMN is not supported for your Delta table. {_NO_COLUMN_MAPPING}",
        condition="DELTA_UNSUPPORTED_DROP_COLUMN",
        sql_state="0AKDC",
    )


def _drop_constraint(table: UnityTable, name: str, exists: bool) -> None:
    key = table.primary_key
    if key is not None and key.name.lower() == name.lower():
        table.set_primary_key(None)
        return
    for check in table.checks:
        if check.lower() == name.lower():
            table.drop_check(check)
            return
    if exists:
        return
    there = [*([key.name] if key else []), *table.checks]
    raise NotFoundError(
        f"Cannot drop nonexistent constraint {name} from table '{table.name}': it has "
        f"{', '.join(f'`{n}`' for n in there) or 'none'}. Add IF EXISTS to pass over it.",
        condition="DELTA_CONSTRAINT_DOES_NOT_EXIST",
        sql_state="42704",
    )


def _drop_key(session: Session, told: re.Match[str]) -> None:
    table = session.unity.table(session.resolve(told["name"]))
    if table.primary_key is None and not told["exists"]:
        raise NotFoundError(f"Table '{table.name}' has no primary key to drop.")
    table.set_primary_key(None)


def _alter_column(session: Session, table: UnityTable, action: exp.AlterColumn) -> bool:
    if action.args.get("allow_null") is False:
        table.set_not_null(action.name)
    elif action.args.get("allow_null"):
        column = table.field(action.name)["name"]
        key = table.primary_key
        if key is not None and column in key.columns:
            raise UnityCatalogError(
                f"Column `{column}` of table '{table.name}' stays NOT NULL: the primary key "
                f"`{key.name}` has it. Drop the key first: ALTER TABLE {table.name} DROP CONSTRAINT "
                f"{key.name}."
            )
        table.drop_not_null(column)
    elif comment := action.args.get("comment"):
        table.set_column_comment(action.name, comment.name)
    elif expression := action.args.get("default"):
        _set_default(session, table, action.name, expression.sql("databricks"))
    elif action.args.get("drop"):
        table.set_default(action.name, None)
    else:
        return False
    return True


def _set_default(session: Session, table: UnityTable, column: str, expression: str) -> None:
    kind = sql_type(table.field(column)["type"])
    try:  # it stands alone, and has the column's type
        session.engine_sql(f"SELECT CAST(({expression}) AS {kind})").collect()
    except PySparkException as error:
        raise UnityCatalogError(
            f"Failed to execute ALTER TABLE command because the destination column `{column}` with type "
            f"{kind.upper()} has a DEFAULT value {expression}, which gives no value of that type: {error}",
            condition="INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION",
            sql_state="42623",
        ) from error
    table.set_default(column, expression)


def _comment_columns(session: Session, told: re.Match[str]) -> None:
    """``ALTER TABLE t ALTER COLUMN a COMMENT '..', b COMMENT '..'``."""
    table = session.unity.table(session.resolve(told["name"]))
    found = re.findall(rf"({NAME})\s+COMMENT\s+({STRING})", told["list"], re.IGNORECASE | re.DOTALL)
    for column, _ in found:
        table.field(unquote(column))  # all of them, or none
    for column, text in found:
        table.set_column_comment(unquote(column), parse_string(text))
    refresh_schema(session, table.name)


def _add_columns(session: Session, table: UnityTable, definitions: list[exp.ColumnDef]) -> None:
    from sqlglot import exp

    fields: list[dict[str, Any]] = []
    after: list[str | None] = []
    there = {field["name"].lower() for field in table.fields}
    for definition in definitions:
        if definition.args.get("exists") and definition.name.lower() in there:
            continue
        metadata = {}
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
                    f"AFTER column], not '{constraint.sql('databricks')}': that runs on Databricks only."
                )
        kind = definition.args["kind"].sql("databricks")
        fields.append(
            {
                "name": definition.name,
                "type": _delta_type(session, table, definition.name, kind),
                "nullable": True,
                "metadata": metadata,
            }
        )
        after.append(_place(definition.args.get("position")))
    table.add_columns(fields, after)


def _place(position: exp.Expr | None) -> str | None:
    if position is None:
        return None
    if str(position.args.get("position")).upper() == "FIRST":
        return ""
    return str(position.this.name)


def _delta_type(session: Session, table: UnityTable, column: str, kind: str) -> Any:
    """Write a type as the Delta log has it, which is as Spark writes its types in JSON."""
    from pyspark.sql.types import TimestampNTZType

    found = session.engine_sql(f"SELECT CAST(NULL AS {kind}) AS {quoted('x')}").schema[0].dataType
    protocol = table.delta.protocol()
    if isinstance(found, TimestampNTZType) and "timestampNtz" not in (
        protocol.writer_features or ()
    ):
        raise UnityCatalogError(
            f"Column `{column}` of type {kind} cannot be added: table '{table.name}' was made without "
            f"the feature timestampNtz. Take TIMESTAMP, or make a table with the column."
        )
    return json.loads(found.json())


def _unset_properties(session: Session, told: re.Match[str]) -> None:
    table = session.unity.table(session.resolve(told["name"]))
    keys = [parse_string(text) for text in re.findall(STRING, told["list"])]
    keys += [key for key in re.findall(r"[\w.]+", re.sub(STRING, "", told["list"])) if key]
    absent = [key for key in keys if key not in table.properties]
    if absent and not told["exists"]:
        raise NotFoundError(
            f"Cannot unset non-existent properties [{', '.join(absent)}] in table '{table.name}'. It "
            f"has: {', '.join(table.properties) or 'none'}.",
            condition="UNSET_NONEXISTENT_PROPERTIES",
            sql_state="42K0J",
        )
    table.unset_properties(keys)


def _set_owner(session: Session, told: re.Match[str]) -> None:
    securable = resolve_securable(session, told["kind"].upper(), told["name"])
    require_privilege(session, securable)
    session.unity.governance.update(securable, owner=unquote(told["who"]))


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} DROP PRIMARY KEY(?P<exists> IF EXISTS)?(?: RESTRICT| CASCADE)?"
        ),
        _drop_key,
    ),
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} UNSET TBLPROPERTIES(?P<exists> IF EXISTS)?\s*\((?P<list>.*)\)"
        ),
        _unset_properties,
    ),
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} ALTER(?: COLUMN)? "
            rf"(?P<list>{NAME} COMMENT {STRING}(?:\s*, {NAME} COMMENT {STRING})+)".replace(
                ", ", r",\s*"
            )
        ),
        _comment_columns,
    ),
    (
        statement_pattern(
            rf"ALTER (?P<kind>CATALOG|SCHEMA|DATABASE|TABLE|FUNCTION) {QUALIFIED_NAME}(?: SET)? OWNER TO "
            rf"(?P<who>{NAME}|`(?:[^`]|``)+`)"
        ),
        _set_owner,
    ),
]
