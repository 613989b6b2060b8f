"""Views in a statement: each is replaced by its query, as Spark does.

The engine would read a view's query with the schema that is current at the time of the statement, and without
the rewrites of :mod:`lakelab.local.sql.rewrites`. So it only knows the names of views, which it lists.

The tables in a view are read with the rights of the view's owner: who may read the view need not be allowed to read
them.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view and
https://docs.databricks.com/aws/en/views/#view-permissions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.catalog.store import not_a_table
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.sql.dialect import Statement, parse, parse_expression, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.relation_names import is_relation
from lakelab.local.sql.rewrites.relations import common_tables
from lakelab.local.sql.variables import refuse_variables

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_DELTA_CHANGES = {exp.Update: "UPDATE", exp.Delete: "DELETE", exp.Merge: "MERGE"}
_ROW_CHANGES = (*_DELTA_CHANGES, exp.Insert)
_KEPT = ("joins", "laterals", "pivots", "sample", "hints")
"""What may follow a table, and follows the query in its place."""
_CAST_TYPES = frozenset(
    {
        "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string", "date", "timestamp",
        "timestamp_ntz", "binary",
    }
)  # fmt: skip
"""Types that a column keeps when its source gets another type; a decimal has them, too."""


def expand_views(session: Session, statement: Statement) -> Statement:
    """Return a statement with the queries of its views in their places.

    Parameters
    ----------
    session : Session
    statement : Statement

    Returns
    -------
    Statement
        The same statement if it names no view.

    Raises
    ------
    UnityCatalogError
        If it would change a view, a view refers to itself, or the user may not read one.
    pyspark.errors.AnalysisException
        If it asks for an older version of a view.
    """
    if statement.tree is None:
        return statement
    found = _views_of(session, statement.tree)
    if not found:
        return statement
    tree = statement.tree.copy()
    for table, name in _views_of(session, tree).values():
        _refuse_change(table, name)
        _replace(session, table, name, ())
    return parse(to_sql(tree))


def query_of_view(
    session: Session, view: UnityView, chain: tuple[TableName, ...] = ()
) -> exp.Query:
    """Return the query of a view, with full names and with the queries of its views in their places.

    Parameters
    ----------
    session : Session
    view : UnityView
    chain : tuple of TableName
        The views within which it is read, the outermost first.

    Raises
    ------
    UnityCatalogError
        If the view refers to itself, or its owner may not read a table.
    """
    if view.name in chain:
        raise recursive_view((*chain[chain.index(view.name) :], view.name))
    chain = (*chain, view.name)
    query = parse_expression(view.query)
    owner = session.unity.governance.owner(Securable("table", str(view.name)))
    complete_functions(session, query, view)
    for table in relations(query):
        name = complete_name(table, view)
        if name is None:
            continue
        if session.unity.is_view(name):
            _require(session, owner, name)
            _replace(session, table, name, chain)
        else:
            _name_table(session, table, name, owner)
    if not isinstance(query, exp.Query):
        raise UnityCatalogError(f"The query of view '{view.name}' is damaged: {view.query}.")
    refuse_variables(session, query)
    return query


def relations(query: exp.Expr) -> list[exp.Table]:
    """Return the tables and views that a query names; common table expressions and paths are none."""
    return [
        table for table in query.find_all(exp.Table) if is_relation(table) and not _is_common(table)
    ]


def complete_name(table: exp.Table, view: UnityView) -> TableName | None:
    """Return the full name of a table in a view; None if it cannot be a name of the catalog."""
    levels = ".".join(f"`{part.name}`" for part in table.parts)
    try:
        return TableName.parse(levels, catalog=view.catalog, schema=view.schema)
    except UnityCatalogError:
        return None  # the engine reports what is wrong


def recursive_view(cycle: tuple[TableName, ...]) -> UnityCatalogError:
    """Return the error for a view that refers to itself.

    Examples
    --------
    >>> v, w = TableName("main", "s", "v"), TableName("main", "s", "w")
    >>> str(recursive_view((v, w, v)))
    'Recursive view `main`.`s`.`v` detected (cycle: `main`.`s`.`v` -> `main`.`s`.`w` -> `main`.`s`.`v`).'
    """
    path = " -> ".join(name.quoted for name in cycle)
    return UnityCatalogError(
        f"Recursive view {cycle[0].quoted} detected (cycle: {path}).",
        condition=conditions.RECURSIVE_VIEW,
    )


def complete_functions(session: Session, query: exp.Expr, view: UnityView) -> None:
    """Complete the names of Unity Catalog's functions in a view's query."""
    functions = Functions(session.unity)
    for call in list(query.find_all(exp.Anonymous)):
        if isinstance(call.parent, exp.Dot) or not isinstance(call.this, str):
            continue
        name = TableName(view.catalog, view.schema, call.this.lower())
        if functions.exists(name) and not session.engine_functions.has(name.table):
            catalog, schema = (
                exp.to_identifier(x, quoted=True) for x in (name.catalog, name.schema)
            )
            call.replace(
                exp.Dot(this=exp.Dot(this=catalog, expression=schema), expression=call.copy())
            )


# ---- views of a statement ----------------------------------------------------------------------------------
def _views_of(session: Session, tree: exp.Expr) -> dict[int, tuple[exp.Table, TableName]]:
    """Return the places of a statement that name views."""
    tables = [table for table in relations(tree) if _is_read(table) or _is_changed(table)]
    if not tables:
        return {}
    short_names = {name.table for name in session.unity.all_views()}
    found = {}
    for table in tables:
        if table.name.lower() in short_names and (name := _resolve(session, table)) is not None:
            found[id(table)] = (table, name)
    return found


def _resolve(session: Session, table: exp.Table) -> TableName | None:
    """Return the full name of a view; None if the name is that of something else."""
    levels = ".".join(f"`{part.name.lower()}`" for part in table.parts)
    try:
        name = session.resolve(levels)
    except UnityCatalogError:
        return None
    if not session.unity.is_view(name):
        return None
    if len(table.parts) == 1 and table.name.lower() in session.temporary_views():
        return None  # a temporary view precedes those of the current schema
    return name


def _is_common(table: exp.Table) -> bool:
    """Return whether a name is that of a common table expression."""
    if len(table.parts) > 1:
        return False
    own = table.find_ancestor(exp.CTE)
    while own is not None and own.alias.lower() != table.name.lower():
        own = own.find_ancestor(exp.CTE)
    if own is not None and own.parent is not None and own.parent.args.get("recursive"):
        return True  # a recursion names itself
    return any(common.alias.lower() == table.name.lower() for common in common_tables(table))


def _refuse_change(table: exp.Table, name: TableName) -> None:
    """Refuse a statement that would change the rows of a view."""
    if not _is_changed(table):
        return
    change = table.find_ancestor(*_ROW_CHANGES)
    verb = next((verb for kind, verb in _DELTA_CHANGES.items() if isinstance(change, kind)), None)
    if verb is None:
        raise not_a_table(name, "'INSERT'")
    raise UnityCatalogError(
        f"{verb} destination only supports Delta sources: {name.quoted} is a view.",
        condition=conditions.DELTA_UNSUPPORTED_SOURCE,
    )


def _is_changed(table: exp.Table) -> bool:
    """Return whether a statement changes the rows of a table."""
    place = table.parent if isinstance(table.parent, exp.Schema) else table
    return place.arg_key == "this" and isinstance(place.parent, _ROW_CHANGES)


def _is_read(table: exp.Table) -> bool:
    """Return whether a statement reads the rows of a table."""
    return isinstance(table.parent, exp.From | exp.Join | exp.Subquery | exp.Paren) or (
        isinstance(table.parent, exp.Merge) and table.arg_key == "using"
    )


def _replace(
    session: Session, table: exp.Table, name: TableName, chain: tuple[TableName, ...]
) -> None:
    """Replace the name of a view by the view's query."""
    alias = table.args.get("alias")
    if table.args.get("version") is not None or (alias and isinstance(alias.this, exp.Parameter)):
        raise time_travel_of_view(name)
    if not chain:
        _require(session, session.user, name)
    view = Views(session.unity).get(name)
    query = query_of_view(session, view, chain)
    _shorten_columns(table)
    subquery = exp.Subquery(
        this=_pinned(view, query),
        alias=alias.copy()
        if alias
        else exp.TableAlias(this=exp.to_identifier(name.table, quoted=True)),
    )
    for key in _KEPT:
        if value := table.args.get(key):
            subquery.set(key, value)
    table.replace(subquery)


