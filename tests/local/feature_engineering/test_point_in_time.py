"""The join, compared with a simple implementation of its definition, and single cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakelab.local.feature_engineering.point_in_time import look_up


def by_definition(
    labels: list[dict[str, Any]],
    features: list[dict[str, Any]],
    keys: dict[str, str],
    outputs: dict[str, str],
    time: tuple[str, str] | None,
    window: timedelta | None,
) -> list[dict[str, Any]]:
    """Return for each label the newest feature row with its keys at or before its time, in the window."""
    answer = []
    for label in labels:
        found = None
        for row in features:
            if any(label[mine] is None or label[mine] != row[its] for mine, its in keys.items()):
                continue
            if time is not None:
                at, ts = label[time[0]], row[time[1]]
                if at is None or ts > at or (window is not None and at - ts > window):
                    continue
                if found is not None and ts <= found[time[1]]:
                    continue
            found = row
        answer.append({out: found[feature] if found else None for out, feature in outputs.items()})
    return answer


def random_case(seed: int) -> tuple[pa.Table, pa.Table]:
    """Return rows with few keys and times, so that ties, misses, nulls and repeated labels occur."""
    rng = np.random.default_rng(seed)
    start = datetime(2024, 1, 1, tzinfo=UTC)

    def times(n: int) -> list[datetime]:
        return [start + timedelta(minutes=int(m)) for m in rng.integers(0, 30, n)]

    def some_null(values: list[Any], share: float) -> list[Any]:
        return [None if rng.random() < share else value for value in values]

    rows = pd.DataFrame(
        {
            "a": rng.choice(["p", "q", "r"], 60),
            "b": rng.integers(0, 2, 60),
            "ts": times(60),
            "x": rng.normal(size=60),
            "n": rng.integers(0, 9, 60),
        }
    ).drop_duplicates(["a", "b", "ts"])
    features = pa.table(
        {
            "a": pa.array(rows["a"].tolist()),
            "b": pa.array(rows["b"].tolist(), pa.int32()),
            "ts": pa.array(rows["ts"].tolist(), pa.timestamp("us", "UTC")),
            "x": pa.array(some_null(rows["x"].tolist(), 0.3)),
            "n": pa.array(some_null(rows["n"].tolist(), 0.3), pa.int64()),
        }
    )
    labels = pa.table(
        {
            "kb": pa.array(some_null(rng.integers(0, 3, 80).tolist(), 0.1), pa.int32()),
            "ka": pa.array(some_null(rng.choice(["p", "q", "s"], 80).tolist(), 0.1)),
            "at": pa.array(some_null(times(80), 0.1), pa.timestamp("us", "UTC")),
        }
    )
    return labels, features


KEYS, OUTPUTS, TIME = {"ka": "a", "kb": "b"}, {"x_": "x", "n": "n", "seen": "ts"}, ("at", "ts")


@pytest.mark.parametrize("window", [None, timedelta(0), timedelta(minutes=4)], ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_random_histories(seed: int, window: timedelta | None) -> None:
    labels, features = random_case(seed)
    found = look_up(labels, features, keys=KEYS, outputs=OUTPUTS, time=TIME, window=window)
    expected = by_definition(labels.to_pylist(), features.to_pylist(), KEYS, OUTPUTS, TIME, window)
    assert found.to_pylist() == expected
    assert any(row["seen"] for row in expected)  # the case is not empty
    assert found.schema == pa.schema(
        [("x_", pa.float64()), ("n", pa.int64()), ("seen", pa.timestamp("us", "UTC"))]
    )


@pytest.mark.parametrize("seed", range(4))
def test_random_plain_lookups(seed: int) -> None:
    labels, features = random_case(seed)
    once = pa.Table.from_pandas(
        features.to_pandas().drop_duplicates(["a", "b"]), preserve_index=False
    ).cast(features.schema)
    found = look_up(labels, once, keys=KEYS, outputs={"n": "n"})
    expected = by_definition(labels.to_pylist(), once.to_pylist(), KEYS, {"n": "n"}, None, None)
    assert found.to_pylist() == expected


def times(*hours: float | None) -> pa.Array:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    return pa.array(
        [None if h is None else start + timedelta(hours=h) for h in hours],
        pa.timestamp("us", "UTC"),
    )


def test_a_row_of_the_same_time_matches_and_one_of_a_microsecond_later_does_not() -> None:
    labels = pa.table({"k": [1, 1], "at": times(1, 1 - 1e-6 / 3600)})
    features = pa.table({"k": [1], "ts": times(1), "x": [7]})
    found = look_up(labels, features, keys={"k": "k"}, outputs={"x": "x"}, time=("at", "ts"))
    assert found["x"].to_pylist() == [7, None]


def test_the_newest_row_matches_even_if_its_feature_is_null() -> None:
    labels = pa.table({"k": [1], "at": times(3)})
    features = pa.table({"k": [1, 1], "ts": times(1, 2), "x": [7, None]})
    found = look_up(labels, features, keys={"k": "k"}, outputs={"x": "x"}, time=("at", "ts"))
    assert found["x"].to_pylist() == [None]


def test_the_lookback_window_is_inclusive() -> None:
    labels = pa.table({"k": [1, 1], "at": times(2, 2.001)})
    features = pa.table({"k": [1], "ts": times(1), "x": [7]})
    found = look_up(
        labels, features, keys={"k": "k"}, outputs={"x": "x"}, time=("at", "ts"),
        window=timedelta(hours=1),
    )  # fmt: skip
    assert found["x"].to_pylist() == [7, None]


def test_dates() -> None:
    labels = pa.table({"k": [1, 1], "day": [date(2024, 1, 3), date(2024, 1, 9)]})
    features = pa.table({"k": [1], "since": [date(2024, 1, 2)], "x": [7]})
    found = look_up(
        labels, features, keys={"k": "k"}, outputs={"x": "x"}, time=("day", "since"),
        window=timedelta(days=2),
    )  # fmt: skip
    assert found["x"].to_pylist() == [7, None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_units_and_zones_are_converted(unit: str, zone: str | None) -> None:
    at = times(1).cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit, zone))
    features = pa.table({"k": [1, 1], "ts": times(1, 2), "x": [7, 8]})
    found = look_up(
        pa.table({"k": [1], "at": at}), features, keys={"k": "k"}, outputs={"x": "x"},
        time=("at", "ts"),
    )  # fmt: skip
    assert found["x"].to_pylist() == [7]


TWICE = {
    "a key": (None, {"k": [1, 1, 2], "x": [7, 8, 9], "y": ["seven", "eight", "nine"]}, None),
    "a key, with null": (None, {"k": [1, 1], "x": [None, 8], "y": ["seven", None]}, None),
    "the very same row": (None, {"k": [1, 1], "x": [7, 7], "y": ["seven", "seven"]}, None),
    "thrice": (None, {"k": [1, 1, 1], "x": [7, 8, 9], "y": ["seven", "eight", "nine"]}, None),
    "the newest instant": (
        (1, 3, 3), {"k": [1, 1, 1], "x": [6, 7, 8], "y": ["six", "seven", "eight"]}, None,
    ),
    "an older instant": (
        (1, 1, 3), {"k": [1, 1, 1], "x": [6, 7, 8], "y": ["six", "seven", "eight"]}, None,
    ),
    "an instant too old": (
        (1, 1), {"k": [1, 1], "x": [6, 7], "y": ["six", "seven"]}, timedelta(hours=1),
    ),
    "an instant to come": (
        (3, 9, 9), {"k": [1, 1, 1], "x": [6, 7, 8], "y": ["six", "seven", "eight"]}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("in_files", [False, True], ids=["table", "delta"])
@pytest.mark.parametrize("case", TWICE)
def test_a_duplicate_key_in_the_table(tmp_path: Path, case: str, in_files: bool) -> None:
    """Each label is in the result once, with all features from the same row."""
    hours, columns, window = TWICE[case]
    features = pa.table(columns)
    time = None
    labels = pa.table({"k": [1, 5, 1, None, 2, 1], "at": times(4, 4, 4, 4, 4, None)})
    if hours:
        features = features.append_column("ts", times(*hours))
        time = ("at", "ts")
    table: pa.Table | DeltaTable = features
    if in_files:  # one file for each row
        for i in range(len(features)):
            write_deltalake(tmp_path / "t", features.slice(i, 1), mode="append")
        table = DeltaTable(tmp_path / "t")
    found = look_up(
        labels, table, keys={"k": "k"}, outputs={"x": "x", "y": "y"}, time=time, window=window
    ).to_pylist()
    assert len(found) == len(labels)
    outputs, keys = {"x": "x", "y": "y"}, {"k": "k"}
    for label, got in zip(labels.to_pylist(), found, strict=True):
        one_by_one = [
            by_definition([label], others, keys, outputs, time, window)[0]
            for others in _orders(features.to_pylist())
        ]
        assert got in one_by_one


def _orders(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the rows with each row first, because the definition takes the first of equal times."""
    return [list(order) for order in permutations(rows)]


