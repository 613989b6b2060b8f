"""What one user may do with the tables of Unity Catalog, in a Spark session of their own.

Tables that the user may not read are never registered with the engine: no statement can reach them,
however it is written. What the engine would answer then, that there is no such table, is said before
in Databricks' words. The administrator's session needs none of this.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pyspark.errors.exceptions.connect import AnalysisException

from lakelab.local.hive_metastore import WorkspaceCatalogs
from lakelab.local.unity_errors import UnityCatalogError
from lakelab.local.unity_names import HIVE_METASTORE, TableName
from lakelab.local.unity_table import UnityTable
from lakelab.local.workspace.api import ApiError
from lakelab.local.workspace.grants import Governance, Securable

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from sqlglot import exp

_PLAIN_READS = re.compile(r"\s*\(*\s*(SELECT|VALUES|SHOW|DESC|DESCRIBE|EXPLAIN|USE|SET)\b", re.I)
# messages of a plan, and the field that names the table which they change
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


class InsufficientPermissionsError(UnityCatalogError):
    """The user lacks a privilege; the message is the one of Databricks' error class."""


def insufficient(lacking: str) -> InsufficientPermissionsError:
    r"""Word a refusal as Databricks does.

    Follows https://docs.databricks.com/aws/en/error-messages/error-classes#insufficient_permissions

    Examples
    --------
    >>> str(insufficient("User does not have SELECT on Table 'main.flights.weather'."))
    "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have SELECT on Table 'main.flights.weather'. SQLSTATE: 42501"
    """
    return InsufficientPermissionsError(
        f"[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n{lacking} SQLSTATE: 42501"
    )


def as_spark_error(error: InsufficientPermissionsError) -> AnalysisException:
    """Give the exception that Spark raises, with the error class that `getCondition` tells."""
    return AnalysisException(
        message=str(error), errorClass="INSUFFICIENT_PERMISSIONS", sql_state="42501"
    )


def require(governance: Governance, user: str, securable: Securable, *one_of: str) -> None:
    """Refuse a user who lacks all of the privileges; the owner lacks none, and hive_metastore asks for none.

    Raises
    ------
    InsufficientPermissionsError
    """
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        return
    try:
        governance.require(user, securable, *one_of)
    except ApiError as error:
        raise insufficient(error.message) from error


