"""A commit is written as a whole, or not at all."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from lakelab.local.delta.commit import commit
from lakelab.local.delta.metadata import Metadata


def test_the_history_shows_operation_parameters_and_metrics(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    commit(
        DeltaTable(tmp_path),
        tmp_path,
        "MERGE",
        [],
        parameters={"predicate": "t.id = s.id"},
        metrics={"numTargetRowsInserted": "0"},
    )
    entry = DeltaTable(tmp_path).history(1)[0]
    assert entry["operation"] == "MERGE"
    assert entry["operationParameters"] == {"predicate": "t.id = s.id"}
    assert entry["operationMetrics"] == {"numTargetRowsInserted": "0"}


def test_the_second_of_two_writers_fails_and_leaves_nothing(tmp_path):
    write_deltalake(tmp_path, pa.table({"id": [1]}))
    first, second = DeltaTable(tmp_path), DeltaTable(tmp_path)
    commit(first, tmp_path, "FIRST", [Metadata.read(first).action()])
    with pytest.raises(CommitFailedError, match="Version 1 .* was taken by another writer"):
        commit(second, tmp_path, "SECOND", [Metadata.read(second).action()])
    assert DeltaTable(tmp_path).history(1)[0]["operation"] == "FIRST"
    assert not list((tmp_path / "_delta_log").glob(".*.tmp"))
