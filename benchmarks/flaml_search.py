"""flaml's part of the AutoML benchmark: runs with the Python of ``.venv-bench-automl``, which has flaml.

flaml gets the training and validation rows together, chooses its own split, and trains its best model again
on all of these rows. It uses both cores, and its whole time budget.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings

import pandas as pd
from flaml import AutoML
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score


def main(file: str, problem: str, metric: str, seconds: str) -> None:
    """Search, and print the metric of the best model on the part ``test``."""
    rows = pd.read_parquet(file)
    test = rows["part"] == "test"
    x, y = rows.drop(columns=["target", "part"]), rows["target"]
    automl = AutoML()
    automl.fit(
        X_train=x[~test],
        y_train=y[~test],
        task="classification" if problem == "classify" else "regression",
        metric=metric,
        time_budget=float(seconds),
        n_jobs=2,
        seed=0,
        verbose=0,
        early_stop=False,
    )
    if metric == "roc_auc":
        result = roc_auc_score(y[test], automl.predict_proba(x[test])[:, 1])
    else:
        score = accuracy_score if metric == "accuracy" else r2_score
        result = score(y[test], automl.predict(x[test]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"result": float(result), "memory_mb": peak}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