def test_no_rows_on_either_side() -> None:
    features = pa.table({"k": pa.array([], pa.int64()), "x": pa.array([], pa.string())})
    found = look_up(pa.table({"k": [1, 2]}), features, keys={"k": "k"}, outputs={"x": "x"})
    assert found["x"].to_pylist() == [None, None]
    none = look_up(features.select(["k"]), features, keys={"k": "k"}, outputs={"x": "x"})
    assert (len(none), none.schema.field("x").type) == (0, pa.string())


ALL_TYPES = pa.table(
    {
        "k": [1],
        "tiny": pa.array([1], pa.int16()),
        "int": pa.array([2], pa.int32()),
        "float": pa.array([1.5], pa.float32()),
        "bool": [True],
        "day": [date(2024, 1, 1)],
        "money": pa.array([1], pa.decimal128(10, 2)),
        "bytes": [b"x"],
        "list": pa.array([[1, 2]], pa.list_(pa.int32())),
        "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())),
        "struct": pa.array([{"y": 1}], pa.struct([("y", pa.int32())])),
        'odd "name"': ["x"],
    }
)


def test_types_and_values_do_not_change() -> None:
    outputs = {name: name for name in ALL_TYPES.column_names if name != "k"}
    found = look_up(pa.table({"k": [1, 5]}), ALL_TYPES, keys={"k": "k"}, outputs=outputs)
    assert found.schema.types == ALL_TYPES.drop(["k"]).schema.types
    assert found.slice(0, 1).to_pylist() == ALL_TYPES.drop(["k"]).to_pylist()
    assert set(found.slice(1).to_pylist()[0].values()) == {None}


