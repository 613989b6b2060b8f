"""Remove the statistics of DOUBLE and FLOAT columns from the log of a Delta table.

Writers leave NaN out of the minimum and the maximum of a file. If both are 5.0, the engine reads each NaN of
the file as 5.0, and UPDATE, MERGE and DELETE would store it so. A condition such as ``x > 100`` would skip the
file, though Spark orders NaN after all other numbers.

With ``delta.dataSkippingNumIndexedCols`` = 0 all writers omit the statistics of columns: the engine, delta-rs
and Spark. A table of another program gets the property here, and its files are added again without the statistics.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md#per-file-statistics
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable

from lakelab.local.delta.commit import Action, commit
from lakelab.local.delta.metadata import Metadata
from lakelab.local.delta.protocol import protocol_action
from lakelab.local.delta.retry import retry_commit

NUM_INDEXED_COLUMNS = "delta.dataSkippingNumIndexedCols"
NO_STATISTICS = {NUM_INDEXED_COLUMNS: "0"}
"""The table property with which writers omit the statistics of columns."""

_LOG_FILE = re.compile(r"(?P<version>\d{20})\.(?:json|checkpoint.*\.parquet)")
_FLOAT_TYPES = ('"double"', '"float"')
_KNOWN_FEATURES = frozenset(
    {
        "allowColumnDefaults",
        "appendOnly",
        "changeDataFeed",
        "checkConstraints",
        "clustering",
        "deletionVectors",
        "domainMetadata",
        "generatedColumns",
        "identityColumns",
        "invariants",
        "timestampNtz",
        "typeWidening",
        "vacuumProtocolCheck",
    }
)
"""Features of writers that ask for no more of a commit that only repeats files and metadata."""
_LAST_VERSION_WITHOUT_FEATURES = 6


class StatisticsError(Exception):
    """The statistics of a table cannot be removed; the message says why."""


def omits_statistics(folder: Path) -> bool:
    """Return whether a table was created without statistics, so that no file can have any.

    Only the first commit is read: this is asked for each table at the start of a session.

    Examples
    --------
    >>> omits_statistics(Path("no such table"))
    False
    """
    try:
        first = (folder / "_delta_log" / f"{0:020}.json").read_text(encoding="utf-8")
        actions = [json.loads(line) for line in first.splitlines()]
    except (OSError, ValueError):  # no table, or a damaged one: whoever opens it reports that
        return False
    configurations = [a["metaData"].get("configuration") or {} for a in actions if "metaData" in a]
    return any(omits(configuration) for configuration in configurations)


def omits(configuration: dict[str, str]) -> bool:
    """Return whether the properties of a table keep writers from adding statistics.

    Examples
    --------
    >>> omits({"delta.dataSkippingNumIndexedCols": "0"}), omits({})
    (True, False)
    """
    return NO_STATISTICS.items() <= configuration.items()


def removal_actions(delta: DeltaTable, folder: Path, metadata: Metadata) -> list[Action]:
    """Return the actions that remove the statistics of a table; none if it needs no change.

    Parameters
    ----------
    delta : DeltaTable
        The table as of the version to build on.
    folder : Path
        The folder of the table.
    metadata : Metadata
        The metadata that the table shall have; its property is set here.

    Raises
    ------
    StatisticsError
        If the table has a feature that asks for more than these actions.
    """
    if not any(kind in delta.schema().to_json() for kind in _FLOAT_TYPES):
        return []
    adds = [add for add in live_adds(delta, folder) if _has_statistics(add)]
    if not adds and omits(metadata.configuration):
        return []
    require_known_features(delta)
    configuration = metadata.configuration | NO_STATISTICS
    return [
        replace(metadata, configuration=configuration).action(),
        *({"add": _without_statistics(add)} for add in adds),
    ]


def remove_statistics(folder: Path) -> None:
    """Remove the statistics of a table in a folder, in one commit, if it needs that.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    StatisticsError
        If the table has a feature that asks for more than this module does.
    deltalake.exceptions.DeltaError
        If there is no Delta table.
    """
    delta = DeltaTable(folder)

    def attempt() -> None:
        if actions := removal_actions(delta, folder, Metadata.read(delta)):
            commit(delta, folder, "COMPUTE STATS", actions)

    retry_commit(attempt, delta.update_incremental)


def view_actions(delta: DeltaTable, folder: Path) -> list[Action]:
    """Return the log of a table as one commit without statistics; empty if it needs no such view.

    Parameters
    ----------
    delta : DeltaTable
        The table as of the version to read.
    folder : Path
        The folder of the table.

    Raises
    ------
    StatisticsError
        If the log has a form that is not read here.
    """
    if not any(kind in delta.schema().to_json() for kind in _FLOAT_TYPES):
        return []
    adds = live_adds(delta, folder)
    if not any(_has_statistics(add) for add in adds):
        return []
    return [
        protocol_action(delta),
        Metadata.read(delta).action(),
        *({"add": _without_statistics(add)} for add in adds),
    ]


def require_known_features(delta: DeltaTable) -> None:
    """Check that files of a table can be added again as they are.

    Raises
    ------
    StatisticsError
        If the table has a feature that asks for more.
    """
    protocol = delta.protocol()
    if protocol.min_writer_version <= _LAST_VERSION_WITHOUT_FEATURES:
        return
    if unknown := set(protocol.writer_features or ()) - _KNOWN_FEATURES:
        raise StatisticsError(f"the table has the feature {', '.join(sorted(unknown))}")


def _has_statistics(add: dict[str, Any]) -> bool:
    statistics = json.loads(add.get("stats") or "{}")
    return bool(statistics.get("minValues") or statistics.get("maxValues"))


def _without_statistics(add: dict[str, Any]) -> dict[str, Any]:
    """Return an ``add`` action that changes no row: the statistics keep the number of rows only."""
    rows = json.loads(add.get("stats") or "{}").get("numRecords")
    statistics = {} if rows is None else {"stats": json.dumps({"numRecords": rows})}
    kept = {key: value for key, value in add.items() if value is not None and key != "stats"}
    return {**kept, "dataChange": False, **statistics}


# ---- the files of a table as the log has them ----------------------------------------------------------
def live_adds(delta: DeltaTable, folder: Path) -> list[dict[str, Any]]:
    """Return the ``add`` actions of the live files: delta-rs does not give all that is in them.

    Raises
    ------
    StatisticsError
        If the log has a form that is not read here, such as checkpoints in several levels.
    """
    files: dict[str, dict[str, Any]] = {}
    for log_file in _log_files(folder, delta.version()):
        for kind, action in _file_actions(log_file):
            if kind == "add":
                files[action["path"]] = action
            else:
                files.pop(action["path"], None)
    if {unquote(path) for path in files} != _relative_paths(delta):
        raise StatisticsError("its log is not in the usual form")
    return list(files.values())


def _relative_paths(delta: DeltaTable) -> set[str]:
    return {unquote(path) for path in delta.get_add_actions(flatten=True)["path"].to_pylist()}


def _log_files(folder: Path, version: int) -> list[Path]:
    """List the newest checkpoint up to a version, and the commits after it."""
    found = [
        (int(match["version"]), path)
        for path in sorted((folder / "_delta_log").iterdir())
        if (match := _LOG_FILE.fullmatch(path.name)) and int(match["version"]) <= version
    ]
    checkpoints = [(v, path) for v, path in found if path.suffix == ".parquet"]
    newest = max((v for v, _ in checkpoints), default=-1)
    return [
        *(path for v, path in checkpoints if v == newest),
        *(path for v, path in found if path.suffix == ".json" and v > newest),
    ]


def _file_actions(log_file: Path) -> list[tuple[str, dict[str, Any]]]:
    """Read the ``add`` and ``remove`` actions of a commit, or the ``add`` actions of a checkpoint."""
    if log_file.suffix == ".parquet":
        import pyarrow.parquet as pq  # not at the top: the workspace starts without pyarrow

        column = pq.read_table(log_file, columns=["add"]).column("add")
        return [("add", _plain(action)) for action in column.to_pylist() if action]
    lines = [json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines()]
    # a commit that replaces the deletion vector of a file removes and adds the same path
    return [(kind, line[kind]) for kind in ("remove", "add") for line in lines if kind in line]


def _plain(action: dict[str, Any]) -> dict[str, Any]:
    """Return an ``add`` action of a checkpoint as a commit has it."""
    parsed = {key: value for key, value in action.items() if not key.endswith("_parsed")}
    for name in ("partitionValues", "tags"):
        if isinstance(parsed.get(name), list):
            parsed[name] = dict(parsed[name])
    return parsed
