"""The online store: how fast tables are published and rows looked up, also beside Feast."""

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
    Measured,
    half_of_the_calls_ms,
    measured,
    run,
    seconds,
)
from benchmarks.place import create_table
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
    measured(make_tables, folder)
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
    publish, lookup = measured(publish_rows, folder, url), measured(look_up, folder, url)
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
    """Measure both in turns: whatever else the machine does then weighs on both."""
    program = [str(FEAST), str(Path(__file__).parent / "feast_online_store.py")]
    rounds: list[tuple[Measured, Measured]] = []
    for number in range(REPEATS):
        ours = measured(publish_and_look_up_entities, folder, number)
        feast = run([*program, str(folder), str(number)])
        if ours.result["rows"] != feast.result["rows"]:
            raise SystemExit("lakelab and Feast put different rows online: nothing to compare.")
        rounds.append((ours, feast))
    return [
        _beside(
            "look up one key of 50,000, SQLite", "look_up_ms", "ms", rounds, _store_alone(rounds)
        ),
        _beside("publish 50,000 entities of 5,000,000 rows", "publish_s", "s", rounds),
    ]


def _store_alone(rounds: list[tuple[Measured, Measured]]) -> str:
    """Tell what a call below Feast's public one takes; the bar is held against the public one."""
    alone = median(feast.result["look_up_in_the_store_ms"] for _, feast in rounds)
    return f", its store alone {alone:.3g} ms"


def _beside(
    what: str,
    key: str,
    unit: str,
    rounds: list[tuple[Measured, Measured]],
    further: str = "",
) -> Figure:
    """Say how many times as fast as Feast lakelab is: the median of the rounds."""
    mine, theirs = (
        [measured.result[key] for measured in side] for side in zip(*rounds, strict=False)
    )
    memory, feast_memory = (
        max(each.memory_mb for each in side) for side in zip(*rounds, strict=False)
    )
    note = (
        f"{median(mine):.3g} {unit}; Feast {rounds[0][1].result['version']}: "
        f"{median(theirs):.3g} {unit}{further}, {feast_memory:.0f} MB"
    )
    times = median(feast / ours for ours, feast in zip(mine, theirs, strict=True))
    return Figure(what, times, "x", 5, at_least=True, memory_mb=memory, note=note)


# ---- what is measured, each in its own process ---------------------------------------------------------
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
    """Give the seconds of a first publish of a million rows."""
    return seconds(lambda repeat: _publish(folder, url, "rows", f"publish_{repeat}", ROWS))


def look_up(folder: str, url: str) -> float:
    """Give the milliseconds of half of the lookups by one key."""
    online = _published(folder, url, "rows", "look_up", ROWS)
    return half_of_the_calls_ms(online.lookup, random.Random(7).sample(range(ROWS), LOOKUPS))


def publish_and_look_up_entities(folder: str, number: int) -> dict[str, Any]:
    """Give both for the table that Feast is given, too."""
    start = time.perf_counter()
    stores = _publish(folder, "", "hourly", f"hourly_{number}", ENTITIES)
    publish = time.perf_counter() - start
    online = stores.table(f"main.f.hourly_{number}")
    keys = random.Random(7).sample(range(ENTITIES), LOOKUPS)
    look_up_ms = half_of_the_calls_ms(online.lookup, keys)
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
        sys.exit(f"Not what was to be measured: {published}")
    return stores


def _unity(folder: str) -> UnityCatalog:
    return UnityCatalog(Path(folder) / "warehouse")


def _create(
    unity: UnityCatalog, table: str, data: pa.Table, keys: list[str], time: str | None = None
) -> None:
    create_table(unity, "f", table, data, keys, time)
    feed = {"delta.enableChangeDataFeed": "true"}
    unity.table(TableName("main", "f", table)).set_properties(feed)
