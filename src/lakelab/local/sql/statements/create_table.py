"""``CREATE TABLE``, with the clauses that the engine does not know.

The engine creates the tables. The clauses that the engine does not know are removed from the statement, and
stored in the Delta log of the table: the primary key, the clustering columns, properties under another name,
and the comment of a table that a query fills.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.columns import check_column_names
from lakelab.local.catalog.constraints import allows_defaults, defaults_not_allowed
from lakelab.local.catalog.errors import DamagedTableError, UnityCatalogError
from lakelab.local.catalog.hive_metastore import CONSTRAINTS_NOT_SUPPORTED
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.properties import (
    CLUSTERING,
    COLUMN_TAGS,
    PRIMARY_KEY,
    TAGS,
    check_properties,
    stored_name,
)
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.table import UnityTable
from lakelab.local.delta.statistics import NO_STATISTICS
from lakelab.local.sql.dialect import parse_expression, to_sql
from lakelab.local.sql.function_calls import rewrite_calls
from lakelab.local.sql.grammar.row_changes import ONLY_REPLACES
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.securables import resolve_table
from lakelab.local.sql.statements.char_columns import extract_limits
from lakelab.local.sql.statements.cluster_by import canonical_columns, extract_clustering
from lakelab.local.sql.statements.create_like import create_like
from lakelab.local.sql.statements.create_table_as_select import (
    can_write_query,
    create_from_query,
    extract_comment,
)
from lakelab.local.sql.statements.primary_key import extract_primary_key
from lakelab.local.sql.statements.properties import set_table_property, table_properties
from lakelab.local.sql.statements.replace_table import replace_by_definition, replace_by_query
from lakelab.local.sql.statements.table_checks import check_generated_columns, check_partitioning

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_PLAIN = frozenset(f"{ascii_lowercase}{digits}_.-")
"""The characters that the engine writes into the name of a folder as they are."""

_AFFECTED_ROWS = "num_affected_rows bigint, num_inserted_rows bigint"


@dataclass
class _TableDefinition:
    """What a statement says about a table, after a check.

    Attributes
    ----------
    statement : sqlglot.exp.Create
        The statement for the engine, without the clauses that the engine does not know.
    text : str
        The statement as SQL text for the engine.
    name : TableName
    properties : dict of str to str
        The properties to store, the key and the clustering columns among them.
    comment : str or None
        The comment, if the engine does not store it.
    limits : dict of str to int
        The limits of the columns of the type VARCHAR(n).
    """

    statement: exp.Create
    text: str
    name: TableName
    properties: dict[str, str]
    comment: str | None
    limits: dict[str, int]

    @property
    def has_query(self) -> bool:
        return bool(self.statement.expression)


def _create_table(session: Session, node: exp.Create) -> DataFrame | None:
    name = _table_name(session, node)
    statement = node.copy()
    if statement.expression:
        query = rewrite_calls(session, to_sql(statement.expression))
        statement.set("expression", parse_expression(query))
    session.unity.require_schema(name.catalog, name.schema)
    exists = session.unity.exists(name)
    if _is_taken(session, statement, name):
        return empty_result(session)
    if like := statement.find(exp.LikeProperty):
        if statement.args.get("replace"):
            raise RunOnEngine  # which refuses it, as Spark does
        check_table_name(name)
        source = resolve_table(session, like.this)
        create_like(session, name, source, table_properties(statement))
        return empty_result(session)
    definition = _define(session, statement, name, replaces=exists)
    if exists:
        _replace(session, definition)
    elif definition.has_query and can_write_query(statement):
        created = create_from_query(
            session, statement, name, definition.properties, definition.comment
        )
        return session.createDataFrame([], _AFFECTED_ROWS) if created else empty_result(session)
    else:
        session.engine_sql(rewrite_for_engine(session, definition.text))
    if definition.comment is not None and not exists:
        session.unity.table(name).set_comment(definition.comment)
    if definition.has_query:
        return session.createDataFrame([], _AFFECTED_ROWS)
    return empty_result(session)


def _is_taken(session: Session, statement: exp.Create, name: TableName) -> bool:
    """Return whether a statement does nothing, as there is a table or view of the name.

    Raises
    ------
    UnityCatalogError
        If the statement does not allow for that.
    """
    is_view, replaces = session.unity.is_view(name), statement.args.get("replace")
    if not is_view and statement.meta.get(ONLY_REPLACES):
        session.unity.table(name)  # raises if there is none
    if not is_view and (replaces or not session.unity.exists(name)):
        return False
    if not is_view:
        try:
            session.unity.table(name)  # raises if the user may not see the table
        except DamagedTableError:
            if session.unity.exists(name):
                raise
            return False  # another notebook has dropped it meanwhile
    if statement.args.get("exists"):
        return True
    if not replaces:
        raise table_already_exists(name)
    raise UnityCatalogError(
        f"{name.quoted} is a view. Writes to a view are not supported.",
        condition=conditions.DELTA_CANNOT_WRITE_INTO_VIEW,
    )


def _table_name(session: Session, statement: exp.Create) -> TableName:
    """Return the name of the table; the engine makes views, temporary tables and tables by their path."""
    target = statement.find(exp.Table)
    if statement.kind != "TABLE" or target is None or statement.find(exp.TemporaryProperty):
        raise RunOnEngine
    if any("/" in part.name for part in target.parts):
        raise RunOnEngine  # delta.`/path`
    return resolve_table(session, target)


def _define(
    session: Session, statement: exp.Create, name: TableName, *, replaces: bool
) -> _TableDefinition:
    """Check a statement, and remove the clauses that the engine does not know from it."""
    check_table_name(name)
    _refuse_checks(statement, name)
    columns = _new_columns(session, statement)
    check_column_names(columns)
    check_partitioning(statement, [column["name"] for column in columns])
    check_generated_columns(session, statement)
    key = extract_primary_key(statement)
    if key is not None and name.catalog == HIVE_METASTORE:
        raise UnityCatalogError(CONSTRAINTS_NOT_SUPPORTED)
    written = table_properties(statement)
    check_properties(written)
    stored = {stored_name(k): v for k, v in written.items()}
    _check_defaults(statement, written, name)
    if clustering := extract_clustering(statement):
        names = [column["name"] for column in columns]
        stored[CLUSTERING] = json.dumps(canonical_columns(clustering, names, name))
    if key is not None:
        stored[PRIMARY_KEY] = key.to_json()
    stored |= NO_STATISTICS
    if replaces:
        stored |= _stored_tags(session.unity.table(name))
    comment = extract_comment(statement)
    if stored != written:
        for k, v in stored.items():
            set_table_property(statement, k, v)
    limits = extract_limits(_definitions(statement))
    if limits and statement.find(exp.LocationProperty):
        raise UnityCatalogError(
            f"The local engine does not keep the type VARCHAR(n) in an external table, as {name} is. Take STRING.",
            condition=conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
        )
    return _TableDefinition(statement, to_sql(statement), name, stored, comment, limits)


def check_table_name(name: TableName) -> None:
    """Check that a new table can have a name.

    Raises
    ------
    UnityCatalogError
        If the engine would write the name otherwise into the name of a folder.
    """
    if not set(str(name)) <= _PLAIN:
        raise UnityCatalogError(
            f"'{name}' is not made: the local engine writes other characters than letters without "
            f"accents, digits, _ and - differently into the names of folders. On Databricks it is a name."
        )


def _check_defaults(statement: exp.Create, properties: dict[str, str], name: TableName) -> None:
    if statement.find(exp.DefaultColumnConstraint) and not allows_defaults(properties):
        replace = "OR REPLACE " if statement.args.get("replace") else ""
        raise defaults_not_allowed(f"CREATE {replace}TABLE", name)


def _refuse_checks(statement: exp.Create, name: TableName) -> None:
    if statement.find(exp.CheckColumnConstraint):
        raise UnityCatalogError(
            f"The feature is not supported: Table {name.quoted} does not support CHECK constraint in CREATE "
            f"TABLE. Create the table, then: ALTER TABLE {name} ADD CONSTRAINT name CHECK (condition).",
            condition=conditions.UNSUPPORTED_FEATURE_TABLE_OPERATION,
        )


def _new_columns(session: Session, statement: exp.Create) -> list[dict[str, Any]]:
    """Return the columns that the table will have, as far as their names are concerned."""
    if statement.expression:
        query = rewrite_for_engine(session, to_sql(statement.expression))
        fields: list[dict[str, Any]] = session.engine_sql(query).schema.jsonValue()["fields"]
        return fields
    columns = _definitions(statement)
    return [{"name": c.name, "type": _type_names(c.args.get("kind"))} for c in columns]


def _definitions(statement: exp.Create) -> list[exp.ColumnDef]:
    """Return the columns that a statement defines."""
    if not isinstance(statement.this, exp.Schema):
        return []
    return [item for item in statement.this.expressions if isinstance(item, exp.ColumnDef)]


def _type_names(kind: exp.Expr | None) -> Any:
    """Return a type with the names of its fields, as the Delta log has it; other types are empty."""
    if not isinstance(kind, exp.DataType):
        return ""
    if kind.this == exp.DType.STRUCT:
        fields = [f for f in kind.expressions if isinstance(f, exp.ColumnDef)]
        return {
            "type": "struct",
            "fields": [{"name": f.name, "type": _type_names(f.args.get("kind"))} for f in fields],
        }
    parts = [_type_names(part) for part in kind.expressions]
    if kind.this == exp.DType.ARRAY:
        return {"type": "array", "elementType": parts[0]}
    if kind.this == exp.DType.MAP:
        return {"type": "map", "keyType": parts[0], "valueType": parts[-1]}
    return ""


def _stored_tags(table: UnityTable) -> dict[str, str]:
    """Return the tags as the table stores them: a replaced table keeps its tags, as its grants."""
    configuration = table.delta.metadata().configuration
    return {name: configuration[name] for name in (TAGS, COLUMN_TAGS) if name in configuration}


def _replace(session: Session, definition: _TableDefinition) -> None:
    statement, name = definition.statement, definition.name
    if definition.has_query:
        replace_by_query(session, statement, name, definition.properties, definition.comment)
    else:
        replace_by_definition(session, statement, name, definition.properties, definition.limits)


HANDLERS: Handlers = {exp.Create: _create_table}
