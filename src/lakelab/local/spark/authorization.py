"""Refuse plans and statements that read or change a table without the user's privileges.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.catalog.governed_catalogs import GovernedCatalogs
from lakelab.local.catalog.names import TableName
from lakelab.local.spark.plans import messages, paths
from lakelab.local.sql.dialect import first_words, parse
from lakelab.local.sql.grammar.parser import StatementNode
from lakelab.local.sql.grammar.row_changes import Explain
from lakelab.local.sql.session import Session

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from sqlglot import exp

_PLAIN_READS = frozenset(
    {"(", "SELECT", "VALUES", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "USE", "SET", "TABLE"}
)
"""First words of statements that change nothing."""

_CHANGES = {
    "SaveTable": "table_name",
    "WriteOperationV2": "table_name",
    "MergeIntoTableCommand": "target_table_name",
    "WriteStreamOperationStart": "table_name",
    "CreateTable": "table_name",
    "CreateExternalTable": "table_name",
    "DropTable": "table_name",
    "TruncateTable": "table_name",
}


def authorize(session: Session, plan: Message) -> None:
    """Refuse a plan if the session's user lacks a privilege that it needs."""
    if isinstance(session.unity, GovernedCatalogs):
        require_plan(session.unity, plan, session.resolve)


def require_plan(
    catalogs: GovernedCatalogs, plan: Message, resolve: Callable[[str], TableName]
) -> None:
    """Refuse a plan that reads or changes a table without the user's privileges.

    Parameters
    ----------
    plan : Message
        Spark Connect's plan.
    resolve : callable
        Completes a name with the current catalog and schema.

    Raises
    ------
    InsufficientPermissionsError
        If the user lacks a privilege.
    UnityCatalogError
        If an SQL statement cannot be parsed, so that its tables are not known.
    """
    for message in messages(plan):
        kind = message.DESCRIPTOR.name
        if kind == "NamedTable":
            _require_read(catalogs, message.unparsed_identifier, resolve)
        elif kind in _CHANGES and (name := getattr(message, _CHANGES[kind])):
            catalogs.require_change(resolve(name))
        elif kind in ("SqlCommand", "SQL"):
            require_statement(
                catalogs, message.sql if kind == "SqlCommand" else message.query, resolve
            )
        for path in paths(message):
            _require_outside_tables(catalogs, path)


def require_statement(
    catalogs: GovernedCatalogs, text: str, resolve: Callable[[str], TableName]
) -> None:
    """Refuse a statement that reads or changes a table without the user's privileges.

    Raises
    ------
    InsufficientPermissionsError
        If the user lacks a privilege.
    UnityCatalogError
        If the statement cannot be parsed, so that its tables are not known.
    """
    from sqlglot import exp

    if not text.strip():
        return
    statement = parse(text).tree
    if statement is None or _is_unknown(statement):
        first = next((word for word in first_words(text) if word != "("), "(")
        if first in _PLAIN_READS:
            return  # the engine does not know tables that the user may not read
        raise UnityCatalogError(
            f"What this statement changes cannot be told, so {catalogs.user} may not run it on a "
            f"laptop: {' '.join(text.split())[:80]}"
        )
    for literal in statement.find_all(exp.Literal):  # LOCATION, OPTIONS (path ...), DIRECTORY
        if literal.is_string and _looks_like_a_path(literal.this):
            _require_outside_tables(catalogs, literal.this)
    _require_tables(catalogs, statement, resolve)


def _is_unknown(statement: exp.Expr) -> bool:
    """Return whether the tables of a statement are not known: handlers of their own run such statements."""
    from sqlglot import exp

    own = isinstance(statement, StatementNode) and not isinstance(statement, Explain)
    return own or isinstance(statement, exp.Command)


def _require_tables(
    catalogs: GovernedCatalogs, statement: exp.Expr, resolve: Callable[[str], TableName]
) -> None:
    from sqlglot import exp

    changes = statement.find_all(*_changing_statements())
    changed = {id(target) for change in changes for target in _targets(change)}
    ctes = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if not table.name or (len(table.parts) == 1 and table.name.lower() in ctes):
            continue
        if "/" in table.name:
            _require_outside_tables(catalogs, table.name)
            continue
        name = ".".join(f"`{part.name}`" for part in table.parts)
        if id(table) in changed:
            catalogs.require_change(resolve(name))
        else:
            _require_read(catalogs, name, resolve)


def _require_read(
    catalogs: GovernedCatalogs, name: str, resolve: Callable[[str], TableName]
) -> None:
    try:
        full = resolve(name)
    except UnityCatalogError:
        return  # not the name of a table: the engine reports what is wrong
    catalogs.require_read(full)


def _require_outside_tables(catalogs: GovernedCatalogs, path: str) -> None:
    """Refuse the files of tables: on Databricks users do not read managed tables by their path."""
    given = Path(unquote(_without_scheme(path))).expanduser()
    # a pattern may match all that is below the folder before it
    plain = itertools.takewhile(_is_no_pattern, given.parts)
    folder, warehouse = Path(*plain).resolve(), catalogs.warehouse.resolve()
    workspaces, own = catalogs.own.parent.resolve(), catalogs.own.resolve()
    of_another = folder.is_relative_to(workspaces) and not folder.is_relative_to(own)
    if of_another or folder.is_relative_to(warehouse) or warehouse.is_relative_to(folder):
        raise InsufficientPermissionsError("User does not have permission SELECT on any file.")


def _without_scheme(path: str) -> str:
    """Return a path without ``file:``.

    Examples
    --------
    >>> [_without_scheme(path) for path in ("file:///lab/x", "file:/lab/x", "lab/x")]
    ['/lab/x', '/lab/x', 'lab/x']
    """
    return "/" + path[len("file:") :].lstrip("/") if path.startswith("file:") else path


def _is_no_pattern(part: str) -> bool:
    return not set(part) & set("*?[{")


def _looks_like_a_path(text: str) -> bool:
    """Return whether a text in a statement is a path: it has several levels, and none is empty.

    Examples
    --------
    >>> [_looks_like_a_path(text) for text in ("/lab/warehouse/main", "file:///lab", "/", "a / b")]
    [True, True, False, False]
    """
    first, *others = _without_scheme(text).removeprefix("/").removesuffix("/").split("/")
    is_whole = bool(first) and not any(space in first for space in (" ", "\n", "\t"))
    if not is_whole or not all(level and "\n" not in level for level in others):
        return False
    return bool(others) or text.startswith("file:")


def _changing_statements() -> tuple[type[exp.Expr], ...]:
    from sqlglot import exp

    return (
        exp.Alter,
        exp.Copy,
        exp.Create,
        exp.Delete,
        exp.Insert,
        exp.Merge,
        exp.TruncateTable,
        exp.Update,
    )


def _targets(change: exp.Expr) -> Iterator[exp.Table]:
    """Yield the tables that a statement changes or creates."""
    from sqlglot import exp

    if isinstance(change, exp.Create) and (
        change.kind not in ("TABLE", "VIEW") or change.find(exp.TemporaryProperty)
    ):
        return
    for target in change.expressions if isinstance(change, exp.TruncateTable) else [change.this]:
        table = target.this if isinstance(target, exp.Schema) else target
        if isinstance(table, exp.Table):
            yield table
