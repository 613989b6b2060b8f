"""Training sets as of a point in time: 200,000 labels, 5,000,000 feature rows, to pandas.

Compared with DuckDB's own ASOF JOIN on the same Delta files, and with Feast on the same rows.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.frame import FEAST, REPEATS, Figure, Measurement, measure, run
from benchmarks.local_databricks import create_table, local_databricks, open_delta
from lakelab.local.catalog.store import UnityCatalog

LABELS, ROWS = 200_000, 5_000_000
SHAPES = {"wide": 50_000, "long": 1_000}
"""Name of the schema -> number of entities: many with short histories, or few with long ones."""
FEATURES = [f"f{number}" for number in range(8)]
COMMITS = 10
YEAR = np.timedelta64(365, "D").astype("timedelta64[us]").astype("int64")
FIRST = np.datetime64("2024-01-01", "us").astype("int64")
MEMORY_MB = 1200
FEAST_LIMIT_S = 40
"""Time limit of Feast: for few entities with long histories it joins each label with each row, which takes
minutes and more than 20 GB."""


def figures(folder: Path) -> list[Figure]:
    """Measure both shapes, with tables in a folder."""
    found = []
    for shape, bar in (("wide", 1.5), ("long", 2.0)):
        measure(make_tables, folder, shape)
        found += _shape(folder, shape, bar)
    return found


def _shape(folder: Path, shape: str, bar: float) -> list[Figure]:
    """Measure all alternately, so that other load on the machine affects each."""
    rounds: list[tuple[Measurement, Measurement, Measurement | None]] = []
    for number in range(REPEATS):
        ours = measure(training_set, folder, shape)
        duck = measure(asof_join, folder, shape)
        feast = _feast(folder / shape, number)
        others = [duck] if feast is None else [duck, feast]
        if any(other.result["digest"] != ours.result["digest"] for other in others):
            raise SystemExit(f"{shape}: the training sets differ, so do not compare them.")
        rounds.append((ours, duck, feast))
    entities = SHAPES[shape]
    memory = max(ours.memory_mb for ours, _, _ in rounds)
    mine, by_duckdb = (
        [each.result["seconds"] for each in side] for side in [*zip(*rounds, strict=True)][:2]
    )
    found = [
        Figure(
            f"training set, {LABELS:,} labels x {ROWS:,} rows ({entities:,} x {ROWS // entities:,})",
            median(a / b for a, b in zip(mine, by_duckdb, strict=True)),
            "x",
            bar,
            memory_mb=memory,
            note=f"{median(mine):.3g} s; DuckDB ASOF JOIN {median(by_duckdb):.3g} s, "
            f"{max(duck.memory_mb for _, duck, _ in rounds):.0f} MB",
        ),
        _times_as_fast_as_feast(mine, [feast for _, _, feast in rounds]),
    ]
    if shape == "wide":
        found.append(Figure("the same, peak memory", memory, "MB", MEMORY_MB))
    return found


def _feast(folder: Path, number: int) -> Measurement | None:
    """Measure Feast's training set; return None if it takes too long."""
    program = str(Path(__file__).parent / "feast_point_in_time.py")
    try:
        return run(
            [str(FEAST), program, str(folder), str(number), *FEATURES],
            folder,  # Feast's DuckDB spills to disk in the current folder
            limit_s=FEAST_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return None


def _times_as_fast_as_feast(mine: list[float], rounds: list[Measurement | None]) -> Figure:
    """Compare with Feast; if Feast was ended, with its time limit."""
    label = "the same, times as fast as Feast"
    done = [feast for feast in rounds if feast is not None]
    took = [FEAST_LIMIT_S if feast is None else feast.result["seconds"] for feast in rounds]
    seconds, name = f"{median(took):.3g} s", "Feast"
    if done:
        name = f"Feast {done[0].result['version']}"
        seconds += f", {max(feast.memory_mb for feast in done):.0f} MB"
    note = f"{name} (DuckDB store) {seconds}"
    if len(done) < len(rounds):
        note = f"{name} (DuckDB store) was ended after {FEAST_LIMIT_S} s: the figure is the least"
    ratio = median(b / a for a, b in zip(mine, took, strict=True))
    return Figure(label, ratio, "x", 2.5, at_least=True, note=note)


# ---- the measured functions, each in its own process ---------------------------------------------------
def make_tables(folder: str, shape: str) -> None:
    """Write the Delta tables ``main.<shape>.features`` and ``labels``, and both for Feast.

    5% of the labels have exactly the time of a row, 5% are before the first row of their entity, and 1% have
    an entity without rows. 2% of ``f0`` is null: the newest row counts, null or not.
    """
    unity = UnityCatalog(Path(folder) / shape / "home" / "warehouse")
    unity.create_catalog("main")
    unity.create_schema("main", shape)
    numbers, entities = np.random.default_rng(7), SHAPES[shape]
    each = ROWS // entities
    slot = YEAR // each  # one row of an entity in each slot: no two of its rows have the same time
    slots = np.repeat(np.arange(each), entities)
    entity = np.tile(np.arange(entities), each)
    ts = FIRST + YEAR // 30 + slots * slot + numbers.integers(0, slot, ROWS)
    features = {name: pa.array(numbers.standard_normal(ROWS)) for name in FEATURES}
    features["f0"] = pa.array(numbers.standard_normal(ROWS), mask=numbers.random(ROWS) < 0.02)
    rows = pa.table({"entity": entity, "ts": _times(ts), **features})

    label_entity = numbers.integers(0, entities, LABELS)
    label_ts = FIRST + YEAR // 30 + numbers.integers(0, YEAR, LABELS)
    kind = numbers.random(LABELS)
    ties = np.flatnonzero(kind < 0.05)
    chosen = numbers.integers(0, ROWS, len(ties))
    label_entity[ties], label_ts[ties] = entity[chosen], ts[chosen]
    label_ts[(kind >= 0.05) & (kind < 0.1)] -= 2 * YEAR
    label_entity[kind >= 0.99] += entities
    labels = pa.table(
        {
            "label_id": np.arange(LABELS),
            "entity": label_entity,
            "ts": _times(label_ts),
            "late": numbers.integers(0, 2, LABELS),
        }
    )
    create_table(unity, shape, "features", rows, ["entity", "ts"], "ts", COMMITS)
    create_table(unity, shape, "labels", labels, ["label_id"])
    pq.write_table(rows, Path(folder) / shape / "features.parquet")
    pq.write_table(labels, Path(folder) / shape / "labels.parquet")


def training_set(folder: str, shape: str) -> dict[str, Any]:
    """Return the seconds of ``create_training_set(...).load_df().toPandas()``."""
    from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup

    with local_databricks(Path(folder) / shape / "home") as spark:
        fe = FeatureEngineeringClient()
        lookup = FeatureLookup(
            f"main.{shape}.features", "entity", feature_names=FEATURES, timestamp_lookup_key="ts"
        )

        def make(where: str = "true") -> pd.DataFrame:
            labels = spark.table(f"main.{shape}.labels").where(where)
            return (
                fe.create_training_set(df=labels, feature_lookups=[lookup], label="late")
                .load_df()
                .toPandas()
            )

        make("label_id < 10")  # warm up: imports and connections
        return _timed(make)


def asof_join(folder: str, shape: str) -> dict[str, Any]:
    """Return the seconds of the same join in DuckDB's SQL."""
    home = Path(folder) / shape / "home"
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")

    def make(where: str = "true") -> pd.DataFrame:
        names = ("features", "labels")
        rows, labels = (open_delta(home, shape, name).file_uris() for name in names)
        return connection.sql(
            f"SELECT l.*, f.* EXCLUDE (entity, ts) "
            f"FROM (SELECT * FROM read_parquet({labels!r}) WHERE {where}) l "
            f"ASOF LEFT JOIN read_parquet({rows!r}) f ON l.entity = f.entity AND l.ts >= f.ts"
        ).df()

    make("label_id < 10")
    return _timed(make)


def digest(frame: Any, features: list[str]) -> str:
    """Return a hash of the values of a training set, independent of the order of its rows."""
    values = frame.sort_values("label_id")[features].to_numpy(
        dtype="float64", na_value=float("nan")
    )
    return hashlib.sha256(values.tobytes()).hexdigest()


def _timed(make: Callable[[], pd.DataFrame]) -> dict[str, Any]:
    start = time.perf_counter()
    frame = make()
    seconds = time.perf_counter() - start
    if len(frame) != LABELS:
        sys.exit(f"The training set has {len(frame)} rows for {LABELS} labels.")
    return {"seconds": seconds, "digest": digest(frame, FEATURES)}


def _times(microseconds: np.ndarray) -> pa.Array:
    return pa.array(microseconds.astype("int64")).cast(pa.timestamp("us", "UTC"))
