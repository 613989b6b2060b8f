"""``score_batch`` of 100,000 rows with two lookups, compared with a join and ``predict`` in pandas."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.frame import REPEATS, Figure, measure
from benchmarks.local_databricks import local_databricks, open_delta

ROWS, PLANES, HOURS, AIRPORTS = 100_000, 4_000, 8_760, 3
MODEL, PLAIN = "main.f.late", "main.f.late_plain"
PLANE_FEATURES, WEATHER_FEATURES = ["seats", "year"], ["wind", "visibility", "pressure", "humid"]
INPUTS = ["distance", "hour", *PLANE_FEATURES, *WEATHER_FEATURES]


def figures(folder: Path) -> list[Figure]:
    """Measure, with tables and a model in a folder."""
    measure(make_model, folder)
    rounds = [(measure(by_score_batch, folder), measure(by_pandas, folder)) for _ in range(REPEATS)]
    if any(ours.result["sum"] != theirs.result["sum"] for ours, theirs in rounds):
        raise SystemExit("score_batch and pandas predict differently: nothing to compare.")
    mine, theirs = ([each.result["seconds"] for each in side] for side in zip(*rounds, strict=True))
    memory, pandas_memory = (
        max(each.memory_mb for each in side) for side in zip(*rounds, strict=True)
    )
    return [
        Figure(
            f"score_batch, {ROWS:,} rows, two lookups",
            median(a / b for a, b in zip(mine, theirs, strict=True)),
            "x",
            2,
            memory_mb=memory,
            note=f"{median(mine):.3g} s; read, join and predict in pandas, with the model from the same registry:  "
            f"{median(theirs):.3g} s, {pandas_memory:.0f} MB",
        )
    ]


# ---- the measured functions, each in its own process ---------------------------------------------------
def make_model(folder: str) -> None:
    """Create rows, a table of planes, one of hourly weather, and a model on both: the trees of the course."""
    import mlflow
    from sklearn.ensemble import HistGradientBoostingClassifier

    from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup

    numbers = np.random.default_rng(7)
    hours = pd.date_range("2024-01-01", periods=HOURS, freq="h")
    planes = {"tailnum": [f"N{n}" for n in range(PLANES)]}
    planes |= {name: numbers.random(PLANES) for name in PLANE_FEATURES}
    weather: dict[str, Any] = {
        "origin": np.repeat([f"A{n}" for n in range(AIRPORTS)], HOURS),
        "ts": np.tile(hours, AIRPORTS),
    }
    weather |= {name: numbers.random(HOURS * AIRPORTS) for name in WEATHER_FEATURES}
    rows = {
        "flight": np.arange(ROWS),
        "tailnum": [f"N{n}" for n in numbers.integers(0, PLANES, ROWS)],
        "origin": [f"A{n}" for n in numbers.integers(0, AIRPORTS, ROWS)],
        "at": hours[0] + pd.to_timedelta(numbers.integers(0, HOURS * 60, ROWS), unit="min"),
        "distance": numbers.random(ROWS),
        "hour": numbers.random(ROWS),
        "late": numbers.integers(0, 2, ROWS),
    }
    with local_databricks(Path(folder) / "home") as spark:
        spark.sql("CREATE SCHEMA main.f")
        fe = FeatureEngineeringClient()
        fe.create_table(
            name="main.f.planes",
            primary_keys="tailnum",
            df=spark.createDataFrame(pd.DataFrame(planes)),
        )
        fe.create_table(
            name="main.f.weather",
            primary_keys=["origin", "ts"],
            timeseries_column="ts",
            df=spark.createDataFrame(pd.DataFrame(weather)),
        )
        flights = spark.createDataFrame(pd.DataFrame(rows))
        flights.write.saveAsTable("main.f.flights")
        lookups = [
            FeatureLookup("main.f.planes", "tailnum", feature_names=PLANE_FEATURES),
            FeatureLookup(
                "main.f.weather",
                "origin",
                feature_names=WEATHER_FEATURES,
                timestamp_lookup_key="at",
            ),
        ]
        keys = ["flight", "tailnum", "origin", "at"]
        training_set = fe.create_training_set(
            df=flights, feature_lookups=lookups, label="late", exclude_columns=keys
        )
        frame = training_set.load_df().toPandas()
        model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=16, random_state=7)
        model.fit(frame[INPUTS], frame["late"])
        with mlflow.start_run():
            fe.log_model(
                model=model,
                artifact_path="model",
                flavor=mlflow.sklearn,
                training_set=training_set,
                registered_model_name=MODEL,
            )
            mlflow.sklearn.log_model(
                model,
                name="plain",
                registered_model_name=PLAIN,
                input_example=frame[INPUTS].head(3),
                serialization_format="cloudpickle",
                pip_requirements=[],
            )


def by_score_batch(folder: str) -> dict[str, float]:
    """Return the seconds of ``score_batch``, to pandas."""
    from lakelab.local.feature_engineering import FeatureEngineeringClient

    with local_databricks(Path(folder) / "home") as spark:
        fe = FeatureEngineeringClient()

        def score(rows: int) -> pd.DataFrame:
            df = spark.table("main.f.flights").drop("late").where(f"flight < {rows}")
            return fe.score_batch(model_uri=f"models:/{MODEL}/1", df=df).toPandas()

        return _timed(score)


def by_pandas(folder: str) -> dict[str, float]:
    """Return the seconds of the same steps in pandas: read the tables, join, load the model, predict."""
    import mlflow

    home = Path(folder) / "home"

    def read(table: str) -> pd.DataFrame:
        return pa.concat_tables(
            [pq.read_table(file) for file in open_delta(home, "f", table).file_uris()]
        ).to_pandas()

    def score(rows: int) -> pd.DataFrame:
        flights = read("flights").drop(columns="late")
        frame = flights[flights["flight"] < rows].merge(read("planes"), how="left", on="tailnum")
        frame = pd.merge_asof(
            frame.sort_values("at"),
            read("weather").sort_values("ts"),
            left_on="at",
            right_on="ts",
            by="origin",
        )
        model = mlflow.pyfunc.load_model(f"models:/{PLAIN}/1")
        return frame.assign(prediction=model.predict(frame[INPUTS]).astype("float64"))

    with local_databricks(Path(folder) / "home"):
        return _timed(score)


def _timed(score: Callable[[int], pd.DataFrame]) -> dict[str, float]:
    score(10)  # warm up: imports and connections
    start = time.perf_counter()
    frame = score(ROWS)
    seconds = time.perf_counter() - start
    if len(frame) != ROWS:
        sys.exit(f"{len(frame)} rows were scored instead of {ROWS}.")
    return {"seconds": seconds, "sum": float(frame["prediction"].sum())}
