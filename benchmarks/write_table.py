"""``write_table``: a merge of 200,000 rows into 5,000,000, compared with delta-rs's own merge."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.frame import REPEATS, Figure, measure
from benchmarks.local_databricks import create_table, local_databricks, open_delta
from lakelab.local.catalog.store import UnityCatalog

ROWS, MERGED, FEATURES = 5_000_000, 200_000, 8


def figures(folder: Path) -> list[Figure]:
    """Measure, each time into a copy of the same table."""
    measure(make_tables, folder)
    rounds = []
    for number in range(REPEATS):
        mine, theirs = (_copy(folder, f"{who}_{number}") for who in ("lakelab", "delta_rs"))
        ours, delta_rs = measure(write_table, mine), measure(merge, theirs)
        if ours.result["rows"] != delta_rs.result["rows"]:
            raise SystemExit("write_table and delta-rs wrote different tables: nothing to compare.")
        rounds.append((ours, delta_rs))
        for copy in (mine, theirs):
            shutil.rmtree(copy)
    ours, theirs = ([each.result["seconds"] for each in side] for side in zip(*rounds, strict=True))
    memory = [max(each.memory_mb for each in side) for side in zip(*rounds, strict=True)]
    return [
        Figure(
            f"write_table, {MERGED:,} rows into {ROWS:,}",
            median(a / b for a, b in zip(ours, theirs, strict=True)),
            "x",
            1.5,
            memory_mb=memory[0],
            note=f"{median(ours):.3g} s; delta-rs merge {median(theirs):.3g} s, {memory[1]:.0f} MB",
        )
    ]


def _copy(folder: Path, name: str) -> Path:
    return Path(shutil.copytree(folder / "home", folder / name))


# ---- the measured functions, each in its own process ---------------------------------------------------
def make_tables(folder: str) -> None:
    """Write the feature table, and the rows to merge; half of these have new keys."""
    unity = UnityCatalog(Path(folder) / "home" / "warehouse")
    unity.create_catalog("main")
    unity.create_schema("main", "f")
    numbers = np.random.default_rng(7)
    old = numbers.choice(ROWS, MERGED // 2, replace=False)
    new = np.arange(ROWS, ROWS + MERGED // 2)
    create_table(unity, "f", "features", _rows(numbers, np.arange(ROWS)), ["id"], commits=10)
    create_table(unity, "f", "updates", _rows(numbers, np.concatenate([old, new])), ["id"])


def write_table(home: str) -> dict[str, Any]:
    """Return the seconds of ``write_table``."""
    from lakelab.local.feature_engineering import FeatureEngineeringClient

    with local_databricks(Path(home)) as spark:
        fe = FeatureEngineeringClient()
        df = spark.table("main.f.updates")
        df.limit(1).collect()
        start = time.perf_counter()
        fe.write_table(name="main.f.features", df=df)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows": _checksums(home)}


def merge(home: str) -> dict[str, Any]:
    """Return the seconds of delta-rs's merge of the same rows."""
    start = time.perf_counter()
    updates = open_delta(Path(home), "f", "updates").to_pyarrow_table()
    (
        open_delta(Path(home), "f", "features")
        .merge(updates, "t.id = s.id", source_alias="s", target_alias="t")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )
    return {"seconds": time.perf_counter() - start, "rows": _checksums(home)}


def _checksums(home: str) -> list[Any]:
    """Return sums over the rows of the table, which do not depend on the order of the rows."""
    files = open_delta(Path(home), "f", "features").to_pyarrow_dataset()
    rows = files.to_table(columns=["id", "f0"])
    if len(rows) != ROWS + MERGED // 2:
        sys.exit(f"The table has {len(rows)} rows after the merge.")
    ids, values = (rows.column(name).to_numpy() for name in ("id", "f0"))
    return [int(ids.sum()), int((values * 2**20).astype("int64") @ ids % 2**31)]


def _rows(numbers: np.random.Generator, ids: np.ndarray) -> pa.Table:
    features = {f"f{number}": numbers.random(len(ids)) for number in range(FEATURES)}
    return pa.table({"id": ids, **features})
