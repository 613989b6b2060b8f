"""Feast's part of the point-in-time benchmark: runs with the Python of ``.venv-bench``, which has Feast.

Creates the training set of ``benchmarks/point_in_time.py`` from the same rows, with Feast's DuckDB store.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from feast_store import store_in


def main(folder: Path, number: str, features: list[str]) -> None:
    """Measure, and print the result in JSON."""
    store = store_in(folder / f"feast_{number}", folder / "features.parquet", "features", features)
    names = [f"features:{name}" for name in features]

    def make(rows=None):
        labels = pd.read_parquet(folder / "labels.parquet").head(rows or sys.maxsize)
        labels = labels.rename(columns={"ts": "event_timestamp"})
        return store.get_historical_features(entity_df=labels, features=names).to_df()

    make(10)  # warm up: imports and connections
    start = time.perf_counter()
    frame = make()
    seconds = time.perf_counter() - start
    values = frame.sort_values("label_id")[features].to_numpy("float64", na_value=float("nan"))
    result = {
        "version": version("feast"),
        "seconds": seconds,
        "digest": hashlib.sha256(values.tobytes()).hexdigest(),
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"result": result, "memory_mb": memory}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
