"""The online store: the times to publish tables and to look up rows, also compared with Feast."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.frame import (
    FEAST,
    REPEATS,
    Figure,
    Measurement,
    measure,
    median_call_ms,
    median_seconds,
    run,
)
from benchmarks.local_databricks import create_table
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.online_store import OnlineStores, OnlineTable, Published
from lakelab.local.system.home import Home
from tests.local.online_store.postgresql import postgresql, programs

ROWS = 1_000_000
ENTITIES, HOURS = 50_000, 100
FEATURES = [f"f{number}" for number in range(4)]
LOOKUPS = 10_000
NO_POSTGRESQL = "not measured: PostgreSQL is not installed (apt install postgresql)"


def figures(folder: Path) -> list[Figure]:
    """Measure all, with tables in a folder."""
    measure(make_tables, folder)
    found = [*_alone("SQLite", folder, "", 0.05)]
    if programs() is None:
        found += [
            Figure("publish 1,000,000 rows, PostgreSQL", None, "s", 10, note=NO_POSTGRESQL),
            Figure("look up one key, p50, PostgreSQL", None, "ms", 0.3, note=NO_POSTGRESQL),
        ]
    else:
        with postgresql() as server:
            found += _alone("PostgreSQL", folder, server.url, 0.3)
    return [*found, *_beside_feast(folder)]


def _alone(database: str, folder: Path, url: str, bar_ms: float) -> list[Figure]:
    publish, lookup = measure(publish_rows, folder, url), measure(look_up, folder, url)
    return [
        Figure(
            f"publish 1,000,000 rows, {database}",
            publish.result,
            "s",
            10,
            memory_mb=publish.memory_mb,
        ),
        Figure(
            f"look up one key of 1,000,000, p50, {database}",
            lookup.result,
            "ms",
            bar_ms,
            memory_mb=lookup.memory_mb,
        ),
    ]


def _beside_feast(folder: Path) -> list[Figure]:
    """Measure both alternately, so that other load on the machine affects both."""
    program = [str(FEAST), str(Path(__file__).parent / "feast_online_store.py")]
    rounds: list[tuple[Measurement, Measurement]] = []
    for number in range(REPEATS):
        ours = measure(publish_and_look_up_entities, folder, number)
        feast = run([*program, str(folder), str(number)])
        if ours.result["rows"] != feast.result["rows"]:
            raise SystemExit("lakelab and Feast published different rows: nothing to compare.")
        rounds.append((ours, feast))
    return [
        _beside(
            "look up one key of 50,000, SQLite", "look_up_ms", "ms", rounds, _store_alone(rounds)
        ),
        _beside("publish 50,000 entities of 5,000,000 rows", "publish_s", "s", rounds),
    ]


def _store_alone(rounds: list[tuple[Measurement, Measurement]]) -> str:
    """Return the time of Feast's store without its public call; the bar compares with the public call."""
    alone = median(feast.result["look_up_in_the_store_ms"] for _, feast in rounds)
    return f", its store alone {alone:.3g} ms"


def _beside(
    label: str,
    key: str,
    unit: str,
    rounds: list[tuple[Measurement, Measurement]],
    further: str = "",
) -> Figure:
    """Return how many times as fast as Feast lakelab is: the median of the rounds."""
    mine, theirs = ([each.result[key] for each in side] for side in zip(*rounds, strict=False))
    memory, feast_memory = (
        max(each.memory_mb for each in side) for side in zip(*rounds, strict=False)
    )
    note = (
        f"{median(mine):.3g} {unit}; Feast {rounds[0][1].result['version']}: "
        f"{median(theirs):.3g} {unit}{further}, {feast_memory:.0f} MB"
    )
    times = median(feast / ours for ours, feast in zip(mine, theirs, strict=True))
    return Figure(label, times, "x", 5, at_least=True, memory_mb=memory, note=note)


# ---- the measured functions, each in its own process ---------------------------------------------------
def make_tables(folder: str) -> None:
    """Write the feature tables ``main.f.rows`` and ``main.f.hourly``, and the latter for Feast."""
    unity = _unity(folder)
    unity.create_catalog("main")
    unity.create_schema("main", "f")
    random_numbers = np.random.default_rng(7)
    rows = {
        "id": pa.array(random_numbers.permutation(ROWS)),
        "wind": random_numbers.random(ROWS),
        "delay": random_numbers.random(ROWS),
        "flights": random_numbers.integers(0, 100, ROWS),
        "airport": pa.array([f"A{number % 97}" for number in range(ROWS)]),
    }
    _create(unity, "rows", pa.table(rows), ["id"])

    count = ENTITIES * HOURS
    start = np.datetime64("2024-09-01", "us")
    hours = {
        "entity": pa.array(np.tile(np.arange(ENTITIES), HOURS)),
        "ts": pa.array(start + np.repeat(np.arange(HOURS), ENTITIES) * np.timedelta64(1, "h")).cast(
            pa.timestamp("us", "UTC")
        ),
        **{name: random_numbers.random(count) for name in FEATURES},
    }
    hourly = pa.table(hours)
    pq.write_table(hourly, Path(folder) / "hourly.parquet")
    _create(unity, "hourly", hourly, ["entity", "ts"], "ts")


def publish_rows(folder: str, url: str) -> float:
    """Return the seconds of a first publish of a million rows."""
    return median_seconds(lambda repeat: _publish(folder, url, "rows", f"publish_{repeat}", ROWS))


def look_up(folder: str, url: str) -> float:
    """Return the median milliseconds of a lookup by one key."""
    online = _published(folder, url, "rows", "look_up", ROWS)
    return median_call_ms(online.lookup, random.Random(7).sample(range(ROWS), LOOKUPS))


def publish_and_look_up_entities(folder: str, number: int) -> dict[str, Any]:
    """Return the times of both for the table that Feast publishes, too."""
    start = time.perf_counter()
    stores = _publish(folder, "", "hourly", f"hourly_{number}", ENTITIES)
    publish = time.perf_counter() - start
    online = stores.table(f"main.f.hourly_{number}")
    keys = random.Random(7).sample(range(ENTITIES), LOOKUPS)
    look_up_ms = median_call_ms(online.lookup, keys)
    return {
        "publish_s": publish,
        "rows": [
            {name: row[name] for name in FEATURES}
            for row in online.lookup_many(range(0, ENTITIES, ENTITIES // 20))
            if row is not None
        ],
        "look_up_ms": look_up_ms,
    }


def _published(folder: str, url: str, table: str, name: str, rows: int) -> OnlineTable:
    return _publish(folder, url, table, name, rows).table(f"main.f.{name}")


def _publish(folder: str, url: str, table: str, name: str, rows: int) -> OnlineStores:
    """Publish to a new SQLite, or to a new table in PostgreSQL."""
    stores = OnlineStores(Home(Path(folder) / name), _unity(folder), url)
    stores.create(name, "CU_1")
    published: Published = stores.publish(f"main.f.{table}", f"main.f.{name}", name)
    if (published.kind, published.written) != ("full", rows):
        sys.exit(f"Not a full publish of {rows} rows: {published}")
    return stores


def _unity(folder: str) -> UnityCatalog:
    return UnityCatalog(Path(folder) / "warehouse")


def _create(
    unity: UnityCatalog, table: str, data: pa.Table, keys: list[str], time: str | None = None
) -> None:
    create_table(unity, "f", table, data, keys, time)
    feed = {"delta.enableChangeDataFeed": "true"}
    unity.table(TableName("main", "f", table)).set_properties(feed)