def time_travel_of_view(name: TableName) -> Exception:
    """Return the error for an older version of a view."""
    return analysis_error(
        conditions.UNSUPPORTED_FEATURE_TIME_TRAVEL,
        f"The feature is not supported: Time travel on the relation: {name.quoted}.",
    )


def _pinned(view: UnityView, query: exp.Query) -> exp.Query:
    """Return a query with the columns that the view has, whatever its tables got since."""
    names = [exp.to_identifier(name, quoted=True) for name in view.query_columns]
    if len({name.lower() for name in view.query_columns}) < len(names):
        names = [exp.to_identifier(column.name, quoted=True) for column in view.columns]
        inner = exp.Subquery(
            this=query, alias=exp.TableAlias(this=exp.to_identifier("v"), columns=names)
        )
    else:
        inner = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("v")))
    columns = []
    for name, column in zip(names, view.columns, strict=True):
        value: exp.Expr = exp.Column(this=name.copy())
        if column.sql_type in _CAST_TYPES or column.sql_type.startswith("decimal("):
            value = exp.cast(value, column.sql_type, dialect="databricks")
        columns.append(exp.alias_(value, column.name, quoted=True))
    return exp.Select(expressions=columns).from_(inner)


def _shorten_columns(table: exp.Table) -> None:
    """Remove catalog and schema before the columns of a view: its query in its place has no such levels."""
    select = table.find_ancestor(exp.Select)
    for column in select.find_all(exp.Column) if select else ():
        if column.args.get("db") and column.table.lower() == table.name.lower():
            column.set("db", None)
            column.set("catalog", None)


# ---- tables of a view --------------------------------------------------------------------------------------
def _name_table(session: Session, table: exp.Table, name: TableName, owner: str) -> None:
    """Set the full name of a table in a view, or the name under which who may read the view reads it."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name.table, quoted=True)))
    _shorten_columns(table)
    levels = (name.catalog, name.schema, name.table)
    if session.unity.exists(name):
        _require(session, owner, name)
        unity = session.unity
        if isinstance(unity, GovernedCatalogs) and not unity.may_read(name):
            levels = session.read_for_owner(name)
    for key, level in zip(("catalog", "db", "this"), levels, strict=True):
        table.set(key, exp.to_identifier(level, quoted=True))


def _require(session: Session, user: str, name: TableName) -> None:
    """Check that a user may read a table or view."""
    securable = Securable("table", str(name))
    governance = session.unity.governance
    if name.catalog == HIVE_METASTORE or governance.may(user, securable, "SELECT"):
        return
    raise InsufficientPermissionsError(f"User does not have SELECT on {securable}.")
