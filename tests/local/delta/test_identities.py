"""The highest number of an identity column is that of the files, upwards or downwards."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakelab.local.delta.identities import has_marks, with_marks


def metadata(**details):
    named = {f"delta.identity.{name}": value for name, value in details.items()}
    field = {"name": "k", "type": "long", "nullable": True, "metadata": named}
    return {"id": "1", "schemaString": json.dumps({"type": "struct", "fields": [field]})}


def mark(changed):
    (field,) = json.loads(changed["schemaString"])["fields"]
    return field["metadata"].get("delta.identity.highWaterMark")


@pytest.mark.parametrize(
    ("details", "numbers", "expected"),
    [
        ({"start": 1, "step": 1}, [1, 3, 2], 3),
        ({"start": 1, "step": -2}, [1, -1], -1),
        ({"start": 1, "step": 1, "highWaterMark": 9}, [1], 9),
        ({"start": 1, "step": 1}, [], None),
    ],
)
def test_marks(tmp_path, details, numbers, expected):
    pq.write_table(pa.table({"k": pa.array(numbers, pa.int64())}), tmp_path / "a b.parquet")
    changed = with_marks(metadata(**details), tmp_path, [{"path": "a%20b.parquet"}])
    assert mark(changed) == expected
    assert has_marks(json.loads(changed["schemaString"])["fields"]) == (expected is not None)


def test_numbers_of_the_user_do_not_count(tmp_path):
    pq.write_table(pa.table({"k": [7]}), tmp_path / "a.parquet")
    assert (
        mark(with_marks(metadata(start=1, step=1), tmp_path, [{"path": "a.parquet"}], ["K"]))
        is None
    )
