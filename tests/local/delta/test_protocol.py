"""Protocol: a feature raises the version of an old table, and joins the list of a newer one."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lakelab.local.delta.protocol import require_writer_feature


@pytest.fixture
def table(tmp_path):
    schema = pa.schema([("a", pa.int32())])
    return lambda **properties: DeltaTable.create(
        tmp_path / "t",
        schema,
        configuration={k.replace("_", "."): v for k, v in properties.items()},
    )


def test_the_version_is_raised_once(table):
    delta = table()
    (action,) = require_writer_feature(delta, "checkConstraints", 3)
    assert action == {"protocol": {"minReaderVersion": 1, "minWriterVersion": 3}}
    assert require_writer_feature(delta, "checkConstraints", 2) == []


def test_a_feature_joins_the_list(table):
    delta = table(delta_minReaderVersion="3", delta_minWriterVersion="7")
    (action,) = require_writer_feature(delta, "checkConstraints", 3)
    protocol = action["protocol"]
    assert (protocol["minReaderVersion"], protocol["minWriterVersion"]) == (3, 7)
    features = delta.protocol().writer_features
    assert protocol["writerFeatures"] == [*features, "checkConstraints"]
    assert protocol["readerFeatures"] == (delta.protocol().reader_features or [])
    if features:
        assert require_writer_feature(delta, features[0], 3) == []
