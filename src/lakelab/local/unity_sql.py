"""The SQL statements of Unity Catalog that Sail does not know, carried out on the Delta folders.

A statement is parsed with sqlglot's Databricks dialect. What it says about keys, tags, comments and
history is done by :class:`lakelab.local.unity_catalog.UnityTable`; anything else goes to the engine
as it is, and what the engine refuses ends in an error that names the statement.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.errors import (
    AnalysisException,
    IllegalArgumentException,
    ParseException,
    PySparkException,
    UnsupportedOperationException,
)

from lakelab.local import information_schema, sql_calls, sql_functions, unity_statements
from lakelab.local.access import InsufficientPermissionsError, as_spark_error
from lakelab.local.hive_metastore import NO_CONSTRAINTS
from lakelab.local.unity_catalog import (
    HIVE_METASTORE,
    PRIMARY_KEY,
    NotFoundError,
    PrimaryKey,
    TableName,
    UnityCatalogError,
    UnityTable,
    kept_name,
)
from lakelab.local.unity_statements import nothing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

    from lakelab.local.spark import LocalSparkSession

# sqlglot warns of each statement that it reads as a whole; the engine then says what is wrong with it
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_OURS = ("ALTER", "COMMENT", "CREATE", "DESC", "DESCRIBE", "DROP", "OPTIMIZE", "SHOW", "USE")
_COMMENTS = re.compile(r"\A(\s+|--[^\n]*(\n|\Z)|/\*.*?\*/)+", re.DOTALL)


def run(session: LocalSparkSession, query: str, args: Any, kwargs: dict[str, Any]) -> DataFrame:
    """Run one statement.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the statement names something that is not there, or that Unity Catalog would refuse.
    pyspark.errors.ParseException
        If the engine does not understand it; the message says that it runs on Databricks only.
    """
    text = _COMMENTS.sub("", query)
    keyword = re.match(r"\w*", text)
    try:
        if (answer := sql_functions.carry_out(session, text)) is not None:
            return answer
        query = text = sql_calls.with_calls(session, text)
        if keyword and keyword[0].upper() in _OURS and not kwargs:
            answer = _carry_out(session, text)
            if answer is not None:
                return answer
        if information_schema.SCHEMA in query.lower():
            query = information_schema.with_rows(
                session.unity, session.user, query, session.catalog.currentCatalog
            )
        return session.engine_sql(query, args, **kwargs)
    except InsufficientPermissionsError as error:
        raise as_spark_error(error) from error
    except UnityCatalogError as error:
        raise AnalysisException(message=str(error)) from error
    except (IllegalArgumentException, UnsupportedOperationException) as error:
        raise _not_understood(text, error) from error


def _not_understood(text: str, error: PySparkException) -> PySparkException:
    if isinstance(error, IllegalArgumentException) and "expected" not in str(error):
        return error  # an argument is wrong, not the statement
    first = " ".join(text.split())[:80]
    return ParseException(
        message=f"The local engine does not understand this statement: {first} ({error}). "
        f"Check its spelling; if it is valid Databricks SQL, it runs on Databricks only."
    )


def _carry_out(session: LocalSparkSession, text: str) -> DataFrame | None:
    """Do what the statement says, or return None where the engine can do it itself."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if (answer := unity_statements.carry_out(session, text)) is not None:
        return answer
    if re.match(r"SHOW\b", text, re.IGNORECASE):
        return None
    try:
        statement = sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError:
        return None  # the engine's own error says where
    handlers: dict[type, Callable[[LocalSparkSession, Any], DataFrame | None]] = {
        exp.Alter: _alter,
        exp.Comment: _comment,
        exp.Create: _create,
        exp.Describe: _describe,
        exp.Drop: _drop,
        exp.Use: _use,
    }
    handler = handlers.get(type(statement))
    return handler(session, statement) if handler else None


def _name(session: LocalSparkSession, table: exp.Table) -> TableName:
    return session.resolve(".".join(f"`{part.name}`" for part in table.parts))


def _open(session: LocalSparkSession, table: exp.Table) -> UnityTable:
    return session.unity.table(_name(session, table))