class GovernedCatalogs(WorkspaceCatalogs):
    """The catalogs of a workspace, as one of its users may use them.

    Reading wants ``SELECT``, changing rows ``MODIFY``, each with ``USE CATALOG`` and ``USE SCHEMA``;
    all else wants ownership or ``MANAGE``. In ``hive_metastore`` nobody is refused. New tables of other
    users than the administrator are made there only: on Databricks ``CREATE TABLE`` is enough.

    Parameters
    ----------
    warehouse, own : Path
        As for `WorkspaceCatalogs`.
    governance : Governance
        Owners and grants.
    user : str
        Whose session it is.
    """

    def __init__(self, warehouse: Path, own: Path, governance: Governance, user: str):
        super().__init__(warehouse, own, governance)
        self.user = user

    # ---- questions -------------------------------------------------------------------------------
    def readable_tables(self) -> Iterator[TableName]:
        return (name for name in self.all_tables() if self.may_read(name))

    def may_read(self, name: TableName) -> bool:
        return name.catalog == HIVE_METASTORE or self.governance.may(
            self.user, Securable("table", str(name)), "SELECT"
        )

    def require(self, kind: str, name: str, *one_of: str) -> None:
        """Refuse the user who lacks all of the privileges; the owner lacks none.

        Raises
        ------
        InsufficientPermissionsError
        """
        require(self.governance, self.user, Securable(kind, name), *one_of)

    def require_read(self, name: TableName) -> None:
        """Refuse to read a table that is there; whether one is there the engine says."""
        if self.exists(name):
            self.require("table", str(name), "SELECT")

    def require_change(self, name: TableName) -> None:
        """Refuse to change the rows of a table, or to make one."""
        if name.catalog == HIVE_METASTORE:
            return
        if self.exists(name):
            self.require("table", str(name), "MODIFY")
            return
        self.require("schema", f"{name.catalog}.{name.schema}", "CREATE_TABLE")
        raise UnityCatalogError(
            f"On a laptop {self.user} makes tables in {HIVE_METASTORE} only, so '{name}' is not made. "
            f"On Databricks CREATE TABLE on the schema is enough, and {self.user} owns the table."
        )

    # ---- what the statements of Unity Catalog go through -------------------------------------------
    def table(self, name: TableName, version: int | None = None) -> UnityTable:
        table = super().table(name, version)
        if name.catalog == HIVE_METASTORE:
            return table
        self.require("table", str(name), "SELECT", "BROWSE", "MODIFY")
        return GovernedTable(name, table.path, version, partial(self.require, "table", str(name)))

    def _owned(self, kind: str, name: str) -> None:
        self.require(kind, name)

    def create_catalog(self, catalog: str) -> None:
        if catalog not in self.catalogs():
            raise insufficient("User does not have CREATE CATALOG on Metastore 'local'.")

    def create_schema(self, catalog: str, schema: str) -> Path:
        if catalog in self.catalogs() and schema not in self.schemas(catalog):
            self._owned("catalog", catalog)
        return super().create_schema(catalog, schema)

    def drop_table(self, name: TableName) -> None:
        self._owned("table", str(name))
        super().drop_table(name)

    def rename_table(self, name: TableName, new: TableName) -> None:
        self._owned("table", str(name))
        super().rename_table(name, new)

    def drop_schema(self, catalog: str, schema: str) -> None:
        self._owned("schema", f"{catalog}.{schema}")
        super().drop_schema(catalog, schema)

    def drop_catalog(self, catalog: str) -> None:
        self._owned("catalog", catalog)
        super().drop_catalog(catalog)

    # ---- what the engine itself carries out ----------------------------------------------------------
    def require_plan(self, plan: Message, resolve: Callable[[str], TableName]) -> None:
        """Refuse a plan that reads or changes what the user may not.

        Parameters
        ----------
        plan : Message
            Spark Connect's plan.
        resolve : callable
            Completes a name with the current catalog and schema.
        """
        for message in messages(plan):
            kind = message.DESCRIPTOR.name
            if kind == "NamedTable":
                self._require_named(message.unparsed_identifier, resolve)
            elif kind in _CHANGES and (name := getattr(message, _CHANGES[kind])):
                self.require_change(resolve(name))
            elif kind in ("SqlCommand", "SQL"):
                self.require_statement(
                    message.sql if kind == "SqlCommand" else message.query, resolve
                )
            for path in _paths(message):
                self._require_elsewhere(path)

    def require_statement(self, text: str, resolve: Callable[[str], TableName]) -> None:
        """Refuse a statement that reads or changes what the user may not."""
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

        if not text.strip():
            return
        try:
            statement = sqlglot.parse_one(text, dialect="databricks")
        except SqlglotError:
            statement = None
        if statement is None or isinstance(statement, exp.Command):
            if _PLAIN_READS.match(text):
                return  # tables that the user may not read are not there for the engine
            raise UnityCatalogError(
                f"What this statement changes cannot be told, so {self.user} may not run it on a "
                f"laptop: {' '.join(text.split())[:80]}"
            )
        for literal in statement.find_all(exp.Literal):  # LOCATION, OPTIONS (path ...), DIRECTORY
            if literal.is_string and _looks_like_a_path(literal.this):
                self._require_elsewhere(literal.this)
        changes = statement.find_all(*_changing_statements())
        changed = {id(target) for change in changes for target in _targets(change)}
        own = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
        for table in statement.find_all(exp.Table):
            if not table.name or (len(table.parts) == 1 and table.name.lower() in own):
                continue
            if "/" in table.name:
                self._require_elsewhere(table.name)
                continue
            name = ".".join(f"`{part.name}`" for part in table.parts)
            if id(table) in changed:
                self.require_change(resolve(name))
            else:
                self._require_named(name, resolve)

    def _require_named(self, name: str, resolve: Callable[[str], TableName]) -> None:
        try:
            full = resolve(name)
        except UnityCatalogError:
            return  # no table: a function, or a schema of four levels; the engine says what is wrong
        self.require_read(full)

    def _require_elsewhere(self, path: str) -> None:
        """Refuse the files of tables: on Databricks nobody reads managed tables by their path."""
        told = Path(unquote(re.sub(r"^file:/*", "/", path))).expanduser()
        # a pattern may match what is below the folder before it
        plain = itertools.takewhile(_is_no_pattern, told.parts)
        place, warehouse = Path(*plain).resolve(), self.warehouse.resolve()
        workspaces, own = self.own.parent.resolve(), self.own.resolve()
        of_another = place.is_relative_to(workspaces) and not place.is_relative_to(own)
        if of_another or place.is_relative_to(warehouse) or warehouse.is_relative_to(place):
            raise insufficient("User does not have permission SELECT on any file.")


