"""UPDATE, DELETE and MERGE of a Delta folder outside Unity Catalog: by its path, or as an external table.

The engine remembers the columns of a folder by its path and version. If the folder was deleted and written again with
other columns, UPDATE, DELETE and MERGE would write values cast to the old ones. So the engine gets another path, a
link to the folder: each commit has a link of its own.

Follows https://docs.databricks.com/aws/en/tables/external
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlglot import exp

from lakelab.local.catalog.names import TableName, split_levels
from lakelab.local.delta.log import LogSnapshot
from lakelab.local.spark.commands import Answer, Command, Proceed, resolve_target
from lakelab.local.spark.external_tables import external_folder
from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.session import Session
from lakelab.local.sql.text import sql_literal
from lakelab.local.system.unfinished import unfinished_name


def link_external_target(command: Command, proceed: Proceed) -> Answer:
    """Execute a command that changes rows of a folder outside Unity Catalog on a link to the folder."""
    change = command.change
    if change is None or not change.rewrites_rows:
        return proceed(command)
    folder = _target_folder(command.session, change.table)
    if folder is None:
        return proceed(command)
    before = LogSnapshot.read(folder)
    link = _link(command.session.home.scratch, before)
    changed = replace(command, folder=folder, before=before)
    if not command.message.HasField("merge_into_table_command"):
        return proceed(replace(changed, message=_with_target(command.message, link)))
    # its condition may have the name of the table
    name = command.session.resolve(change.table)
    _register(command.session, name, link)
    try:
        return proceed(changed)
    finally:
        _register(command.session, name, folder)


def _register(session: Session, name: TableName, folder: Path) -> None:
    with session.internal_queries():
        session.engine_sql(f"DROP TABLE {name.quoted}")
        location = sql_literal(str(folder))
        session.engine_sql(f"CREATE TABLE {name.quoted} USING DELTA LOCATION {location}")


def _target_folder(session: Session, target: str) -> Path | None:
    """Return the folder of a target outside Unity Catalog; None for a table of Unity Catalog."""
    levels = split_levels(target) or []
    if len(levels) == 2 and levels[0].lower() == "delta" and "/" in levels[1]:
        folder = Path(levels[1].removeprefix("file:"))
        return folder if (folder / "_delta_log").is_dir() else None
    name = resolve_target(session, target)
    if name is None or session.unity.exists(name):
        return None
    return external_folder(session, name)


def _link(scratch: Path, snapshot: LogSnapshot) -> Path:
    """Return a link to a folder that no other state of the folder has had."""
    state = f"{snapshot.folder.absolute()}\n{snapshot.version}\n{snapshot.identity}"
    link = scratch / f"target-{sha256(state.encode()).hexdigest()[:32]}"
    if not link.is_symlink():
        draft = scratch / unfinished_name()
        draft.symlink_to(snapshot.folder.absolute(), target_is_directory=True)
        os.replace(draft, link)
    return link


def _with_target(message: Any, link: Path) -> Any:
    changed = deepcopy(message)
    if changed.sql_command.sql:
        changed.sql_command.sql = _with_linked_table(changed.sql_command.sql, link)
    else:
        query = changed.sql_command.input.sql
        query.query = _with_linked_table(query.query, link)
    return changed


def _with_linked_table(text: str, link: Path) -> str:
    tree = parse(text).tree
    assert tree is not None
    changed = tree.copy()
    target = changed.this
    if not target.alias:  # columns may be qualified by the name of the table
        target.set("alias", exp.TableAlias(this=exp.to_identifier(target.name, quoted=True)))
    target.set("this", exp.to_identifier(str(link), quoted=True))
    target.set("db", exp.to_identifier("delta"))
    target.set("catalog", None)
    return to_sql(changed)
