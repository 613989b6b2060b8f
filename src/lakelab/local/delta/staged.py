"""A staged table: a copy of a Delta table's log in a scratch folder, to which the engine writes first.

The files that the engine writes there become part of the table in one commit, after all checks. So a reader
sees the table before the write or after it, and a killed process leaves the table as it was.

Follows https://github.com/delta-io/delta/blob/master/PROTOCOL.md

Tested in ``tests/local/spark/test_delta_writes.py``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lakelab.local.delta.commit import Action, now
from lakelab.local.delta.protocol import merged_protocol
from lakelab.local.delta.state import TableState

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


@contextmanager
def staged_table(scratch: Path, state: TableState, *, with_files: bool) -> Iterator[Path]:
    """Return the folder of a staged table, which is deleted after the block.

    Parameters
    ----------
    scratch : Path
        The folder for scratch files, best on the disk of the table.
    state : TableState
        The table to copy the log of.
    with_files : bool
        Whether the copy has the live files, too. Their statistics are left out: Sail reads a column as a
        constant where its minimum equals its maximum, and those leave NaN out.
    """
    folder = scratch / f"staged-{uuid.uuid4().hex}"
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    try:
        actions: list[Action] = [
            {"commitInfo": {"timestamp": now(), "operation": "CREATE TABLE"}},
            {"protocol": state.protocol},
            {"metaData": state.metadata},
        ]
        if with_files:
            actions += [{"add": _without_statistics(add)} for add in state.files.values()]
            for add in state.files.values():
                for file in _files_of(add):
                    _link(state.folder / file, folder / file)
        lines = "".join(json.dumps(action) + "\n" for action in actions)
        (log / f"{0:020}.json").write_text(lines, "utf-8")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def written_actions(folder: Path, first: int = 1) -> list[Action]:
    """Return the actions of all commits to a staged table, from a version on.

    Parameters
    ----------
    folder : Path
        The staged table.
    first : int
        The first version: 1 leaves out the copy of the log.
    """
    actions: list[Action] = []
    version = first
    while (commit := folder / "_delta_log" / f"{version:020}.json").exists():
        actions += [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
        version += 1
    return actions


@contextmanager
def moved_files(staged: Path, folder: Path, adds: Iterable[Mapping[str, Any]]) -> Iterator[None]:
    """Link the files of a staged table into the table; remove them again if the block fails.

    Parameters
    ----------
    staged, folder : Path
        The folders of the staged table and of the table.
    adds : iterable of mapping
        The ``add`` actions of the files.
    """
    moved: list[Mapping[str, Any]] = []
    try:
        for add in adds:
            moved.append(add)
            for file in _files_of(add):
                _link(staged / file, folder / file)
        yield
    except BaseException:  # such as a full disk, an interrupt, or another writer's commit
        committed = TableState.read(folder).files  # an interrupt may come after the commit
        for add in moved:
            for file in () if add["path"] in committed else _files_of(add):
                (folder / file).unlink(missing_ok=True)
        raise


def removal(add: Mapping[str, Any], *, data_change: bool = True) -> Action:
    """Return the ``remove`` action of a live file.

    Examples
    --------
    >>> removal({"path": "a.parquet", "partitionValues": {}, "size": 9})["remove"]["path"]
    'a.parquet'
    """
    kept = ("path", "partitionValues", "size", "deletionVector", "baseRowId")
    return {
        "remove": {
            **{key: add[key] for key in kept if add.get(key) is not None},
            "deletionTimestamp": now(),
            "dataChange": data_change,
            "extendedFileMetadata": True,
        }
    }


def replacing_actions(
    state: TableState, written: list[Action], configuration: Mapping[str, str], comment: str | None
) -> list[Action]:
    """Return the metadata by which a table becomes another one, and the protocol if that changes.

    Parameters
    ----------
    state : TableState
        The table as it is; it keeps its id.
    written : list of dict
        The actions of the table that it becomes.
    configuration : mapping
        The properties that it gets.
    comment : str or None
        The comment that it gets.
    """
    created = next(action["metaData"] for action in written if "metaData" in action)
    metadata = {
        **state.metadata,
        "description": comment,
        "schemaString": created["schemaString"],
        "partitionColumns": created["partitionColumns"],
        "configuration": dict(configuration),
    }
    protocol = next(action["protocol"] for action in written if "protocol" in action)
    merged = merged_protocol(state.protocol, protocol)
    changed: list[Action] = [] if merged == state.protocol else [{"protocol": merged}]
    return [*changed, {"metaData": metadata}]


def record_count(add: Mapping[str, Any]) -> int | None:
    """Return the number of rows of a file by its statistics; None if they do not have it.

    Examples
    --------
    >>> record_count({"stats": '{"numRecords": 3}'}), record_count({})
    (3, None)
    """
    count = json.loads(add.get("stats") or "{}").get("numRecords")
    return None if count is None else int(count)


def _without_statistics(add: Mapping[str, Any]) -> dict[str, Any]:
    count = record_count(add)
    stats = {} if count is None else {"stats": json.dumps({"numRecords": count})}
    return {**{key: value for key, value in add.items() if key != "stats"}, **stats}


def _files_of(add: Mapping[str, Any]) -> list[str]:
    """List the files of an ``add`` action in the table's folder: the rows, and a deletion vector."""
    files = [unquote(add["path"])]
    if (vector := add.get("deletionVector")) and vector.get("storageType") == "u":
        files.append(_vector_file(vector["pathOrInlineDv"]))
    return [file for file in files if "://" not in file and not file.startswith(("/", "file:"))]


def _vector_file(encoded: str) -> str:
    """Return the name of the file of a deletion vector: a prefix, and a UUID in Z85.

    Examples
    --------
    >>> _vector_file("ab^-aqEH.-t@S}K{vb[*k^")
    'ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin'
    """
    prefix, text = encoded[:-20], encoded[-20:]
    groups = (text[start : start + 5] for start in range(0, 20, 5))
    numbers = (reduce(lambda n, c: n * 85 + _Z85.index(c), group, 0) for group in groups)
    identity = uuid.UUID(bytes=b"".join(number.to_bytes(4, "big") for number in numbers))
    name = f"deletion_vector_{identity}.bin"
    return f"{prefix}/{name}" if prefix else name


def _link(source: Path, target: Path) -> None:
    """Make a file appear in another folder, without a copy where the disk allows that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
            raise
        draft = target.with_name(f".{target.name}.tmp")
        shutil.copyfile(source, draft)
        draft.rename(target)