# ---- USE, CREATE, DROP -----------------------------------------------------------------------------
def _use(session: LocalSparkSession, statement: exp.Use) -> DataFrame | None:
    parts = [part.name.lower() for part in statement.this.parts]
    if str(statement.args.get("kind") or "").upper() == "CATALOG":
        session.engine_sql(f"USE CATALOG `{parts[0]}`")
        return nothing(session)
    catalog = parts[0] if len(parts) == 2 else session.catalog.currentCatalog()
    session.unity.require_schema(catalog, parts[-1])
    session.engine_sql(f"USE CATALOG `{catalog}`")
    session.engine_sql(f"USE SCHEMA `{parts[-1]}`")
    return nothing(session)


def _create(session: LocalSparkSession, statement: exp.Create) -> DataFrame | None:
    from sqlglot import exp

    if statement.kind == "SCHEMA":
        return _create_schema(session, statement)
    if statement.kind != "TABLE":
        return None
    key = _take_primary_key(statement)
    replaced = bool(statement.args.get("replace"))
    renamed = _rename_properties(statement)
    if key is None and not replaced and not renamed:
        return None
    if key is not None:
        target = statement.find(exp.Table)
        assert target is not None
        if _name(session, target).catalog == HIVE_METASTORE:
            raise UnityCatalogError(NO_CONSTRAINTS)
        _add_property(statement, PRIMARY_KEY, key.to_json())
    if replaced:
        return _replace(session, statement, key)
    session.engine_sql(statement.sql("databricks"))
    return nothing(session)


def _replace(
    session: LocalSparkSession, statement: exp.Create, key: PrimaryKey | None
) -> DataFrame:
    """Replace a table: the engine would keep what the old one had of keys and NOT NULL columns."""
    from sqlglot import exp

    target = statement.find(exp.Table)
    assert target is not None
    name = _name(session, target)
    forbidden = []
    if session.unity.exists(name):
        old = session.unity.table(name)
        forbidden = [field["name"] for field in old.fields if not field["nullable"]]
        for column in forbidden:
            old.allow_null(column)
    try:
        session.engine_sql(statement.sql("databricks"))
    except PySparkException:
        for column in forbidden:  # nothing was replaced: as it was
            session.unity.table(name).set_not_null(column)
        raise
    new = session.unity.table(name)
    if new.primary_key != key:
        new.set_primary_key(None)
        if key is not None:
            new.set_primary_key(key)
    return nothing(session)


def _property_name(told: exp.Property) -> str:
    """Read the name of a property, which stands in quotes or as words with dots between them."""
    from sqlglot import exp

    if isinstance(told.this, exp.Dot):
        return told.this.sql("databricks").replace("`", "")
    return str(told.this.name)


def _property_value(told: exp.Property) -> str:
    """Read the value of a property: text, or a number, true or false without quotes."""
    value = told.args["value"]
    return str(value.name or value.sql("databricks").lower())


def _rename_properties(statement: exp.Create) -> bool:
    """Give properties the names under which they are kept; say whether any has another one."""
    from sqlglot import exp

    renamed = False
    properties = statement.args.get("properties")
    for told in properties.find_all(exp.Property) if properties else ():
        if type(told) is not exp.Property:  # USING DELTA and the like
            continue
        name = _property_name(told)
        if (kept := kept_name(name)) != name:
            told.set("this", exp.Literal.string(kept))
            told.set("value", exp.Literal.string(_property_value(told)))
            renamed = True
    return renamed


def _add_property(statement: exp.Create, name: str, value: str) -> None:
    from sqlglot import exp

    told = exp.Property(this=exp.Literal.string(name), value=exp.Literal.string(value))
    if statement.args.get("properties") is None:
        statement.set("properties", exp.Properties(expressions=[]))
    statement.args["properties"].append("expressions", told)


def _create_schema(session: LocalSparkSession, statement: exp.Create) -> DataFrame:
    if statement.args.get("properties"):
        raise ParseException(
            message="The local engine knows CREATE SCHEMA [IF NOT EXISTS] catalog.schema, "
            f"not '{statement.args['properties'].sql('databricks')}': that runs on Databricks only."
        )
    parts = [part.name.lower() for part in statement.this.parts]
    catalog = parts[0] if len(parts) == 2 else session.catalog.currentCatalog()
    if parts[-1] in session.unity.schemas(catalog) and not statement.args.get("exists"):
        raise AnalysisException(
            message=f"[SCHEMA_ALREADY_EXISTS] Cannot create schema `{parts[-1]}` because it already "
            f"exists. Choose a different name, drop or replace the existing object, or add the "
            f"IF NOT EXISTS clause to tolerate the pre-existing schema."
        )
    session.unity.create_schema(catalog, parts[-1])
    return nothing(session)