@pytest.mark.parametrize("partitioned", [False, True])
@pytest.mark.parametrize("folder", ["plain", "it's ödd", "star*"])
def test_delta_tables(tmp_path: Path, folder: str, partitioned: bool) -> None:
    path = tmp_path / folder
    first = pa.table({"k": [1, 2], "x": [7, 8], "p": ["a b", None]})
    write_deltalake(path, first, partition_by=["p"] if partitioned else None)
    more = pa.table({"k": [3], "x": [9], "p": ["c"], "y": ["new"]})
    write_deltalake(path, more, mode="append", schema_mode="merge")
    labels = pa.table({"k": [3, 2, 1]})
    outputs = {"x": "x", "p": "p", "y": "y"}
    found = look_up(labels, DeltaTable(path), keys={"k": "k"}, outputs=outputs)
    assert found.to_pydict() == {
        "x": [9, 8, 7],
        "p": ["c", None, "a b"],
        "y": ["new", None, None],
    }


def test_a_column_without_data_in_any_file_is_null(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "t", pa.table({"k": [1]}))
    wider = pa.table({"k": pa.array([], pa.int64()), "y": pa.array([], pa.float64())})
    write_deltalake(tmp_path / "t", wider, mode="append", schema_mode="merge")
    found = look_up(
        pa.table({"k": [1]}), DeltaTable(tmp_path / "t"), keys={"k": "k"}, outputs={"y": "y"}
    )
    assert found.to_pydict() == {"y": [None]}
    assert found.schema.field("y").type == pa.float64()


def test_an_empty_delta_table(tmp_path: Path) -> None:
    schema = pa.schema([("k", pa.int64()), ("x", pa.string())])
    DeltaTable.create(tmp_path / "t", schema)
    found = look_up(
        pa.table({"k": [1]}), DeltaTable(tmp_path / "t"), keys={"k": "k"}, outputs={"x": "x"}
    )
    assert found.to_pydict() == {"x": [None]}
