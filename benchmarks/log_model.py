"""``fe.log_model``, compared with ``mlflow.sklearn.log_model`` with explicit requirements on the same store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.frame import REPEATS, Figure, measure, median_seconds
from benchmarks.local_databricks import local_databricks

REQUIREMENTS = ["scikit-learn", "cloudpickle", "numpy", "pandas"]


def figures(folder: Path) -> list[Figure]:
    """Measure both alternately, each with registration and without, with a store in a folder."""
    rounds = [measure(log_models, folder / str(number)) for number in range(REPEATS)]
    memory = max(each.memory_mb for each in rounds)
    found = []
    for how in ("with registration", "without registration"):
        pairs = [(each.result[f"lakelab {how}"], each.result[f"mlflow {how}"]) for each in rounds]
        ours, theirs = (median(side) for side in zip(*pairs, strict=True))
        found.append(
            Figure(
                f"fe.log_model {how}, after the first",
                median(a / b for a, b in pairs),
                "x",
                3,
                memory_mb=memory,
                note=f"{ours:.3g} s; mlflow.sklearn.log_model {how} {theirs:.3g} s",
            )
        )
    return found


def log_models(home: str) -> dict[str, float]:
    """Return the seconds of both, after a first call of each."""
    import mlflow
    from sklearn.linear_model import LogisticRegression

    from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup

    numbers = np.random.default_rng(7)
    planes = pd.DataFrame(
        {"tailnum": [f"N{n}" for n in range(1000)], "seats": numbers.random(1000)}
    )
    flights = pd.DataFrame(
        {
            "tailnum": numbers.choice(planes["tailnum"], 10_000),
            "distance": numbers.random(10_000),
            "late": numbers.integers(0, 2, 10_000),
        }
    )
    with local_databricks(Path(home)) as spark:
        spark.sql("CREATE SCHEMA main.f")
        fe = FeatureEngineeringClient()
        fe.create_table(
            name="main.f.planes", primary_keys="tailnum", df=spark.createDataFrame(planes)
        )
        training_set = fe.create_training_set(
            df=spark.createDataFrame(flights),
            feature_lookups=[FeatureLookup("main.f.planes", "tailnum", feature_names="seats")],
            label="late",
            exclude_columns=["tailnum"],
        )
        frame = training_set.load_df().toPandas()
        inputs = frame[["distance", "seats"]]
        model = LogisticRegression().fit(inputs, frame["late"])
        signature = mlflow.models.infer_signature(inputs, model.predict(inputs))

        def by_lakelab(name: str | None) -> None:
            with mlflow.start_run():
                fe.log_model(
                    model=model,
                    artifact_path="model",
                    flavor=mlflow.sklearn,
                    training_set=training_set,
                    registered_model_name=name,
                )

        def by_mlflow(name: str | None) -> None:
            with mlflow.start_run():
                mlflow.sklearn.log_model(
                    model,
                    name="model",
                    signature=signature,
                    pip_requirements=REQUIREMENTS,
                    serialization_format="cloudpickle",
                    registered_model_name=name,
                )

        return {
            "lakelab with registration": _after_the_first(by_lakelab, "main.f.by_lakelab"),
            "mlflow with registration": _after_the_first(by_mlflow, "main.f.by_mlflow"),
            "lakelab without registration": _after_the_first(by_lakelab, None),
            "mlflow without registration": _after_the_first(by_mlflow, None),
        }


def _after_the_first(log: Callable[[str | None], None], name: str | None) -> float:
    log(name)
    return median_seconds(lambda repeat: log(name))