class GovernedTable(UnityTable):
    """A table that a user may see, and change only as its owner.

    For files, columns and properties ``MODIFY`` is enough, for tags ``APPLY TAG``, as Databricks
    documents it.
    """

    def __init__(
        self, name: TableName, path: Path, version: int | None, require: Callable[..., None]
    ):
        super().__init__(name, path, version)
        self._require = require
        self._granted = False

    def optimize(self, zorder_by: Sequence[str] = ()) -> dict[str, Any]:
        self._require("MODIFY")
        return super().optimize(zorder_by)

    def vacuum(self, hours: float, *, dry_run: bool, full: bool = True) -> list[str]:
        self._require("MODIFY")
        return super().vacuum(hours, dry_run=dry_run, full=full)

    def restore(self, version: int) -> None:
        with self._with("MODIFY"):
            super().restore(version)

    def add_columns(self, fields: Sequence[dict[str, Any]], after: Sequence[str | None]) -> None:
        with self._with("MODIFY"):
            super().add_columns(fields, after)

    def remove_columns(self, names: Sequence[str]) -> None:
        with self._with("MODIFY"):
            super().remove_columns(names)

    def _change_json(
        self, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]
    ) -> None:
        with self._with("APPLY_TAG"):
            super()._change_json(name, change)

    def set_properties(self, properties: Mapping[str, str]) -> None:
        with self._with("MODIFY"):
            super().set_properties(properties)

    def unset_properties(self, names: Iterable[str]) -> None:
        with self._with("MODIFY"):
            super().unset_properties(names)

    def set_not_null(self, column: str) -> None:
        with self._with("MODIFY"):
            super().set_not_null(column)

    def allow_null(self, column: str) -> None:
        with self._with("MODIFY"):
            super().allow_null(column)

    def set_default(self, column: str, expression: str | None) -> None:
        with self._with("MODIFY"):
            super().set_default(column, expression)

    def set_column_comment(self, column: str, text: str | None) -> None:
        with self._with("MODIFY"):
            super().set_column_comment(column, text)

    def _insist(self, change: Callable[[], None]) -> None:
        """Change what is said of the table: this is what all changes but those of files go through."""
        if not self._granted:
            self._require()
        super()._insist(change)

    @contextmanager
    def _with(self, privilege: str) -> Iterator[None]:
        """Let a change pass for which a privilege is enough."""
        self._require(privilege)
        self._granted = True
        try:
            yield
        finally:
            self._granted = False


def _is_no_pattern(part: str) -> bool:
    return not set(part) & set("*?[{")


def _looks_like_a_path(text: str) -> bool:
    """Tell a path in a statement from other text: it has more than one level, none of them empty.

    Examples
    --------
    >>> [_looks_like_a_path(text) for text in ("/lab/warehouse/main", "file:///lab", "/", "a / b")]
    [True, True, False, False]
    """
    return bool(re.fullmatch(r"(file:/*|/)?[^/\s]+(/[^/\n]+)+/?|file:/+[^/]+/?", text))


def _paths(message: Any) -> Iterator[str]:
    """Give the paths that a message of a plan names: of what it reads, or writes."""
    for field, value in message.ListFields():
        if field.name == "path" and isinstance(value, str):
            yield value
        elif field.name == "paths":
            yield from value
        elif field.name == "options" and isinstance(value, Mapping):
            yield from (told for key, told in value.items() if key.lower() == "path")


def messages(message: Any) -> Iterator[Any]:
    """Give a protobuf message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if isinstance(value, Mapping):
            parts = [part for part in value.values() if hasattr(part, "ListFields")]
        elif hasattr(value, "ListFields"):
            parts = [value]
        else:
            parts = list(value)
        for part in parts:
            yield from messages(part)


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
    """Give the table that a statement changes, or that it creates."""
    from sqlglot import exp

    if isinstance(change, exp.Create) and (
        change.kind not in ("TABLE", "VIEW") or change.find(exp.TemporaryProperty)
    ):
        return
    for target in change.expressions if isinstance(change, exp.TruncateTable) else [change.this]:
        table = target.this if isinstance(target, exp.Schema) else target
        if isinstance(table, exp.Table):
            yield table
