"""Values of each column type: written, read, and used as a key."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lakelab.local.online_store.values import OnlineColumn

from .conftest import Lab

MOMENT = datetime(2024, 12, 24, 18, 30, 15, 123456)
OLD = datetime(1901, 2, 3, 4, 5, 6)
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "string": (pa.string(), ["Zürich 空港", "", "it's 100 % \"so\"\\N\t\n"]),
    "byte": (pa.int8(), [-128, 0, 127]),
    "short": (pa.int16(), [-(2**15), 0, 2**15 - 1]),
    "integer": (pa.int32(), [-(2**31), 0, 2**31 - 1]),
    "long": (pa.int64(), [-(2**63), 0, 2**63 - 1]),
    "double": (pa.float64(), [0.1, math.inf, -math.inf]),
    "boolean": (pa.bool_(), [True, False, True]),
    "timestamp": (pa.timestamp("us", "UTC"), [MOMENT, OLD, datetime(1970, 1, 1)]),
    "timestamp_ntz": (pa.timestamp("us"), [MOMENT, OLD, datetime(1970, 1, 1)]),
    "date": (pa.date32(), [date(2024, 2, 29), date(1901, 1, 1), date(1970, 1, 1)]),
    "decimal(10,2)": (
        pa.decimal128(10, 2),
        [Decimal("12345678.90"), Decimal("-0.01"), Decimal("0")],
    ),
    "decimal(38,18)": (pa.decimal128(38, 18), [Decimal("0.000000000000000001"), Decimal(10), None]),
    "binary": (pa.binary(), [b"\x00\xff'", b"", "ü".encode()]),
    "array": (pa.list_(pa.int64()), [[1, 2, None], [], [3]]),
    "struct": (
        pa.struct({"a": pa.int64(), "b": pa.list_(pa.string())}),
        [{"a": 1, "b": ["x"]}, {"a": None, "b": None}, {"a": 2, "b": []}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("type", COLUMNS)
def test_values_are_returned_unchanged(lab: Lab, type: str) -> None:
    arrow, values = COLUMNS[type]
    column = pa.array([*values, None], arrow)
    lab.create("t", pa.table({"id": [1, 2, 3, 4], "x": column}))
    lab.publish("t")
    found = [row and row["x"] for row in lab.online("t").lookup_many([1, 2, 3, 4])]
    assert found == [*values, None]
    assert [x.__class__ for x in found] == [x.__class__ for x in [*values, None]]


def test_a_float_keeps_its_32_bits_and_nan_is_not_null(lab: Lab) -> None:
    values = [0.1, math.nan, None, math.inf, -math.inf, 3.4028234663852886e38, -7.0]
    for name, arrow, numpy in (("f", pa.float32(), np.float32), ("d", pa.float64(), np.float64)):
        lab.create(name, pa.table({"id": range(7), "x": pa.array(values, arrow)}))
        lab.publish(name)
        found = [row and row["x"] for row in lab.online(name).lookup_many(range(7))]
        assert found[2] is None
        assert isinstance(found[1], float)
        expected = np.array([x for x in values if x is not None], numpy)
        got = np.array([x for x in found if x is not None], numpy)
        np.testing.assert_array_equal(got, expected)


def test_a_time_with_a_zone_is_naive_and_in_utc(lab: Lab) -> None:
    in_zurich = pa.array([MOMENT], pa.timestamp("us", "UTC")).cast(
        pa.timestamp("us", "Europe/Zurich")
    )
    lab.create("t", pa.table({"id": [1], "x": in_zurich}))
    lab.publish("t")
    row = lab.online("t").lookup(1)
    assert row == {"id": 1, "x": MOMENT}


def test_columns_can_have_any_name(lab: Lab) -> None:
    names = ['delay "%"', "%s", "select", "Größe", "?", ":x", "a b", "{}", "t", "key %(id)s"]
    data = {name: [place] for place, name in enumerate(names)}
    lab.create("t", data, keys=["%s", "key %(id)s"], configuration={"delta.columnMapping.mode": "none"})  # fmt: skip
    lab.publish("t")
    assert lab.online("t").lookup([1, 9]) == {name: place for place, name in enumerate(names)}
    lab.append("t", {name: [place + 1] for place, name in enumerate(names)})
    lab.delta("t").delete('"%s" = 1')
    assert (lab.publish("t").written, lab.publish("t").kind) == (1, "nothing")
    assert lab.online("t").lookup([1, 9]) is None
    assert lab.online("t").lookup([2, 10]) == {name: place + 1 for place, name in enumerate(names)}


# ---- keys -------------------------------------------------------------------------------------------
KEYS: dict[str, tuple[pa.DataType, list[Any], list[Any]]] = {
    # type, stored values, and further forms of the last value
    "string": (pa.string(), ["", "ZRH", "Zürich'"], [np.str_("Zürich'")]),
    "byte": (pa.int8(), [-1, 7], [np.int8(7), 7.0, "7", np.float32(7), np.uint64(7)]),
    "short": (pa.int16(), [-1, 7], [np.int64(7), 7.0]),
    "integer": (pa.int32(), [-1, 7], [np.int32(7), 7.0]),
    "long": (pa.int64(), [-(2**63), 2**63 - 1], [np.int64(2**63 - 1), str(2**63 - 1)]),
    "boolean": (pa.bool_(), [False, True], [np.bool_(True), 1]),
    "binary": (pa.binary(), [b"", b"\x00\xff"], [bytearray(b"\x00\xff"), np.bytes_(b"\x00\xff")]),
    "decimal(9,2)": (
        pa.decimal128(9, 2),
        [Decimal("-1.00"), Decimal("1.50")],
        [Decimal("1.5"), 1.5, "1.500", np.float64(1.5)],
    ),
    "decimal(38,10)": (
        pa.decimal128(38, 10),
        [Decimal("1234567890123456789012345678.0000000001"), Decimal("0.0000001000")],
        [Decimal("1E-7"), "0.0000001"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("type", KEYS)
def test_rows_are_found_by_keys_of_each_type(lab: Lab, type: str) -> None:
    arrow, values, others = KEYS[type]
    keys = pa.array(values, arrow)
    lab.create("t", pa.table({"id": keys, "x": range(len(values))}))
    lab.publish("t")
    online = lab.online("t")
    for place, value in enumerate(values):
        assert online.lookup(value) == {"id": value, "x": place}
        assert online.lookup({"id": value}) == online.lookup([value]) == online.lookup((value,))
    for other in others:
        assert online.lookup(other) == online.lookup(values[-1]), other
    assert online.lookup(None) is None

    # a lookup finds an updated row, and no deleted row
    lab.append("t", pa.table({"id": keys.slice(0, 1), "x": [50]}))
    lab.delta("t").delete("x < 50")
    published = lab.publish("t")
    assert (published.kind, published.written, published.deleted) == (
        "incremental",
        1,
        len(values) - 1,
    )
    assert lab.rows_online("t") == [{"id": values[0], "x": 50}]


def test_a_key_of_several_columns_is_given_in_order_or_by_name(lab: Lab) -> None:
    lab.create(
        "t",
        {
            "origin": ["ZRH", "ZRH", "GVA"],
            "x": [1.0, 2.0, 3.0],
            "number": [1, 2, 1],
            "day": [True] * 3,
        },
        keys=["origin", "number", "day"],
    )
    lab.publish("t")
    online = lab.online("t")
    assert online.keys == ["origin", "number", "day"]
    expected = {"origin": "ZRH", "x": 2.0, "number": 2, "day": True}
    assert online.lookup(("ZRH", 2, True)) == expected
    assert online.lookup({"day": True, "number": 2, "origin": "ZRH"}) == expected
    assert online.lookup(("ZRH", 3, True)) is None
    assert online.lookup(("ZRH", None, True)) is None


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("long", "seven"),
        ("long", 7.5),
        ("long", 2**63),
        ("long", -(2**63) - 1),
        ("byte", 128),
        ("long", object()),
        ("string", 7),
        ("boolean", "true"),
        ("boolean", 2),
        ("binary", "text"),
        ("binary", 7),
        ("decimal(9,2)", "1.505"),
        ("decimal(9,2)", "one"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_invalid_key_value_raises(type: str, value: Any, dialect: str) -> None:
    with pytest.raises(ValueError, match="is not a value of the key column 'k' of type") as caught:
        OnlineColumn("k", type).key_encoder(dialect)(value)
    assert repr(value) in str(caught.value)


def test_times_with_an_offset_are_converted_to_utc() -> None:
    column = OnlineColumn("t", "timestamp")
    zone = timezone(timedelta(hours=1))
    for value in (MOMENT, MOMENT.replace(tzinfo=UTC), str(MOMENT), (MOMENT + timedelta(hours=1)).replace(tzinfo=zone)):  # fmt: skip
        assert column.encode_key(value, "postgresql") == MOMENT


def test_text_that_postgresql_cannot_store_raises_and_changes_nothing(lab: Lab) -> None:
    lab.create("t", {"id": [1], "x": ["fine"]})
    lab.publish("t")
    lab.append("t", {"id": [2], "x": ["a\0b"]})
    if lab.url:
        with pytest.raises(Exception, match="does not accept a value of it"):
            lab.publish("t")
        assert lab.rows_online("t") == [{"id": 1, "x": "fine"}]
    else:
        lab.publish("t")
        assert lab.online("t").lookup(2) == {"id": 2, "x": "a\0b"}


def test_a_lookup_by_text_with_a_null_character_is_valid(lab: Lab) -> None:
    lab.create("t", {"id": ["a", "b"]})
    lab.publish("t")
    assert lab.online("t").lookup("a\0") is None
    assert lab.online("t").lookup("b") == {"id": "b"}
