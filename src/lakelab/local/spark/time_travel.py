"""``VERSION AS OF`` and ``TIMESTAMP AS OF`` as on Databricks.

A version that there is not, and one that is older than the table keeps its files, is refused. A time becomes the
version that was the newest then: the engine itself uses the times of the log's files, which are slightly later.
``table@v1`` and ``table@20240131000000000`` are other forms of the two clauses.

Delta writes a checkpoint every ten versions, and a hint to the newest checkpoint. Sail uses the hint for
any version, and cannot read an older version then ("Missing commit file"). Without the hint, which is
optional in Delta's protocol, Sail searches for the checkpoint that it needs.

Follows https://docs.databricks.com/aws/en/delta/history#time-travel and
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#last-checkpoint-file
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.errors import PySparkException
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.versions import Versions
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.session import Session
from lakelab.local.sql.text import sql_literal

if TYPE_CHECKING:
    from google.protobuf.message import Message

_STATEMENTS = {"SQL": "query", "SqlCommand": "sql"}
_VERSION, _TIMESTAMP = "versionasof", "timestampasof"


def prepare_time_travel(session: Session, plan: Message) -> None:
    """Make older versions readable for the engine, where a plan reads one.

    Parameters
    ----------
    session : Session
    plan : Message
        Spark Connect's plan; a time in it becomes a version.

    Raises
    ------
    UnityCatalogError
        If there is no such version, or it is older than the table keeps its files.
    pyspark.errors.AnalysisException
        If a time is not one.
    """
    travels = [_resolve(session, message) for message in messages(plan)]
    if not any(travels):
        return
    for name in session.unity.all_tables():
        hint = session.unity.path(name) / "_delta_log" / "_last_checkpoint"
        # a read-only folder, or on Windows a file that is being read: the engine reports the error
        with suppress(OSError):
            hint.unlink(missing_ok=True)


def _resolve(session: Session, message: Any) -> bool:
    """Resolve the versions in a message; return whether it reads one."""
    kind = message.DESCRIPTOR.name
    if kind in _STATEMENTS:
        return _resolve_statement(session, message, _STATEMENTS[kind])
    if kind == "NamedTable":
        return _resolve_table(session, message)
    if kind == "DataSource" and _asked(message.options):
        for path in message.paths:
            _resolve_options(session, message.options, _by_path(path))
        return True
    return False


def _resolve_statement(session: Session, message: Any, field: str) -> bool:
    text = getattr(message, field)
    tree = parse(text).tree if text else None
    if tree is None or not any(_travels(table) for table in tree.find_all(exp.Table)):
        return False
    tree = tree.copy()
    resolved = [_resolve_node(session, table) for table in tree.find_all(exp.Table)]
    if any(resolved):
        setattr(message, field, to_sql(tree))
    return True


def _travels(table: exp.Table) -> bool:
    return table.args.get("version") is not None or bool(_suffix(table))


def _suffix(table: exp.Table) -> str:
    """Return what stands after ``@``."""
    alias = table.args.get("alias")
    mark = alias.this if isinstance(alias, exp.TableAlias) else None
    return str(mark.name) if isinstance(mark, exp.Parameter) else ""


def _resolve_node(session: Session, table: exp.Table) -> bool:
    """Check the version of a table in a statement; return whether the node is changed."""
    suffix = _suffix(table)
    if suffix:
        table.set("alias", None)
        table.set("version", _clause(*_of_suffix(suffix)))
    clause = table.args.get("version")
    if clause is None or clause.find(exp.Placeholder, exp.Parameter):
        return bool(suffix)  # the value of a parameter is known to the engine
    versions = _of_node(session, table)
    if versions is None:
        return bool(suffix)
    if clause.this == "VERSION":
        text = to_sql(clause.expression).strip("'")
        if text.removeprefix("-").isdecimal():
            versions.require(int(text))
        return bool(suffix)
    version = versions.at(_moment_of_clause(session, to_sql(clause.expression)))
    clause.set("this", "VERSION")
    clause.set("expression", exp.Literal.number(version))
    return True


def _clause(option: str, value: str) -> exp.Version:
    if option == _VERSION:
        return exp.Version(this="VERSION", kind="AS OF", expression=exp.Literal.number(value))
    return exp.Version(this="TIMESTAMP", kind="AS OF", expression=exp.Literal.string(value))


def _of_suffix(suffix: str) -> tuple[str, str]:
    """Return the option and the value of ``v1`` or ``20240131000000000``.

    Examples
    --------
    >>> _of_suffix("v12"), _of_suffix("20240131102030000")
    (('versionasof', '12'), ('timestampasof', '2024-01-31 10:20:30.000'))
    """
    if suffix[:1].lower() == "v":
        return _VERSION, suffix[1:]
    day, clock = suffix[:8], suffix[8:14]
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return _TIMESTAMP, f"{date} {clock[:2]}:{clock[2:4]}:{clock[4:]}.{suffix[14:] or '0'}"


def _resolve_table(session: Session, message: Any) -> bool:
    name, mark, suffix = message.unparsed_identifier.rpartition("@")
    if mark and "`" not in suffix and suffix[:1].lower() in "v0123456789":
        option, value = _of_suffix(suffix)
        message.unparsed_identifier = name
        message.options[option] = value
    if not _asked(message.options):
        return False
    _resolve_options(session, message.options, _by_name(session, message.unparsed_identifier))
    return True


def _asked(options: Any) -> dict[str, str]:
    """Return the options that ask for an older version: name in lower case -> key."""
    return {key.lower(): key for key in options if key.lower() in (_VERSION, _TIMESTAMP)}


def _resolve_options(session: Session, options: Any, versions: Versions | None) -> None:
    keys = _asked(options)
    if len(keys) > 1:
        raise analysis_error(
            conditions.INVALID_TIME_TRAVEL_SPEC,
            "Cannot specify both version and timestamp when time travelling the table.",
        )
    if versions is None:
        return
    if key := keys.get(_VERSION):
        if options[key].strip().removeprefix("-").isdecimal():
            versions.require(int(options[key]))
    elif key := keys.get(_TIMESTAMP):
        version = versions.at(_moment_of_option(session, options[key]))
        del options[key]
        options[_VERSION] = str(version)


def _of_node(session: Session, table: exp.Table) -> Versions | None:
    if "/" in table.name:
        return _by_path(table.name)
    return _by_name(session, ".".join(quoted(part.name) for part in table.parts))


def _by_name(session: Session, name: str) -> Versions | None:
    """Return the versions of a table; None if there is no such table: the engine reports that."""
    try:
        table = session.unity.table(session.resolve(name))
    except UnityCatalogError:
        return None
    return Versions(table.delta, str(table.name))


def _by_path(path: str) -> Versions | None:
    folder = Path(path.removeprefix("file:")).expanduser()
    try:
        return Versions(DeltaTable(folder), path)
    except (DeltaError, OSError, ValueError):
        return None  # no table: the engine reports that


def _moment_of_clause(session: Session, expression: str) -> datetime:
    """Return the value of ``TIMESTAMP AS OF``.

    Raises
    ------
    pyspark.errors.AnalysisException
        If it is no time.
    """
    moment = _moment(session, expression)
    if moment is None:
        raise analysis_error(
            conditions.INVALID_TIME_TRAVEL_TIMESTAMP_EXPR_INPUT,
            f"The time travel timestamp expression {expression} is invalid: it cannot be cast to the "
            "TIMESTAMP type.",
        )
    return moment


def _moment_of_option(session: Session, value: str) -> datetime:
    """Return the value of the option ``timestampAsOf``.

    Raises
    ------
    pyspark.errors.AnalysisException
        If it is no time.
    """
    moment = _moment(session, sql_literal(value))
    if moment is None:
        raise analysis_error(
            conditions.DELTA_TIMESTAMP_INVALID,
            f"The provided timestamp ({sql_literal(value)}) cannot be converted to a valid timestamp.",
        )
    return moment


def _moment(session: Session, expression: str) -> datetime | None:
    """Return the value of an expression as a moment; None if it is none."""
    try:
        with session.internal_queries():
            rows = session.engine_sql(f"SELECT CAST({expression} AS TIMESTAMP)").collect()
    except PySparkException:
        return None
    value: datetime | None = rows[0][0]
    return None if value is None else value.replace(tzinfo=UTC)
