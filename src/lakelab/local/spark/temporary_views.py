"""Temporary views that read the rows which their tables have now.

The engine keeps a temporary view with the versions of the tables at its creation. Spark reads the newest versions. So
each definition is kept here. A request that names a view whose tables may have changed creates the view again first.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.names import split_levels
from lakelab.local.spark.plans import messages, paths
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_STATEMENTS = {"SQL": "query", "SqlCommand": "sql"}
_GLOBAL = "global_temp"


@dataclass
class Definition:
    """A temporary view as the engine was asked to create it.

    Attributes
    ----------
    name : str
        In lower case; with ``global_temp.`` before a global one.
    command : pyspark.sql.connect.proto.Command
    current : tuple of str
        The catalog and the schema that completed its names.
    depends : dict of str to int
        The temporary views that it reads, and which definition of each.
    number : int
        The number of this definition.
    reads_paths : bool
        Whether it reads Delta folders by their paths.
    columns : list of str or None
        None until the view is created again.
    state : int
        The state of the catalog that the engine's view has.
    """

    name: str
    command: Any
    current: tuple[str, str]
    depends: dict[str, int]
    number: int
    reads_paths: bool
    state: int
    columns: list[str] | None = field(default=None)


class TemporaryViews:
    """The temporary views of a session that read tables, the oldest first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._definitions: dict[str, Definition] = {}
        self._numbers: dict[str, int] = {}

    def record(self, command: Any, state: int) -> None:
        """Record a view that the engine has just created.

        Parameters
        ----------
        command : pyspark.sql.connect.proto.Command
            The command as the engine got it; another command than the creation of a temporary view is ignored.
        state : int
            The state of the catalog before the command.
        """
        name = created_view(command)
        if name is None:
            return
        copy = type(command)()
        copy.CopyFrom(command)
        self._inline(copy)
        named = names_in(copy, without=name if copy.HasField("sql_command") else None)
        depends = {one: self._numbers[one] for one in named if one in self._numbers}
        number = self._numbers.get(name, 0) + 1
        self._definitions.pop(name, None)
        self._numbers[name] = number
        reads_paths = any(True for _ in _delta_paths(copy))
        if not (named or reads_paths):
            return  # its rows are a part of it, or those of files
        with self._session.internal_queries():
            catalog = self._session.catalog
            current = catalog.currentCatalog(), catalog.currentDatabase()
        self._definitions[name] = Definition(
            name, copy, current, depends, number, reads_paths, state
        )

    def refresh(self, request: Any, state: int) -> None:
        """Create the views again that a request reads, if a table has changed since.

        Parameters
        ----------
        request : google.protobuf.message.Message
        state : int
            The state of the catalog.

        Raises
        ------
        pyspark.errors.AnalysisException
            If a view cannot be created again.
        """
        if not self._definitions:
            return
        wanted = self._with_sources(names_in(request) & self._definitions.keys())
        stale = [
            one
            for one in self._definitions.values()
            if one.name in wanted and (one.state != state or one.reads_paths)
        ]
        if not stale:
            return
        existing = set(self._session.temporary_views())
        for one in stale:
            is_global = one.name.startswith(f"{_GLOBAL}.")
            if self._session.catalog.tableExists(one.name) if is_global else one.name in existing:
                self._create_again(one, state)
            else:
                del self._definitions[one.name]  # it was dropped

    def _with_sources(self, names: set[str]) -> set[str]:
        """Return views with the temporary views that they read."""
        found: set[str] = set()
        rest = list(names)
        while rest:
            name = rest.pop()
            if name not in found and name in self._definitions:
                found.add(name)
                rest += self._definitions[name].depends
        return found

    def _inline(self, command: Any) -> None:
        """Replace the names of temporary views by their plans: a name may get another view later."""
        if not command.HasField("create_dataframe_view"):
            return
        for relation in list(messages(command)):
            if relation.DESCRIPTOR.name != "Relation" or not relation.HasField("read"):
                continue
            source = self._definitions.get(_read_name(relation) or "")
            if source is None or not source.command.HasField("create_dataframe_view"):
                continue
            alias = source.command.create_dataframe_view.name
            plan = type(relation)()
            plan.CopyFrom(source.command.create_dataframe_view.input)
            relation.ClearField("read")
            relation.subquery_alias.input.CopyFrom(plan)
            relation.subquery_alias.alias = alias

    def _create_again(self, view: Definition, state: int) -> None:
        changed = [name for name, number in view.depends.items() if self._numbers[name] != number]
        if changed:
            raise analysis_error(
                conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
                f"The temporary view `{view.name}` reads the view `{changed[0]}`, which was replaced, and a table "
                f"has changed since. Create `{view.name}` again.",
            )
        session = self._session
        with session.internal_queries():
            if view.columns is None:
                view.columns = session.engine_sql(f"SELECT * FROM {_quoted(view.name)}").columns
            before = session.catalog.currentCatalog(), session.catalog.currentDatabase()
            try:
                if before != view.current:
                    _use(session, view.current)
                session.client.execute_command(_with_columns(view.command, view.columns))
            finally:
                if before != view.current:
                    _use(session, before)
        view.state = state


