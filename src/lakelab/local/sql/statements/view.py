"""``CREATE``, ``ALTER`` and ``DROP`` of views, which are kept beside the tables of their schema.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-view and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-view
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.views import UnityView, ViewColumn, Views, not_a_view
from lakelab.local.sql.dialect import parse
from lakelab.local.sql.errors import analysis_error, syntax_error
from lakelab.local.sql.grammar.parser import Name
from lakelab.local.sql.grammar.views import AlterView, CreateView
from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.securables import require_privilege, resolve_table
from lakelab.local.sql.statements.query import prepare_query
from lakelab.local.sql.variables import replace_variables
from lakelab.local.sql.views import complete_name, expand_views, recursive_view, relations

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_MODE = "WITH SCHEMA COMPENSATION"


# ---- CREATE ------------------------------------------------------------------------------------------------
def _create_view(session: Session, node: CreateView) -> None:
    name = session.resolve(node.target)
    session.unity.require_schema(name.catalog, name.schema)
    _check_mode(node.args["schema_mode"])
    is_view = session.unity.is_view(name)
    if is_view or session.unity.exists(name):
        if node.args["exists"]:
            return
        if not node.args["replace"]:
            raise table_already_exists(name)
        if not is_view:
            raise not_a_view(name)
        require_privilege(session, Securable("table", str(name)))
    else:
        _require_create(session, name)
    view = _define(session, name, node.args["query"], node.args["columns"])
    view = replace(view, comment=node.args["comment"], properties=node.args["properties"])
    Views(session.unity).create(view, replaces=is_view)
    if not is_view and name.catalog != HIVE_METASTORE:
        securable = Securable("table", str(name))
        session.unity.governance.remove(securable)
        session.unity.governance.update(securable, owner=session.user)


def _require_create(session: Session, name: TableName) -> None:
    """Check that the user may create a view in a schema."""
    require_privilege(session, Securable("schema", f"{name.catalog}.{name.schema}"), "CREATE_TABLE")


def _check_mode(mode: str | None) -> None:
    if mode not in (None, _MODE):
        raise analysis_error(
            conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
            f"The local engine has views WITH SCHEMA COMPENSATION, which is the default, and not {mode}. "
            f"Leave it out. It is kept on Databricks.",
        )


def _define(
    session: Session, name: TableName, query: str, columns: list[tuple[str, str | None]]
) -> UnityView:
    """Return a view after a check of its query."""
    tree = parse(query).tree
    if not isinstance(tree, exp.Query | exp.Values):
        raise syntax_error(query, parse(query).error or "expected a query")
    refuse_parameters(tree)
    current = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    view = UnityView(name, parse(query).text, *current, columns=(), query_columns=())
    _refuse_temporary(session, view, tree)
    _refuse_cycle(session, view, tree)
    _refuse_functions(session, view, tree)
    _refuse_variables(session, view)
    fields = session.engine_sql(prepare_query(session, query)).schema.jsonValue()["fields"]
    _check_columns(name, tree, fields, columns)
    given = columns or [(field["name"], field["metadata"].get("comment")) for field in fields]
    return replace(
        view,
        columns=tuple(
            ViewColumn(column, field["type"], field["nullable"], comment)
            for (column, comment), field in zip(given, fields, strict=True)
        ),
        query_columns=tuple(field["name"] for field in fields),
        creator=session.user,
    )


def refuse_parameters(query: exp.Expr) -> None:
    """Refuse parameter markers in the query of a view.

    Raises
    ------
    UnityCatalogError
        If there is one.
    """
    if query.find(exp.Placeholder, exp.Parameter):
        raise UnityCatalogError(
            "The feature is not supported: Parameter markers are not allowed in the query of CREATE VIEW.",
            condition=conditions.UNSUPPORTED_FEATURE_PARAMETER_MARKER_IN_UNEXPECTED_STATEMENT,
        )


def _check_columns(
    name: TableName,
    tree: exp.Expr,
    fields: list[dict[str, Any]],
    columns: list[tuple[str, str | None]],
) -> None:
    """Check that the columns of a view have one name each."""
    if columns and len(columns) != len(fields):
        many = len(fields) > len(columns)
        reason = "too many data columns" if many else "not enough data columns"
        found = ", ".join(f"`{field['name']}`" for field in fields)
        raise UnityCatalogError(
            f"Cannot create view {name.quoted}, the reason is {reason}:\n"
            f"View columns: {', '.join(f'`{column}`' for column, _ in columns)}.\n"
            f"Data columns: {found}.",
            condition=conditions.CREATE_VIEW_COLUMN_ARITY_MISMATCH.sub(
                "TOO_MANY_DATA_COLUMNS" if many else "NOT_ENOUGH_DATA_COLUMNS"
            ),
        )
    if not columns and (unnamed := _unnamed(tree)):
        raise UnityCatalogError(
            f"Not allowed to create the permanent view {name.quoted} without explicitly assigning an alias "
            f'for the expression "{unnamed}".',
            condition=conditions.CREATE_PERMANENT_VIEW_WITHOUT_ALIAS,
        )
    names = [column for column, _ in columns] or [str(field["name"]) for field in fields]
    seen: set[str] = set()
    for column in names:
        if column.lower() in seen:
            raise UnityCatalogError(
                f"The column `{column.lower()}` already exists. Choose another name or rename the existing "
                f"column.",
                condition=conditions.COLUMN_ALREADY_EXISTS,
            )
        seen.add(column.lower())


def _unnamed(tree: exp.Expr) -> str | None:
    """Return the first expression of a query that has no name of its own; None if each has one."""
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        tree = tree.this
    if not isinstance(tree, exp.Select):
        return None
    named = (exp.Alias, exp.Aliases, exp.Column, exp.Star, exp.Dot, exp.Bracket, exp.Anonymous)
    unnamed = (e for e in tree.expressions if not isinstance(e, named) or _is_plain_call(e))
    return next((e.sql("databricks") for e in unnamed), None)


def _is_plain_call(expression: exp.Expr) -> bool:
    """Return whether an expression is a call whose result has no name, unlike ``explode``."""
    generators = (
        "explode",
        "posexplode",
        "inline",
        "stack",
        "json_tuple",
        "explode_outer",
        "inline_outer",
    )
    name = str(expression.this).lower() if isinstance(expression, exp.Anonymous) else ""
    return isinstance(expression, exp.Anonymous | exp.Bracket) and name not in generators


def _refuse_temporary(session: Session, view: UnityView, tree: exp.Expr) -> None:
    """Refuse a view over what other sessions do not have."""
    single = {t.name.lower() for t in relations(tree) if len(t.parts) == 1}
    used = sorted(single & set(session.temporary_views())) if single else []
    if used:
        raise temporary_object(view.name, "VIEW", used[0])
    for table in relations(tree):
        if table.db.lower() == "global_temp" and not table.catalog:
            raise temporary_object(view.name, "VIEW", f"global_temp.{table.name}")


def _refuse_functions(session: Session, view: UnityView, tree: exp.Expr) -> None:
    for call in tree.find_all(exp.Anonymous):
        name = str(call.this).lower()
        if name in session.temporary_functions and not session.engine_functions.has(name):
            raise temporary_object(view.name, "FUNCTION", name)


def _refuse_variables(session: Session, view: UnityView) -> None:
    expanded = expand_views(session, parse(view.query))
    if replace_variables(session, expanded) is not expanded:
        raise temporary_object(view.name, "VARIABLE", "session")


def temporary_object(name: TableName, kind: str, used: str) -> UnityCatalogError:
    """Return the error for a view that refers to a temporary object."""
    return UnityCatalogError(
        f"Cannot create the persistent object {name.quoted} of the type VIEW because it references to the "
        f"temporary object `{used}` of the type {kind}. Please make the temporary object `{used}` "
        f"persistent, or make the persistent object {name.quoted} temporary.",
        condition=conditions.INVALID_TEMP_OBJ_REFERENCE,
    )


def _refuse_cycle(session: Session, view: UnityView, tree: exp.Expr) -> None:
    """Refuse a query that reads the view that it is for."""
    if not session.unity.is_view(view.name):
        return
    pending: list[tuple[TableName, ...]] = [
        (view.name, *path) for path in _views_in(session, view, tree)
    ]
    while pending:
        path = pending.pop()
        if path[-1] == view.name:
            raise recursive_view(path)
        inner = Views(session.unity).get(path[-1])
        inner_tree = parse(inner.query).tree
        assert inner_tree is not None
        pending += [(*path, *step) for step in _views_in(session, inner, inner_tree)]


def _views_in(session: Session, view: UnityView, tree: exp.Expr) -> list[tuple[TableName, ...]]:
    names = {complete_name(table, view) for table in relations(tree)}
    return [(name,) for name in names if name is not None and session.unity.is_view(name)]


# ---- ALTER and DROP ----------------------------------------------------------------------------------------
def _alter_view(session: Session, node: AlterView) -> None:
    name = session.resolve(node.target)
    action, value = node.args["action"], node.args["value"]
    if session.unity.exists(name):
        raise not_a_view(name, "ALTER TABLE" if action != "AS" else "")
    Views(session.unity).get(name)
    require_privilege(session, Securable("table", str(name)))
    if action == "RENAME TO":
        _rename(session, name, value)
    elif action == "AS":
        view = _define(session, name, value, [])
        with Views(session.unity).changed(name) as changes:
            changes |= {
                key: getattr(view, key)
                for key in ("query", "catalog", "schema", "columns", "query_columns")
            }
    elif action in ("SET TBLPROPERTIES", "UNSET TBLPROPERTIES"):
        old = Views(session.unity).get(name).properties
        with Views(session.unity).changed(name) as changes:
            changes["properties"] = (
                {**old, **value}
                if action == "SET TBLPROPERTIES"
                else {k: v for k, v in old.items() if k not in value}
            )
    elif action.endswith("TAGS"):
        raise analysis_error(
            conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
            f"The local engine keeps no tags of views: ALTER VIEW ... {action} works on Databricks.",
        )
    else:
        _check_mode(action)


def _rename(session: Session, name: TableName, target: Name) -> None:
    """Rename a view; a new name of one level stays in the schema of the view."""
    levels = target.levels
    if len(levels) == 1:
        levels = [name.catalog, name.schema, *levels]
    new = session.resolve(Name.of(*levels).quoted)
    Views(session.unity).rename(name, new)
    session.unity.governance.rename(Securable("table", str(name)), Securable("table", str(new)))


def drop_view(session: Session, node: exp.Drop) -> None:
    """Drop a view; the engine drops a temporary one.

    Raises
    ------
    UnityCatalogError
        If there is no such view, or the name is that of a table.
    """
    table = (node.args.get("tables") or [node.this])[0]
    name = resolve_table(session, table)
    if len(table.parts) == 1 and table.name.lower() in session.temporary_views():
        raise RunOnEngine
    if session.unity.is_view(name):
        require_privilege(session, Securable("table", str(name)))
        with suppress(NotFoundError):  # another notebook may have dropped it meanwhile
            Views(session.unity).drop(name)
        session.unity.governance.remove(Securable("table", str(name)))
        return
    if session.unity.exists(name):
        raise UnityCatalogError(
            f"The operation DROP VIEW requires a VIEW. But {name} is a MANAGED. Use DROP TABLE instead.",
            condition=conditions.WRONG_COMMAND_FOR_OBJECT_TYPE,
        )
    if table.db.lower() == "global_temp":
        raise RunOnEngine
    if not node.args.get("exists"):
        Views(session.unity).get(name)  # its error says what there is


def set_view_comment(session: Session, node: Name, text: str | None) -> None:
    """Set or remove the comment of a view."""
    name = session.resolve(node.quoted)
    Views(session.unity).get(name)
    require_privilege(session, Securable("table", str(name)))
    with Views(session.unity).changed(name) as changes:
        changes["comment"] = text or None


HANDLERS: Handlers = {AlterView: _alter_view, CreateView: _create_view}
