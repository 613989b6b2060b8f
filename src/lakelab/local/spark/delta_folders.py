"""Delta folders outside of the catalog, without the statistics by which the engine would take NaN for another value.

A folder is not changed when it is read. The engine reads a view of it instead: a log without statistics, beside
links to the files. UPDATE, DELETE and MERGE remove the statistics from the log of the folder first.

Follows https://docs.databricks.com/aws/en/delta/tutorial#read and
https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.errors import AnalysisException
from sqlglot import exp

from lakelab.local.delta.statistics import (
    StatisticsError,
    omits_statistics,
    remove_statistics,
    view_actions,
)
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.session import Session
from lakelab.local.system.unfinished import unfinished_name

if TYPE_CHECKING:
    from google.protobuf.message import Message

_TEXT_FIELDS = {"SQL": "query", "SqlCommand": "sql"}
_REWRITES_ROWS = (exp.Update, exp.Delete, exp.Merge)


def read_without_statistics(session: Session, plan: Message) -> None:
    """Replace the Delta folders that a plan reads, where their logs have misleading statistics.

    Parameters
    ----------
    session : Session
    plan : Message
        Spark Connect's plan, which is changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a folder has such statistics, and no view of it can be made.
    """
    for message in messages(plan):
        kind = message.DESCRIPTOR.name
        if kind == "DataSource" and message.format.lower() == "delta":
            _replace_paths(session, message)
        elif kind in _TEXT_FIELDS:
            text = getattr(message, _TEXT_FIELDS[kind])
            if "delta" in text.lower() and (changed := _replace_tables(session, text)):
                setattr(message, _TEXT_FIELDS[kind], changed)


def _replace_paths(session: Session, source: Any) -> None:
    """Replace the paths of ``spark.read.format("delta")``; an older version becomes a view of that version."""
    options = {key.lower(): key for key in source.options}
    if "path" in options and not source.paths:
        source.paths.append(source.options[options["path"]])  # the engine does not know the option
    travel = {key: source.options[options[key]] for key in _OPENERS if key in options}
    views = [_view(session, path, travel) for path in source.paths]
    if not any(views):
        return
    for index, view in enumerate(views):
        source.paths[index] = view or source.paths[index]
    for key in travel:
        del source.options[options[key]]


def _replace_tables(session: Session, text: str) -> str | None:
    r"""Replace each ``delta.`path``` of a statement; return None if nothing changes."""
    statement = parse(text).tree
    if statement is None or not any(_delta_tables(statement)):
        return None
    tree = statement.copy()
    target = tree.this if isinstance(tree, _REWRITES_ROWS) else None
    changed = False
    for table in _delta_tables(tree):
        if table is target:
            _remove(Path(table.name))
        elif _is_read(tree, table) and (view := _view(session, table.name, {})):
            table.this.set("this", view)
            changed = True
    return to_sql(tree) if changed else None


def _delta_tables(statement: exp.Expr) -> Iterator[exp.Table]:
    return (
        table
        for table in statement.find_all(exp.Table)
        if table.db.lower() == "delta" and "/" in table.name
    )


def _is_read(statement: exp.Expr, table: exp.Table) -> bool:
    """Return whether a table is one that a statement reads, in its newest version."""
    is_target = isinstance(statement, exp.Insert) and table is statement.find(exp.Table)
    is_query = isinstance(statement, exp.Query | exp.Insert | exp.Create | exp.Merge)
    return is_query and not is_target and not table.args.get("version")


# ---- views ---------------------------------------------------------------------------------------------
def _open_version(folder: Path, version: str) -> DeltaTable:
    return DeltaTable(folder, version=int(version))


def _open_time(folder: Path, time: str) -> DeltaTable:
    delta = DeltaTable(folder)
    delta.load_as_version(datetime.fromisoformat(time.strip()).replace(tzinfo=UTC))
    return delta


_OPENERS = {"versionasof": _open_version, "timestampasof": _open_time}


def _view(session: Session, path: str, travel: dict[str, str]) -> str | None:
    """Return the path of a view of a folder; None if the engine can read the folder itself."""
    folder = _local_folder(path)
    if folder is None or not (folder / "_delta_log").is_dir() or omits_statistics(folder):
        return None
    try:
        opened = [_OPENERS[key](folder, value) for key, value in travel.items()]
        delta = opened[0] if opened else DeltaTable(folder)
    except (DeltaError, ValueError):
        return None  # the engine reports what is wrong
    try:
        actions = view_actions(delta, folder)
        return str(_create_view(session.home.scratch, folder, actions)) if actions else None
    except (StatisticsError, OSError) as error:
        raise AnalysisException(
            message=f"The Delta folder {folder} is not read: its log has statistics of DOUBLE or FLOAT "
            f"columns, by which the engine may read NaN as another value, and there can be no view of "
            f"it ({error}). Read it with delta-rs: spark.createDataFrame("
            f"deltalake.DeltaTable('{folder}').to_pyarrow_table())."
        ) from error


def _local_folder(path: str) -> Path | None:
    parts = urlsplit(path)
    if parts.scheme in ("", "file"):
        return Path(url2pathname(parts.path) if parts.scheme else path)
    return None


def _create_view(scratch: Path, folder: Path, actions: list[dict[str, Any]]) -> Path:
    """Create a folder with a log of one commit, and links to all that the other folder holds."""
    log = "\n".join(json.dumps(action) for action in actions) + "\n"
    digest = sha256(str(folder).encode() + log.encode()).hexdigest()
    view = scratch / f"view-{digest[:32]}"
    if view.exists():
        return view
    draft = scratch / unfinished_name()
    (draft / "_delta_log").mkdir(parents=True)
    try:
        for entry in folder.absolute().iterdir():
            if entry.name != "_delta_log":
                (draft / entry.name).symlink_to(entry)
        (draft / "_delta_log" / f"{0:020}.json").write_text(log, encoding="utf-8")
        os.rename(draft, view)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not view.exists():  # another thread has made it
            raise
    return view


def _remove(folder: Path) -> None:
    try:
        if not omits_statistics(folder):
            remove_statistics(folder)
    except (DeltaError, OSError):
        return  # the engine reports what is wrong
    except StatisticsError as error:
        raise AnalysisException(
            message=f"The rows of the Delta folder {folder} are not changed: its log has statistics of "
            f"DOUBLE or FLOAT columns, by which the engine may store NaN as another value, and they "
            f"cannot be removed ({error})."
        ) from error