def _take_primary_key(statement: exp.Create) -> PrimaryKey | None:
    """Cut the primary key out of CREATE TABLE, after checking that its columns are NOT NULL."""
    from sqlglot import exp

    schema = statement.this
    if not isinstance(schema, exp.Schema):
        return None
    table = schema.this.name.lower()
    key: PrimaryKey | None = None
    columns = {c.name: c for c in schema.expressions if isinstance(c, exp.ColumnDef)}
    for name, column in columns.items():
        for constraint in list(column.constraints):
            if isinstance(constraint.kind, exp.PrimaryKeyColumnConstraint):
                constraint.pop()
                key = PrimaryKey(f"{table}_pk", (name,))
    for item in list(schema.expressions):
        if item.find(exp.PrimaryKey):
            key = _read_primary_key(item, table)
            item.pop()
    if (
        key is None or not columns
    ):  # CREATE TABLE t (CONSTRAINT ...) AS SELECT has no types to check
        return key
    for name in key.columns:
        if name not in columns:
            raise NotFoundError(
                f"The primary key `{key.name}` names the column '{name}', which the table does not "
                f"have. It has: {', '.join(columns)}."
            )
        if not any(
            isinstance(c.kind, exp.NotNullColumnConstraint) and not c.kind.args.get("allow_null")
            for c in columns[name].constraints
        ):
            raise UnityCatalogError(
                f"Cannot create the primary key `{key.name}` because its child column(s) `{name}` "
                f"is nullable. Please change the column nullability and retry: declare `{name}` "
                f"as NOT NULL."
            )
    return key


def _read_primary_key(item: exp.Expr, table: str) -> PrimaryKey:
    """Read ``[CONSTRAINT name] PRIMARY KEY (a, b TIMESERIES)``."""
    from sqlglot import exp

    name = item.name if isinstance(item, exp.Constraint) else f"{table}_pk"
    found = item.find(exp.PrimaryKey)
    assert found is not None
    times = [c.this.name for c in found.expressions if isinstance(c, exp.TimeseriesKey)]
    if len(times) > 1:
        raise UnityCatalogError(
            f"A primary key has at most one TIMESERIES column, not {', '.join(times)}."
        )
    columns = tuple(
        c.this.name if isinstance(c, exp.TimeseriesKey) else c.name for c in found.expressions
    )
    return PrimaryKey(name, columns, times[0] if times else None)


def _drop(session: LocalSparkSession, statement: exp.Drop) -> DataFrame | None:
    names = statement.args.get("tables") or [statement.this]
    if statement.kind == "TABLE":
        name = _name(session, names[0])
        if not session.unity.exists(name):
            return None  # a view, or nothing: the engine knows what to say
        with suppress(NotFoundError) if statement.args.get("exists") else nullcontext():
            session.unity.drop_table(name)  # another notebook may be first
        return nothing(session)
    if statement.kind == "SCHEMA":
        parts = [part.name.lower() for part in names[0].parts]
        catalog = parts[0] if len(parts) == 2 else session.catalog.currentCatalog()
        if parts[-1] not in session.unity.schemas(catalog) and statement.args.get("exists"):
            return nothing(session)
        tables = session.unity.tables(catalog, parts[-1])
        if tables and not statement.args.get("cascade"):
            raise AnalysisException(
                message=f"[SCHEMA_NOT_EMPTY] Cannot drop a schema `{parts[-1]}` because it contains "
                f"objects. Use DROP SCHEMA ... CASCADE to drop the schema and all its objects."
            )
        with suppress(NotFoundError) if statement.args.get("exists") else nullcontext():
            session.unity.drop_schema(catalog, parts[-1])
        return nothing(session)
    return None


