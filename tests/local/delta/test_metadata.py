"""The metadata of a table survive a commit."""

from __future__ import annotations

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakelab.local.delta.commit import commit
from lakelab.local.delta.metadata import Metadata


def test_changed_metadata_are_read_back(tmp_path):
    rows = pa.table({"day": ["a", "b"], "temp": [1.5, 2.5]})
    write_deltalake(tmp_path, rows, partition_by=["day"], description="Weather")
    delta = DeltaTable(tmp_path)
    metadata = Metadata.read(delta)
    assert (metadata.description, metadata.partition_columns) == ("Weather", ["day"])
    metadata.configuration["owner"] = "ops"
    metadata.field("temp")["metadata"]["comment"] = "degrees"
    commit(delta, tmp_path, "SET TBLPROPERTIES", [metadata.action()])
    changed = DeltaTable(tmp_path)
    assert Metadata.read(changed) == metadata
    assert changed.to_pyarrow_table().num_rows == 2
