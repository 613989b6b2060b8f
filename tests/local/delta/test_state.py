"""The state of a table from commits and from a checkpoint."""

from __future__ import annotations

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from lakelab.local.delta.state import TableState


def test_the_state_is_the_same_after_a_checkpoint_that_replaces_the_commits(tmp_path):
    rows = pa.table({"id": [1, 2], "g": ["a b", None]})
    for number in range(3):
        write_deltalake(
            tmp_path,
            rows,
            mode="append",
            partition_by=["g"],
            commit_properties=CommitProperties(app_transactions=[Transaction("app", number)]),
        )
    write_deltalake(tmp_path, rows, mode="overwrite", partition_by=["g"])
    commits = TableState.read(tmp_path)
    DeltaTable(tmp_path).create_checkpoint()
    for commit in (tmp_path / "_delta_log").glob("*.json"):
        commit.unlink()
    checkpoint = TableState.read(tmp_path)
    assert (checkpoint.version, checkpoint.transactions) == (3, {"app": 2})
    assert checkpoint.files.keys() == commits.files.keys()
    assert [add["partitionValues"] for add in checkpoint.files.values()] == [
        commits.files[path]["partitionValues"] for path in checkpoint.files
    ]
    assert checkpoint.fields == commits.fields
    assert checkpoint.partition_columns == ["g"]