# ---- ALTER TABLE, COMMENT ON --------------------------------------------------------------------------
def _alter(session: LocalSparkSession, statement: exp.Alter) -> DataFrame | None:
    from sqlglot import exp

    if statement.kind != "TABLE":
        return None
    for action in statement.args["actions"]:
        if isinstance(action, exp.AddConstraint) and action.find(exp.PrimaryKey):
            table = _open(session, statement.this)
            key = _read_primary_key(action.expressions[0], table.name.table)
            table.set_primary_key(key)
        elif isinstance(action, exp.Drop) and action.args.get("kind") == "CONSTRAINT":
            names = action.args.get("tables") or [action.this]
            _drop_constraint(session, statement, names[0].name)
        elif isinstance(action, exp.AlterColumn) and action.args.get("allow_null") is False:
            table = _open(session, statement.this)
            table.set_not_null(action.name)
            session.register_anew(table.name)
        elif isinstance(action, exp.AlterColumn) and action.args.get("comment"):
            text = action.args["comment"].name
            _open(session, statement.this).set_column_comment(action.name, text)
        elif isinstance(action, exp.AlterSet) and action.find(exp.Property):
            _open(session, statement.this).set_properties(
                {_property_name(p): _property_value(p) for p in action.find_all(exp.Property)}
            )
        else:
            return None
    return nothing(session)


def _drop_constraint(session: LocalSparkSession, statement: exp.Alter, name: str) -> None:
    table = _open(session, statement.this)
    key = table.primary_key
    if key is None or key.name.lower() != name.lower():
        there = f"it has `{key.name}`" if key else "it has none"
        raise NotFoundError(f"Table '{table.name}' has no constraint `{name}`; {there}.")
    table.set_primary_key(None)


def _comment(session: LocalSparkSession, statement: exp.Comment) -> DataFrame | None:
    text, kind = statement.expression.name, str(statement.args["kind"]).upper()
    if kind == "TABLE":
        _open(session, statement.this).set_comment(text)
        return nothing(session)
    if kind == "COLUMN":
        *levels, column = (part.name for part in statement.this.parts)
        name = session.resolve(".".join(f"`{level}`" for level in levels))
        session.unity.table(name).set_column_comment(column, text)
        return nothing(session)
    return None


# ---- DESCRIBE, SHOW ---------------------------------------------------------------------------------------
def _describe(session: LocalSparkSession, statement: exp.Describe) -> DataFrame | None:
    from sqlglot import exp

    if not isinstance(statement.this, exp.Table):
        return None
    style = str(statement.args.get("style") or "").upper()
    if style == "HISTORY":
        return _history(session, _open(session, statement.this))
    name = _name(session, statement.this)
    if not session.unity.exists(name):
        return session.engine_sql(f"DESCRIBE TABLE {statement.this.sql('databricks')}")
    table = session.unity.table(name)
    rows = _columns(session, table)
    if style in ("EXTENDED", "FORMATTED"):
        rows += _details(table)
    return session.createDataFrame(rows, "col_name string, data_type string, comment string")


def _columns(session: LocalSparkSession, table: UnityTable) -> list[tuple[str, str, str | None]]:
    comments = {field["name"]: field["metadata"].get("comment") for field in table.fields}
    fields = session.table(table.name.quoted).schema.fields
    return [(f.name, f.dataType.simpleString(), comments.get(f.name)) for f in fields]


def _details(table: UnityTable) -> list[tuple[str, str, str | None]]:
    created = table.delta.metadata().created_time
    properties = ",".join(f"{k}={v}" for k, v in sorted(table.properties.items()))
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
        ("Table Properties", f"[{properties}]", ""),
    ]
    if key := table.primary_key:
        rows += [("", "", ""), ("# Constraints", "", ""), (key.name, key.clause, "")]
    return rows


def _history(session: LocalSparkSession, table: UnityTable) -> DataFrame:
    long = ("metadata", "protocol")  # of CREATE TABLE: the whole schema once more
    rows = [
        (
            int(commit["version"]),
            datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
            str(commit.get("operation", "")),
            {
                k: str(v)
                for k, v in (commit.get("operationParameters") or {}).items()
                if k not in long
            },
            commit.get("readVersion"),
            {k: str(v) for k, v in (commit.get("operationMetrics") or {}).items()},
            commit.get("userMetadata"),
            commit.get("engineInfo"),
        )
        for commit in table.delta.history()
    ]
    return session.createDataFrame(
        rows,
        "version bigint, timestamp timestamp, operation string, "
        "operationParameters map<string,string>, readVersion bigint, "
        "operationMetrics map<string,string>, userMetadata string, engineInfo string",
    )