def created_view(command: Any) -> str | None:
    """Return the name of the temporary view that a command creates; None for any other command.

    Parameters
    ----------
    command : pyspark.sql.connect.proto.Command

    Examples
    --------
    >>> from pyspark.sql.connect.proto import Command
    >>> command = Command()
    >>> command.sql_command.sql = "CREATE OR REPLACE TEMP VIEW V AS SELECT 1"
    >>> created_view(command)
    'v'
    """
    if command.HasField("create_dataframe_view"):
        view = command.create_dataframe_view
        return f"{_GLOBAL}.{view.name.lower()}" if view.is_global else str(view.name.lower())
    if not command.HasField("sql_command"):
        return None
    tree = next((tree for _, _, tree in _statements(command) if tree is not None), None)
    if not isinstance(tree, exp.Create) or tree.kind != "VIEW":
        return None
    if tree.find(exp.TemporaryProperty) is None:
        return None
    table = tree.find(exp.Table)
    is_global = tree.find(exp.GlobalProperty) is not None
    return (
        None
        if table is None
        else f"{_GLOBAL}.{table.name.lower()}"
        if is_global
        else str(table.name.lower())
    )


def names_in(plan: Any, without: str | None = None) -> set[str]:
    """Return the names of the relations in a plan: one level, or two with ``global_temp``, in lower case.

    Parameters
    ----------
    plan : google.protobuf.message.Message
    without : str, optional
        The view that a statement creates, whose name is none of a relation that it reads.

    Examples
    --------
    >>> from pyspark.sql.connect.proto import Relation
    >>> relation = Relation()
    >>> relation.sql.query = "SELECT * FROM A JOIN global_temp.b JOIN c.d.e"
    >>> sorted(names_in(relation))
    ['a', 'c.d.e', 'global_temp.b']
    """
    found = set()
    for _, _, tree in _statements(plan):
        tables = tree.find_all(exp.Table) if tree is not None else ()
        skipped = tree.find(exp.Table) if without and isinstance(tree, exp.Create) else None
        found |= {_table_name(table) for table in tables if table is not skipped}
    for message in messages(plan):
        if message.DESCRIPTOR.name == "Relation" and (name := _read_name(message)):
            found.add(name)
    return found


def _statements(plan: Any) -> Iterator[tuple[Any, str, exp.Expr | None]]:
    """Yield the messages with a statement, the field of its text, and its tree."""
    for message in messages(plan):
        name = _STATEMENTS.get(message.DESCRIPTOR.name)
        if name and (text := getattr(message, name)):
            yield message, name, parse(text).tree


def _table_name(table: exp.Table) -> str:
    return ".".join(part.name.lower() for part in table.parts)


def _read_name(relation: Any) -> str | None:
    if not (relation.HasField("read") and relation.read.HasField("named_table")):
        return None
    levels = split_levels(relation.read.named_table.unparsed_identifier.lower())
    return ".".join(levels) if levels else None


def _delta_paths(plan: Any) -> Iterator[str]:
    for message in messages(plan):
        if message.DESCRIPTOR.name == "DataSource" and message.format.lower() == "delta":
            yield from paths(message)


def _quoted(name: str) -> str:
    return ".".join(f"`{level}`" for level in name.split("."))


def _use(session: Session, current: tuple[str, str]) -> None:
    session.engine_sql(f"USE CATALOG `{current[0]}`")
    session.engine_sql(f"USE SCHEMA `{current[1]}`")


def _with_columns(command: Any, columns: list[str]) -> Any:
    """Return the command that replaces a view, with the columns that the view had at its creation."""
    copy = type(command)()
    copy.CopyFrom(command)
    is_unique = len({column.lower() for column in columns}) == len(columns)
    if copy.HasField("create_dataframe_view"):
        copy.create_dataframe_view.replace = True
        if is_unique:
            _select(copy.create_dataframe_view.input, columns)
        return copy
    for message, name, tree in _statements(copy):
        if isinstance(tree, exp.Create):
            setattr(message, name, to_sql(_replacing(tree.copy(), columns if is_unique else None)))
    return copy


def _select(relation: Any, columns: list[str]) -> None:
    plan = type(relation)()
    plan.CopyFrom(relation)
    relation.Clear()
    relation.project.input.CopyFrom(plan)
    for column in columns:
        expression = relation.project.expressions.add()
        quoted = column.replace("`", "``")
        expression.unresolved_attribute.unparsed_identifier = f"`{quoted}`"


def _replacing(tree: exp.Create, columns: list[str] | None) -> exp.Create:
    tree.set("replace", True)
    tree.set("exists", None)
    query = tree.expression
    if columns and isinstance(query, exp.Query) and not isinstance(tree.this, exp.Schema):
        names = [exp.column(exp.to_identifier(name, quoted=True)) for name in columns]
        tree.set("expression", exp.select(*names).from_(query.subquery("temporary_view")))
    return tree
