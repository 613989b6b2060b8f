"""Feast's part of the comparison: run by the Python of ``.venv-bench``, where Feast is.

Makes the training set of ``benchmarks/point_in_time.py`` from the same rows, with Feast's DuckDB store.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
import time
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

os.environ["FEAST_USAGE"] = "False"  # 0.67 reports nothing; another version might

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

OFFLINE = "duckdb"  # the quickest of its offline stores on one machine


def store_in(folder: Path, parquet: Path, features: list[str]) -> FeatureStore:
    """Make a feature store with one feature view."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=str(folder / "registry.db"),
            online_store={"type": "sqlite", "path": str(folder / "online.db")},
            offline_store={"type": OFFLINE},
            entity_key_serialization_version=3,
        )
    )
    entity = Entity(name="entity", join_keys=["entity"], value_type=ValueType.INT64)
    view = FeatureView(
        name="features",
        entities=[entity],
        ttl=timedelta(days=0),  # however old a row is
        schema=[Field(name=name, dtype=Float64) for name in features],
        source=FileSource(path=str(parquet), timestamp_field="ts"),
    )
    store.apply([entity, view])
    return store


def main(folder: Path, number: str, features: list[str]) -> None:
    """Measure, and tell in JSON."""
    store = store_in(folder / f"feast_{number}", folder / "features.parquet", features)
    names = [f"features:{name}" for name in features]

    def make(rows=None):
        labels = pd.read_parquet(folder / "labels.parquet").head(rows or sys.maxsize)
        labels = labels.rename(columns={"ts": "event_timestamp"})
        return store.get_historical_features(entity_df=labels, features=names).to_df()

    make(10)  # whatever is imported or connected at first
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
