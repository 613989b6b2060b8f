"""Commit actions to a Delta table for which delta-rs has no function.

Metadata of Unity Catalog, NOT NULL, merges and reverts are committed here: a merge so that Sail can read its
files, and so that the history counts the inserted and updated rows. The log file is linked into place. The link fails if another
writer took the version first, so a commit is written as a whole or not at all.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from lakelab.local.system.unfinished import unfinished_name

Action = dict[str, dict[str, Any]]
"""One line of a commit: the name of the action, and its content."""


def now() -> int:
    """Return the time as Delta writes it: milliseconds since 1970."""
    return int(time.time() * 1000)


def commit(
    delta: DeltaTable,
    path: Path,
    operation: str,
    actions: Sequence[Action],
    *,
    parameters: dict[str, str] | None = None,
    metrics: dict[str, str] | None = None,
) -> None:
    """Write the version after the one that ``delta`` is at.

    Parameters
    ----------
    delta : DeltaTable
        The table as of the version to build on.
    path : Path
        The folder of the table.
    operation : str
        The operation in the history, such as ``MERGE``.
    actions : sequence of dict
        ``add``, ``remove`` and ``metaData`` actions.
    parameters, metrics : dict of str to str, optional
        The parameters and metrics of the operation in the history.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        If another writer took the version first; then nothing is committed.
    """
    info = {
        "operation": operation,
        "operationParameters": parameters or {},
        "operationMetrics": metrics or {},
    }
    commit_version(path, delta.version() + 1, info, actions)


def commit_version(
    path: Path, version: int, info: dict[str, Any], actions: Sequence[Action]
) -> None:
    """Write one version of a table.

    Parameters
    ----------
    path : Path
        The folder of the table.
    version : int
        The version to write, on top of the one before it.
    info : dict
        What the history has of the commit: ``operation``, ``operationParameters`` and others.
    actions : sequence of dict
        The other actions.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        If another writer took the version first; then nothing is committed.
    """
    info = {"timestamp": now(), "readVersion": version - 1, **info}
    lines = [json.dumps(line) for line in ({"commitInfo": info}, *actions)]
    log = path / "_delta_log"
    draft = log / f".{unfinished_name()}.tmp"
    try:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.link(draft, log / f"{version:020}.json")
    except FileExistsError as error:
        raise CommitFailedError(
            f"Version {version} of the table in {path} was taken by another writer."
        ) from error
    finally:
        with suppress(OSError):  # the draft does not matter: either the commit is written or not
            draft.unlink()
