"""Point-in-time lookups, compared with a simple implementation, on cases that hypothesis draws.

The definition: the result for a label is the newest row of the feature table with the label's key at or
before the label's time, if the row is within the lookback window, else null. SQL does not prevent
duplicate keys: then the result is any one of the rows, the same row for all features. Each label gives
one row, and the order of the labels stays.

Times are whole nanoseconds here. Keys and times come from small pools, so that ties, misses, equal times
and repeated labels are frequent.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql.pandas.types import from_arrow_schema

from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup
from lakelab.local.feature_engineering.point_in_time import look_up
from lakelab.local.spark.session import LocalSparkSession

STABLE = settings(
    derandomize=True,  # the same cases in each run and on each machine
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

SECOND = 10**9  # in nanoseconds
NANOSECONDS = {"s": SECOND, "ms": 10**6, "us": 1000, "ns": 1}
DAY = 86400 * SECOND
AROUND = [
    int(datetime(2024, 3, 10, 6, 59, tzinfo=UTC).timestamp()) * SECOND,  # clocks go forward
    0,  # half of the times are before 1970, and negative
    -2_208_988_800 * SECOND,  # 1900
]
NAN = float("nan")
KEYS: dict[pa.DataType, list[Any]] = {
    pa.string(): ["p", "q", "", "P", " p", "ö"],
    pa.int64(): [0, 1, -1, 2**62],
    pa.int32(): [0, 1, 2],
    pa.bool_(): [False, True],
    pa.date32(): [date(2024, 1, 1), date(1969, 12, 31)],
    pa.decimal128(10, 2): [Decimal("1.00"), Decimal("1.01")],
    pa.float64(): [0.0, -0.0, 1.5, NAN],
    pa.binary(): [b"p", b"q"],
}
VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "x": (pa.float64(), [None, 0.5, -1.0, NAN]),
    "s": (pa.string(), [None, "", "a", "b", "c"]),
    "n": (pa.int32(), [None, 1, 2, 3]),
}


# ---- the definition -------------------------------------------------------------------------------
Row = dict[str, Any]


def by_definition(
    label: Row,
    features: list[Row],
    keys: dict[str, str],
    outputs: dict[str, str],
    time: tuple[str, str] | None = None,
    window: int | None = None,
) -> list[Row]:
    """Return all valid results for a label; more than one only for duplicate keys."""
    matching = []
    for row in features:
        if all(same(label[mine], row[its]) for mine, its in keys.items()):
            matching.append(row)
    if time is not None:
        mine, its = time
        known = []
        for row in matching:
            if label[mine] is not None and row[its] is not None and row[its] <= label[mine]:
                known.append(row)
        newest = max((row[its] for row in known), default=None)
        matching = []
        for row in known:
            if row[its] == newest and (window is None or label[mine] - row[its] <= window):
                matching.append(row)
    if not matching:
        return [dict.fromkeys(outputs)]
    return [{name: row[feature] for name, feature in outputs.items()} for row in matching]


def same(one: Any, other: Any) -> bool:
    """Return whether two keys match: as in Spark, null never matches, NaN matches NaN, and 0.0 -0.0."""
    if one is None or other is None:
        return False
    return one == other or (one != one and other != other)


def as_text(row: Row) -> tuple[str, ...]:
    """Return a row as text, because NaN is not equal to itself."""
    return tuple(f"{name}={value!r}" for name, value in row.items())


# ---- cases ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Times:
    """A column of times: its type, and its resolution in nanoseconds."""

    type: pa.DataType

    @property
    def step(self) -> int:
        return DAY if pa.types.is_date(self.type) else NANOSECONDS[self.type.unit]

    def array(self, nanoseconds: list[int | None]) -> pa.Array:
        counted = [None if one is None else one // self.step for one in nanoseconds]
        if pa.types.is_date(self.type):
            return pa.array(counted, pa.int32()).cast(self.type)
        return pa.array(counted, pa.int64()).cast(self.type)

    def nanoseconds(self, array: pa.ChunkedArray) -> list[int | None]:
        counts = array.cast(pa.int32() if pa.types.is_date(self.type) else pa.int64()).to_pylist()
        return [None if one is None else one * self.step for one in counts]


@dataclass(frozen=True)
class Case:
    """A lookup with the arguments of look_up, and as plain rows; times in the rows are nanoseconds."""

    keys: dict[str, str]
    outputs: dict[str, str]
    labels: list[Row]
    features: list[Row]
    key_types: list[pa.DataType]
    at: Times | None
    ts: Times | None
    window: int | None

    def tables(self) -> tuple[pa.Table, pa.Table]:
        key_types = dict(zip(self.keys, self.key_types, strict=True))
        its_types = dict(zip(self.keys.values(), self.key_types, strict=True))
        types = its_types | {name: type_ for name, (type_, _) in VALUES.items()}
        labels = {
            name: pa.array([row[name] for row in self.labels], type_)
            for name, type_ in key_types.items()
        }
        features = {
            name: pa.array([row[name] for row in self.features], type_)
            for name, type_ in types.items()
        }
        if self.at and self.ts:
            labels["at"] = self.at.array([row["at"] for row in self.labels])
            features["ts"] = self.ts.array([row["ts"] for row in self.features])
        return pa.table(labels), pa.table(features)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    key_types = draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=3))
    keys = {f"k{i}": f"its {i}" for i in range(len(key_types))}
    at, ts = draw(st.one_of(st.just((None, None)), st.just((DATES, DATES)), *[TIMESTAMPS] * 4))
    outputs = {"x": "x", "also x": "x", "s": "s", "the n": "n"}
    outputs = {name: outputs[name] for name in draw(subsets(list(outputs)))}
    mine: dict[str, st.SearchStrategy[Any]] = {}
    theirs = {name: st.sampled_from(pool) for name, (_, pool) in VALUES.items()}
    window = None
    if at and ts:
        grid = max(at.step, ts.step, 1000)
        around = draw(st.sampled_from(AROUND)) // grid * grid
        mine["at"] = instants(around, grid, at.step)
        theirs["ts"] = instants(around, grid, ts.step)
        window = draw(st.sampled_from([None, 0, 1000, grid, 2 * grid, 2 * grid - 1000]))
        if draw(st.booleans()):
            outputs["seen"] = "ts"
    entities = draw(
        st.lists(st.tuples(*(st.sampled_from(KEYS[t]) for t in key_types)), min_size=1, max_size=3)
    )
    return Case(
        keys,
        outputs,
        draw(rows(list(keys), entities, mine, 20)),
        draw(rows(list(keys.values()), entities, theirs, 20)),
        key_types,
        at,
        ts,
        window,
    )


def rows(
    keys: list[str],
    entities: list[tuple[Any, ...]],
    others: dict[str, st.SearchStrategy[Any]],
    most: int,
) -> st.SearchStrategy[list[Row]]:
    """Draw rows of few entities, some with a null in the key."""
    entity = st.sampled_from([*entities, *entities, *entities, None])
    null = st.integers(0, len(keys) - 1)

    def row(values: tuple[Any, ...] | None, where: int, more: Row) -> Row:
        key = list(values or entities[0])
        if values is None:
            key[where] = None
        return dict(zip(keys, key, strict=True)) | more

    return up_to(most, st.builds(row, entity, null, st.fixed_dictionaries(others)))


def up_to(most: int, one: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Row]]:
    """Draw lists with uniformly distributed lengths; hypothesis itself prefers short lists."""
    return st.integers(0, most).flatmap(lambda n: st.lists(one, min_size=n, max_size=n))


def timestamps(*units: str) -> st.SearchStrategy[Times]:
    zones = [None, "UTC", "America/New_York", "+05:30"]
    return st.builds(
        lambda unit, zone: Times(pa.timestamp(unit, zone)),
        st.sampled_from(units),
        st.sampled_from(zones),
    )


DATES = Times(pa.date32())
# a Delta table has microseconds; only rows from another source have other units
TIMESTAMPS = st.tuples(timestamps("s", "ms", "us", "ns"), timestamps("s", "ms", "us", "us"))


def instants(around: int, grid: int, step: int) -> st.SearchStrategy[int | None]:
    """Draw times of a grid that both tables can express, and adjacent times that this table can express."""
    times = [around + i * grid + beside * step for i in range(-2, 3) for beside in (0, 0, -1, 1)]
    return st.sampled_from([None, *times])


def subsets(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


# ---- look_up --------------------------------------------------------------------------------------
@given(cases())
@settings(STABLE, max_examples=160)
def test_look_up(case: Case) -> None:
    labels, features = case.tables()
    found = look_up(
        labels,
        features,
        keys=case.keys,
        outputs=case.outputs,
        time=("at", "ts") if case.ts else None,
        window=None if case.window is None else timedelta(microseconds=case.window // 1000),
    )
    assert len(found) == len(case.labels)
    assert found.schema.types == [features.schema.field(f).type for f in case.outputs.values()]
    columns = {name: found.column(name).to_pylist() for name in case.outputs}
    if case.ts and "seen" in columns:
        columns["seen"] = case.ts.nanoseconds(found.column("seen"))
    for i, label in enumerate(case.labels):
        time = ("at", "ts") if case.ts else None
        if label.get("at") is not None:  # Spark has microseconds
            label = label | {"at": label["at"] // 1000 * 1000}
        allowed = by_definition(label, case.features, case.keys, case.outputs, time, case.window)
        got = {name: values[i] for name, values in columns.items()}
        assert as_text(got) in [as_text(one) for one in allowed], f"label {i}: {label}"


# ---- training sets --------------------------------------------------------------------------------
MICROSECOND = pa.timestamp("us", "UTC")
TABLES: dict[str, tuple[list[str], str | None, dict[str, pa.DataType]]] = {
    "planes": (["tailnum"], None, {"tailnum": pa.string(), "base": pa.string(), "seats": pa.int32()}),
    "weather": (
        ["origin", "gate"],
        "ts",
        {
            "origin": pa.string(),
            "gate": pa.int64(),
            "ts": MICROSECOND,
            "wind": pa.float64(),
            "sky": pa.string(),
        },
    ),
    "days": (["origin"], "day", {"origin": pa.string(), "day": pa.date32(), "busy": pa.bool_()}),
}  # fmt: skip
"""Feature tables: entity keys, time series column, columns."""

START = datetime(2024, 3, 10, 6, 59, tzinfo=UTC)
DRAWN: dict[pa.DataType, list[Any]] = {  # one key is more frequent, so that rows match
    pa.string(): ["JFK", "JFK", "JFK", "EWR", "N1"],
    pa.int32(): [1, 2],
    pa.int64(): [1, 1, 1, 2],
    pa.float64(): [0.5, 1.5, 2.5],
    pa.bool_(): [False, True],
    pa.date32(): [date(2024, 3, day) for day in (9, 10, 11, 12)],
    MICROSECOND: [
        START + timedelta(minutes=m, microseconds=us) for m in (0, 1, 2) for us in (0, 1)
    ],
}


@dataclass(frozen=True)
class TrainingCase:
    """Rows of the three tables and of the labels, and the lookups."""

    tables: dict[str, list[Row]]
    labels: list[Row]
    zoned: bool
    window: timedelta | None
    excluded: list[str]


@st.composite
def training_cases(draw: st.DrawFn) -> TrainingCase:
    tables = {}
    for name, (keys, time, types) in TABLES.items():
        row = {
            column: st.sampled_from(
                DRAWN[type_] if column in [*keys, time] else [None, *DRAWN[type_]]
            )
            for column, type_ in types.items()
        }
        tables[name] = draw(up_to(12, st.fixed_dictionaries(row)))
    label = {
        "tailnum": pa.string(), "origin": pa.string(), "gate": pa.int64(), "at": MICROSECOND,
        "before": MICROSECOND, "day": pa.date32(), "late": pa.int32(),
    }  # fmt: skip
    values = {name: st.sampled_from([None, *DRAWN[t], *DRAWN[t]]) for name, t in label.items()}
    return TrainingCase(
        tables,
        draw(up_to(12, st.fixed_dictionaries(values))),
        draw(st.booleans()),
        draw(st.sampled_from([None, timedelta(0), timedelta(minutes=1), timedelta(minutes=1)])),
        draw(st.lists(st.sampled_from(["at", "gate", "base", "sky", "before"]), unique=True)),
    )


@pytest.mark.usefixtures("schema")
@given(training_cases())
@settings(STABLE, max_examples=10, phases=[Phase.generate])  # to shrink one takes minutes
def test_training_sets(spark: LocalSparkSession, case: TrainingCase) -> None:
    fe = FeatureEngineeringClient()
    names = {name: f"{name}_{uuid.uuid4().hex[:8]}" for name in TABLES}
    for name, (keys, time, types) in TABLES.items():
        columns = pa.schema(types)
        primary_keys = [*keys, *([time] if time else [])]
        fe.create_table(
            name=names[name],
            primary_keys=primary_keys,
            timeseries_column=time,
            schema=from_arrow_schema(columns),
        )
        half = len(case.tables[name]) // 2  # two files; neither SQL nor an append checks keys
        for rows_ in (case.tables[name][:half], case.tables[name][half:]):
            if rows_:
                df = spark.createDataFrame(pa.Table.from_pylist(rows_, columns))
                df.write.mode("append").saveAsTable(names[name])
    at = MICROSECOND if case.zoned else pa.timestamp("us")
    columns = pa.schema(
        {
            "row": pa.int64(), "tailnum": pa.string(), "origin": pa.string(), "gate": pa.int64(),
            "at": at, "before": MICROSECOND, "day": pa.date32(), "late": pa.int32(),
        }
    )  # fmt: skip
    numbered = [{"row": i, **label} for i, label in enumerate(case.labels)]
    labels = pa.Table.from_pylist(numbered, columns)
    weather = {"table_name": names["weather"], "lookback_window": case.window}
    training_set = fe.create_training_set(
        df=spark.createDataFrame(labels, from_arrow_schema(columns, prefer_timestamp_ntz=True)),
        feature_lookups=[
            FeatureLookup(names["planes"], "tailnum"),
            FeatureLookup(lookup_key=["origin", "gate"], timestamp_lookup_key="at", **weather),
            FeatureLookup(
                lookup_key=["base", "gate"],
                feature_names="wind",
                rename_outputs={"wind": "wind at base"},
                timestamp_lookup_key="before",
                **weather,
            ),
            FeatureLookup(names["days"], "origin", timestamp_lookup_key="day"),
        ],
        label="late",
        exclude_columns=case.excluded,
    )
    inputs = [name for name in columns.names if name not in ("late", *case.excluded)]
    outputs = [*PLANES, *WEATHER, *AT_BASE, *DAYS]
    features = [name for name in outputs if name not in case.excluded]
    loaded = training_set.load_df()
    assert loaded.columns == [*inputs, *features, "late"]
    found = loaded.toArrow().to_pylist()
    assert [row["row"] for row in found] == list(range(len(case.labels)))
    through_engine = loaded.select("row", "late").toArrow()["row"].to_pylist()
    assert through_engine == list(range(len(case.labels)))
    for label, got in zip(labels.to_pylist(), found, strict=True):
        assert got == got | {name: label[name] for name in [*inputs, "late"]}
        assert_features(case, label, got)


PLANES, WEATHER = {"base": "base", "seats": "seats"}, {"sky": "sky", "wind": "wind"}
AT_BASE, DAYS = {"wind at base": "wind"}, {"busy": "busy"}


def assert_features(case: TrainingCase, label: Row, got: Row) -> None:
    """Compare the features of one row with those that the definition allows, lookup by lookup."""
    window = None if case.window is None else microseconds(case.window)
    label = {name: counted(value) for name, value in label.items()}
    tables = {
        name: [{column: counted(value) for column, value in row.items()} for row in rows_]
        for name, rows_ in case.tables.items()
    }

    def allowed(table: str, keys: dict[str, str], outputs: Row, *more: Any) -> list[Row]:
        return by_definition(label, tables[table], keys, outputs, *more)

    planes = allowed("planes", {"tailnum": "tailnum"}, PLANES)
    assert given_by(got, planes), f"planes: {label} may get {planes}, got {got}"
    where = {"origin": "origin", "gate": "gate"}
    weather = allowed("weather", where, WEATHER, ("at", "ts"), window)
    assert given_by(got, weather), f"weather: {label} may get {weather}, got {got}"
    at_base = []
    for plane in planes:  # an excluded input column is looked up, too
        if given_by(got, [plane]):
            label["base"] = plane["base"]
            where = {"base": "origin", "gate": "gate"}
            at_base += allowed("weather", where, AT_BASE, ("before", "ts"), window)
    assert given_by(got, at_base), f"weather at base: {label} may get {at_base}, got {got}"
    days = allowed("days", {"origin": "origin"}, DAYS, ("day", "day"))
    assert given_by(got, days), f"days: {label} may get {days}, got {got}"


def given_by(got: Row, allowed: list[Row]) -> bool:
    """Return whether a row has one of the valid results in its columns."""
    return any(all(got[n] == one[n] for n in one if n in got) for one in allowed)


def counted(value: Any) -> Any:
    """Convert a time to nanoseconds, and a date to days; return other values unchanged."""
    if isinstance(value, datetime):
        return microseconds(value.replace(tzinfo=UTC) - START)
    return value.toordinal() if isinstance(value, date) else value


def microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1) * 1000
