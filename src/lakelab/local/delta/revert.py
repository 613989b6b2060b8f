"""Revert one commit that rewrote rows of a Delta table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lakelab.local.delta.commit import Action, now

_COPIED = ("path", "partitionValues", "size")


def revert_actions(folder: Path, version: int) -> list[Action]:
    """Return the actions that undo a commit; commits after it stay in effect.

    Parameters
    ----------
    folder : Path
        The table's folder.
    version : int
        The version of the commit. No later commit may have rewritten rows.
    """
    actions = _read_actions(folder, version)
    added, removed = ({a[k]["path"]: a[k] for a in actions if k in a} for k in ("add", "remove"))
    restored = _original_adds(folder, version, removed)
    return [
        *({"remove": _removal(add)} for add in added.values()),
        *({"add": restored.get(path, _addition(file))} for path, file in removed.items()),
    ]


def _original_adds(folder: Path, version: int, paths: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Find the ``add`` actions of files in the commits before a version.

    A file is missing in the result if a checkpoint has replaced the commit that added the file.
    """
    found: dict[str, dict[str, Any]] = {}
    for earlier in range(version):
        if _commit_file(folder, earlier).exists():
            adds = (a["add"] for a in _read_actions(folder, earlier) if "add" in a)
            found |= {add["path"]: add for add in adds if add["path"] in paths}
    return found


def _removal(add: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: add[key] for key in _COPIED},
        "dataChange": True,
        "extendedFileMetadata": True,
        "deletionTimestamp": now(),
    }


def _addition(remove: dict[str, Any]) -> dict[str, Any]:
    """Return an ``add`` action without statistics, for a file whose own action is gone."""
    copied = {key: remove[key] for key in _COPIED}
    return copied | {"modificationTime": now(), "dataChange": True}


def _read_actions(folder: Path, version: int) -> list[Action]:
    text = _commit_file(folder, version).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _commit_file(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"
