"""The state of a Delta table as its log has it: protocol, metadata, live files and transactions of applications.

delta-rs gives the live files without their statistics as text and without deletion vectors. A write that is
committed here needs the actions as they are.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#action-reconciliation
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakelab.local.delta.commit import Action

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet")
_KINDS = ("protocol", "metaData", "txn", "add")


@dataclass
class TableState:
    """The state of a table at its newest version.

    Parameters
    ----------
    folder : Path
        The table's folder.

    Attributes
    ----------
    version : int
        The newest version; -1 if there is no log.
    protocol, metadata : dict
        The actions ``protocol`` and ``metaData``.
    files : dict of str to dict
        The ``add`` action of each live file, by its path in the log.
    transactions : dict of str to int
        The last version that each application has written.
    """

    folder: Path
    version: int = -1
    protocol: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    transactions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> TableState:
        """Read the newest state from the log.

        Examples
        --------
        >>> TableState.read(Path("no such table")).version
        -1
        """
        state = cls(folder)
        log = folder / "_delta_log"
        names = sorted(os.listdir(log)) if log.is_dir() else []
        state.version, parts = _newest_checkpoint(names)
        for part in parts:
            state.apply(_checkpoint_actions(log / part))
        while (commit := log / f"{state.version + 1:020}.json").exists():
            state.apply([json.loads(line) for line in commit.read_text("utf-8").splitlines()])
            state.version += 1
        return state

    def apply(self, actions: list[Action]) -> None:
        """Apply the actions of one commit or checkpoint."""
        for removed in (action["remove"] for action in actions if "remove" in action):
            self.files.pop(removed["path"], None)
        for action in actions:
            if "add" in action:
                self.files[action["add"]["path"]] = action["add"]
            elif "metaData" in action:
                self.metadata = action["metaData"]
            elif "protocol" in action:
                self.protocol = action["protocol"]
            elif "txn" in action:
                self.transactions[action["txn"]["appId"]] = action["txn"]["version"]

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns: name, type, nullable, metadata."""
        columns: list[dict[str, Any]] = json.loads(self.metadata["schemaString"])["fields"]
        return columns

    @property
    def partition_columns(self) -> list[str]:
        """The columns by which the files are in folders."""
        return list(self.metadata["partitionColumns"])

    @property
    def configuration(self) -> dict[str, str]:
        """The table properties."""
        return dict(self.metadata.get("configuration") or {})


def _newest_checkpoint(names: list[str]) -> tuple[int, list[str]]:
    """Find the newest complete checkpoint that no commit after it is missing from."""
    parts: dict[int, list[str]] = {}
    complete: dict[int, int] = {}
    for name in names:
        if match := _CHECKPOINT.fullmatch(name):
            version = int(match[1])
            parts.setdefault(version, []).append(name)
            complete[version] = int(match[2] or 1)
    whole = [version for version, found in parts.items() if len(found) == complete[version]]
    newest = max(whole, default=-1)
    return newest, parts.get(newest, [])


def _checkpoint_actions(file: Path) -> list[Action]:
    import pyarrow.parquet as pq  # late: the workspace starts without it

    present = set(pq.read_schema(file).names)
    rows = pq.read_table(file, columns=[kind for kind in _KINDS if kind in present]).to_pylist()
    return [
        {kind: _plain(value) for kind, value in row.items() if value is not None} for row in rows
    ]


def _plain(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action of a checkpoint as a commit has it."""
    maps = ("partitionValues", "configuration", "tags", "options")
    result: dict[str, Any] = {}
    for key, value in action.items():
        if value is None or key.endswith("_parsed"):
            continue
        if key in maps:
            result[key] = dict(value)
        else:
            result[key] = _plain(value) if isinstance(value, dict) else value
    return result
