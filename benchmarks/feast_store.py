"""A Feast feature store with one feature view; imported with the Python of ``.venv-bench``."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

os.environ["FEAST_USAGE"] = "False"  # 0.67 sends no usage reports; another version might

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

OFFLINE = "duckdb"  # the fastest of its offline stores on one machine
NO_LIMIT = timedelta(days=0)


def store_in(folder: Path, parquet: Path, view: str, features: list[str]) -> FeatureStore:
    """Create a feature store in an empty folder.

    Parameters
    ----------
    folder : Path
    parquet : Path
        The rows: `entity`, `ts`, and the features.
    view : str
        The name of the feature view.
    features : list of str
        Columns of numbers.
    """
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
    rows = FeatureView(
        name=view,
        entities=[entity],
        ttl=NO_LIMIT,
        schema=[Field(name=name, dtype=Float64) for name in features],
        source=FileSource(path=str(parquet), timestamp_field="ts"),
    )
    store.apply([entity, rows])
    return store
