"""A table that a command creates appears in one step, in a folder of its own.

The engine would create a table in the folder of its name. There it reads a table that was dropped and created again
with the columns of the dropped one: DELETE and INSERT ... REPLACE WHERE would write values cast to these. So
the engine creates a table in a folder of the catalog's (:meth:`~lakelab.local.catalog.store.UnityCatalog.staged`),
which gets the table's name when the command is done.

External tables stay where the user puts them, and other formats than Delta where the engine puts them.

Follows https://docs.databricks.com/aws/en/tables/managed
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.char_types import store_limits
from lakelab.local.catalog.names import TableName
from lakelab.local.spark.authorization import authorize
from lakelab.local.spark.commands import Answer, Command, Proceed, resolve_target
from lakelab.local.spark.write_message import WriteMessage
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.session import Session
from lakelab.local.sql.statements.char_columns import extract_limits
from lakelab.local.sql.statements.replace_table import set_location
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class NewTable:
    """A table that a command creates if there is none of its name.

    Parameters
    ----------
    table : str
        The table, as the command names it.
    at : callable
        Takes a folder, and returns the command's message that creates the table there.
    limits : dict of str to int
        The limits of its columns of the type VARCHAR(n), which the engine does not store.
    """

    table: str
    at: Callable[[Path], Any]
    limits: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Any) -> NewTable | None:
        """Return the managed Delta table that a command may create; None if there is none.

        Parameters
        ----------
        message : pyspark.sql.connect.proto.Command
        """
        if WriteMessage.writes_table(message):
            write = WriteMessage(message)
            return cls(write.table, write.at) if write.may_create else None
        if message.HasField("sql_command"):
            return cls._of_statement(message)
        return None

    @classmethod
    def _of_statement(cls, message: Any) -> NewTable | None:
        text = message.sql_command.sql or message.sql_command.input.sql.query
        statement = parse(text)
        name = None if statement.tree is None else _created_table(statement.tree)
        if name is None:
            return None

        def at(folder: Path) -> Any:
            changed = deepcopy(message)
            located = _with_location(statement.text, statement.tree, folder)
            if message.sql_command.sql:
                changed.sql_command.sql = located
            else:
                changed.sql_command.input.sql.query = located
            return changed

        return cls(name, at, _limits(statement.tree))


def create_in_own_folder(command: Command, proceed: Proceed) -> Answer:
    """Execute a command; a table that it creates gets a folder of its own.

    Raises
    ------
    AlreadyExistsError
        If another process creates a table of the name meanwhile.
    """
    new = NewTable.of(command.message)
    name = resolve_target(command.session, new.table) if new else None
    if new is None or name is None:
        return proceed(command)
    if command.session.unity.exists(name):
        if not command.message.HasField("sql_command"):
            return proceed(command)
        # the engine would replace the table in the folder of its name, where it is not
        authorize(command.session, command.message)
        folder = command.session.unity.path(name)
        return proceed(replace(command, message=new.at(folder)))
    with command.session.unity.locked(name):
        if command.session.unity.exists(name) or _is_known_to_engine(command.session, name):
            return proceed(command)
        authorize(command.session, command.message)  # the folder is the catalog's, not the user's
        with in_own_folder(command.session, name) as folder:
            answer = proceed(replace(command, message=new.at(folder)))
            store_limits(folder, new.limits)
            return answer


@contextmanager
def in_own_folder(session: Session, name: TableName) -> Iterator[Path]:
    """Return a folder in which the engine creates a table; the table appears if the block succeeds.

    Parameters
    ----------
    session : Session
    name : TableName

    Raises
    ------
    AlreadyExistsError
        If the table exists, before the block or at its end.
    """
    try:
        with session.unity.staged(name) as folder:
            yield folder
    finally:
        _register(session, name)


def _register(session: Session, name: TableName) -> None:
    """Register a table at its folder: the engine has it at another one, or has it without its rows."""
    if session.unity.exists(name):
        session.refresh_schema(name)
        return
    with session.internal_queries():
        session.engine_sql(f"DROP TABLE IF EXISTS {name.quoted}")


def _is_known_to_engine(session: Session, name: TableName) -> bool:
    """Return whether the engine has an external table of the name, or a view."""
    session.sync()  # another process may have dropped a table of the name
    with session.internal_queries():
        return bool(session.catalog.tableExists(name.quoted))


def _created_table(tree: exp.Expr) -> str | None:
    """Return the name of the managed Delta table that a statement creates; None if it creates none."""
    from sqlglot import exp

    if not isinstance(tree, exp.Create) or tree.kind != "TABLE":
        return None
    target, format_ = tree.find(exp.Table), tree.find(exp.FileFormatProperty)
    is_delta = format_ is None or format_.this.name.upper() == "DELTA"
    elsewhere = tree.find(exp.TemporaryProperty, exp.LocationProperty)
    if target is None or not is_delta or elsewhere or any("/" in p.name for p in target.parts):
        return None
    return ".".join(f"`{part.name}`" for part in target.parts)


def _limits(tree: exp.Expr | None) -> dict[str, int]:
    """Return the limits of the columns that a statement defines."""
    from sqlglot import exp

    definition = tree.this if tree is not None else None
    columns = definition.expressions if isinstance(definition, exp.Schema) else []
    return extract_limits([column for column in columns if isinstance(column, exp.ColumnDef)])


def _with_location(text: str, tree: exp.Expr | None, folder: Path) -> str:
    """Add the clause LOCATION to a statement that creates a table."""
    from sqlglot import exp

    assert isinstance(tree, exp.Create)
    if not tree.expression:
        return f"{text}\nLOCATION {sql_literal(str(folder))}"
    changed = tree.copy()
    set_location(changed, str(folder))
    return to_sql(changed)
