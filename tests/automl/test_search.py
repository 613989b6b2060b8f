"""When a search ends, and on how many rows it runs."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest

from lakelab import automl
from lakelab.automl import supervised
from lakelab.automl.dataset import COPIES, MEMORY_SHARE, read_dataset
from lakelab.automl.search import PATIENCE
from lakelab.automl.supervised import run_supervised

DRAW = np.random.default_rng(0)
ROWS = pd.DataFrame({"x": DRAW.normal(size=300), "c": list("abc") * 100})
ROWS["late"] = ROWS["x"] + DRAW.normal(size=300) > 0
QUICK = {
    "target_col": "late",
    "primary_metric": "roc_auc",
    "exclude_frameworks": ["lightgbm", "xgboost"],
}


def test_it_ends_early_when_the_score_no_longer_rises(capsys):
    summary = run_supervised("classify", ROWS, timeout_minutes=120, **QUICK)
    assert summary.is_early_stopped
    assert "ended early as the score no longer rose" in capsys.readouterr().out
    order = mlflow.search_runs(
        [summary.experiment.experiment_id],
        filter_string="metrics.val_roc_auc_score > 0",
        order_by=["attributes.start_time ASC"],
    )["metrics.val_roc_auc_score"]
    best_before = order.cummax()
    assert best_before.iloc[-1] - best_before.iloc[-PATIENCE - 1] < 1e-3


def test_ctrl_c_gives_the_summary_so_far(monkeypatch, capsys):
    record = supervised._Recorder.__call__
    told = []

    def interrupted(self, trial):
        record(self, trial)
        told.append(trial)
        if len(told) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(supervised._Recorder, "__call__", interrupted)
    summary = run_supervised("classify", ROWS, timeout_minutes=5, **QUICK)
    assert 3 <= len(summary.trials) <= 5
    assert not summary.is_early_stopped
    assert "interrupted" in capsys.readouterr().out
    assert summary.best_trial.load_model().predict(ROWS).shape == (300,)


def test_ctrl_c_before_the_first_trial_is_the_callers(monkeypatch):
    from lakelab.automl import search

    def interrupted(jobs):
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_supervised("classify", ROWS, timeout_minutes=5, **QUICK)


def test_a_time_too_short_for_one_trial_is_told():
    with pytest.raises(automl.AutoMLError, match="too short for one trial: the first took"):
        automl.classify(ROWS, timeout_minutes=1e-6, **QUICK)


def test_a_framework_that_fails_is_told_and_the_others_go_on(monkeypatch, capsys):
    from sklearn.linear_model import LogisticRegression

    def fails(self, *_, **__):
        raise ValueError("made to fail")

    monkeypatch.setattr(LogisticRegression, "fit", fails)
    summary = run_supervised("classify", ROWS, timeout_minutes=5, stop_after=6, **QUICK)
    assert len(summary.trials) >= 3
    assert (
        "could not train logistic_regression: ValueError: made to fail" in capsys.readouterr().out
    )


@pytest.mark.parametrize("kind", ["pandas", "spark"])
def test_no_more_rows_are_read_than_there_is_memory_for(kind, request):
    rows = pd.DataFrame({"x": np.arange(10_000.0), "late": np.arange(10_000) % 2})
    dataset = rows if kind == "pandas" else request.getfixturevalue("spark").createDataFrame(rows)
    half = 10_000 * 16 * COPIES / MEMORY_SHARE / 2
    read, left_out = read_dataset(dataset, free_bytes=int(half))
    assert len(read) == pytest.approx(5000, rel=0.05)
    assert read["late"].mean() == pytest.approx(0.5, abs=0.03)
    assert left_out.startswith("The dataset has 10,000 rows, and memory for ")
    assert read_dataset(dataset)[1] is None


def test_a_table_is_known_by_its_name(spark, schema):
    spark.createDataFrame(ROWS).write.saveAsTable("flights")
    summary = run_supervised("classify", f"{schema}.flights", stop_after=1, **QUICK)
    assert len(summary.trials) == 1


def test_features_are_looked_up_and_the_model_scores_keys(spark, schema):
    from lakelab.local.feature_engineering import FeatureEngineeringClient
    from lakelab.local.notebook.import_names import answer_official_names

    answer_official_names()
    fe = FeatureEngineeringClient()
    keyed = ROWS.assign(flight=range(300))
    fe.create_table(
        name=f"{schema}.features",
        primary_keys="flight",
        df=spark.createDataFrame(keyed[["flight", "x", "c"]]),
    )
    lookups = [{"table_name": f"{schema}.features", "lookup_key": "flight"}]
    summary = run_supervised(
        "classify",
        spark.createDataFrame(keyed[["flight", "late"]]),
        feature_store_lookups=lookups,
        exclude_cols=["flight"],
        stop_after=2,
        **QUICK,
    )
    scored = fe.score_batch(
        model_uri=summary.best_trial.model_path,
        df=spark.createDataFrame(keyed[["flight"]]),
        result_type="boolean",
    ).toPandas()
    expected = summary.best_trial.load_model().predict(keyed)
    assert scored.sort_values("flight")["prediction"].to_list() == expected.tolist()
