"""Commit to a Delta table what delta-rs has no call for.

Two things need it: a column that becomes NOT NULL, and a merge whose files Sail can read and whose
history says what was inserted and updated. The log file is linked into place, which fails if another
writer took that version first: a commit is there as a whole, or not at all.

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
"""One line of a commit: the name of the action, and what it says."""


def now() -> int:
    """Give the time as Delta writes it: milliseconds since 1970."""
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
        Its folder.
    operation : str
        What the history calls it, such as ``MERGE``.
    actions : sequence of dict
        ``add``, ``remove`` and ``metaData`` actions.
    parameters, metrics : dict of str to str, optional
        What the history tells of it.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        If another writer has taken that version; nothing is committed then.
    """
    version = delta.version() + 1
    info: dict[str, Any] = {
        "timestamp": now(),
        "operation": operation,
        "operationParameters": parameters or {},
        "operationMetrics": metrics or {},
        "readVersion": delta.version(),
    }
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
        with suppress(OSError):  # it is committed, or is not, whatever happens to the draft
            draft.unlink()
