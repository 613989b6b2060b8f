"""The base of the value classes: equality, ``repr`` and ``dict``."""

from __future__ import annotations

from lakelab.local.feature_engineering import FeatureLookup
from lakelab.local.feature_engineering.entities import FeatureTable


def test_entities_with_the_same_content_are_equal() -> None:
    assert FeatureLookup("t", "k") == FeatureLookup("t", "k")
    assert FeatureLookup("t", "k") != FeatureLookup("t", "l")
    assert "table_name='t'" in repr(FeatureLookup("t", "k"))
    table = FeatureTable("c.s.t", "id", "d", ["k"], [], ["k", "x"], tags={"a": "b"})
    assert repr(table).startswith("<FeatureTable: name='c.s.t', table_id='id', description='d'")
    assert dict(table)["tags"] == {"a": "b"}
