"""Lookups in an online table."""

from __future__ import annotations

import pytest

from .conftest import Lab


def test_an_invalid_key_raises_with_the_key_columns(lab: Lab) -> None:
    lab.create("t", {"a": [1], "b": ["x"], "c": [1.5]}, keys=["a", "b"])
    lab.publish("t")
    online = lab.online("t")
    for key in (1, "x", (1,), (1, "x", 2), ()):
        with pytest.raises(ValueError, match=r"'main.f.t_online' is looked up by a, b: 2 value"):
            online.lookup(key)
    for key in ({"a": 1}, {"a": 1, "b": "x", "c": 1.5}, {"a": 1, "B": "x"}):
        with pytest.raises(ValueError, match=r"'main.f.t_online' is looked up by a, b, not a"):
            online.lookup(key)


def test_lookup_many_keeps_the_order_of_the_keys(table: Lab) -> None:
    found = table.online("t").lookup_many([3, 9, 1, 3])
    assert [row and row["x"] for row in found] == ["c", None, "a", "c"]
