"""AutoML: the quality of its models compared with those of flaml, in the same time on the same rows."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd

from benchmarks.frame import ROOT, Figure, measure, run

FLAML = ROOT / ".venv-bench-automl" / "bin" / "python"
SECONDS = 60
SAMPLES = 3
"""The AUC of one sample of 20,000 flights varies by 0.003: the benchmark compares means over samples."""

FOLDS = 3
SMALL = {
    "breast_cancer": ("classify", "roc_auc"),
    "digits": ("classify", "accuracy"),
    "diabetes": ("regress", "r2"),
}


def figures(folder: Path) -> list[Figure]:
    """Measure all, with the rows in a folder."""
    measure(make_flights, folder)
    found = []
    ours, theirs = [], []
    memory = 0.0
    for number in range(SAMPLES):
        rows = folder / f"flights-{number}.parquet"
        found_by_ours = measure(search, rows, "classify", "roc_auc", SECONDS)
        memory = max(memory, found_by_ours.memory_mb)
        ours.append(found_by_ours.result)
        theirs.append(_flaml(rows, "classify", "roc_auc", SECONDS))
    found.append(
        Figure(
            "AUC on Jul-Aug, 20,000 flights of Jan-Jun",
            mean(ours),
            "",
            mean(theirs) - 0.002,
            at_least=True,
            memory_mb=memory,
            note=f"flaml {mean(theirs):.4f}; samples {_each(ours)} and {_each(theirs)}",
        )
    )
    for name, (problem, metric) in SMALL.items():
        measure(make_small, folder, name)
        ours, theirs = [], []
        for fold in range(FOLDS):
            rows = folder / f"{name}-{fold}.parquet"
            ours.append(measure(search, rows, problem, metric, SECONDS // FOLDS).result)
            theirs.append(_flaml(rows, problem, metric, SECONDS // FOLDS))
        found.append(
            Figure(
                f"{metric} on {name}, {FOLDS} folds of {SECONDS // FOLDS} s",
                mean(ours),
                "",
                mean(theirs) - 0.002,
                at_least=True,
                note=f"flaml {mean(theirs):.4f}; folds {_each(ours)} and {_each(theirs)}",
            )
        )
    return found


def make_flights(folder: str) -> None:
    """Write samples of 20,000 flights of January to June, and all of July and August as the test."""
    from lakelab.flights import (
        airport_congestion,
        airport_weather,
        flight_labels,
        in_months,
        read_raw,
    )

    rows = in_months(flight_labels(read_raw("flights")), 1, 8).sort_values("prediction_ts")
    for table in (airport_weather(read_raw("weather")), airport_congestion(read_raw("flights"))):
        table["ts"] = table["ts"].astype("datetime64[us]")
        rows = pd.merge_asof(
            rows, table.sort_values("ts"), left_on="prediction_ts", right_on="ts", by="origin"
        ).drop(columns="ts")
    held_out = rows["month"] > 6
    rows = rows.drop(
        columns=["flight_id", "flight", "month", "sched_dep_ts", "prediction_ts"]
    ).rename(columns={"late": "target"})
    test = rows[held_out].assign(part="test")
    for number in range(SAMPLES):
        sample = rows[~held_out].sample(20_000, random_state=number)
        parts = np.where(
            np.random.default_rng(number).random(len(sample)) < 0.9, "train", "validate"
        )
        pd.concat([sample.assign(part=parts), test]).to_parquet(
            Path(folder) / f"flights-{number}.parquet", index=False
        )


def make_small(folder: str, name: str) -> None:
    """Write the folds of a data set of scikit-learn."""
    from sklearn import datasets
    from sklearn.model_selection import KFold

    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    rows = loaded.data.assign(target=loaded.target)
    for fold, (train, test) in enumerate(KFold(FOLDS, shuffle=True, random_state=0).split(rows)):
        parts = pd.Series("validate", index=rows.index)
        parts.iloc[test] = "test"
        parts.iloc[train[: int(len(train) * 0.8)]] = "train"
        rows.assign(part=parts).to_parquet(Path(folder) / f"{name}-{fold}.parquet", index=False)


def search(file: str, problem: str, metric: str, seconds: int) -> float:
    """Run an AutoML search, and return the metric of its best model on the part ``test``."""
    import mlflow

    from lakelab import automl
    from lakelab.automl.locations import set_record_locations
    from lakelab.automl.metrics import LOGGED_NAMES

    folder = Path(tempfile.mkdtemp(prefix="automl-"))
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(folder / "artifacts")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    set_record_locations("bench", folder)
    with contextlib.redirect_stdout(io.StringIO()):  # the last line printed is the result
        summary = getattr(automl, problem)(
            pd.read_parquet(file),
            target_col="target",
            primary_metric=metric,
            split_col="part",
            timeout_minutes=seconds / 60,
        )
    shutil.rmtree(folder, ignore_errors=True)
    return summary.best_trial.metrics[f"test_{LOGGED_NAMES[metric]}"]


def _flaml(rows: Path, problem: str, metric: str, seconds: int) -> float:
    script = ROOT / "benchmarks" / "flaml_search.py"
    return float(run([str(FLAML), str(script), str(rows), problem, metric, str(seconds)]).result)


def _each(values: list[float]) -> str:
    return " ".join(f"{value:.3f}" for value in values)
