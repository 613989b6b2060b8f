"""The datasets that AutoML reads: frames, tables, and feature tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakelab.automl.dataset import COPIES, MEMORY_SHARE, read_dataset
from lakelab.automl.supervised import run_supervised

DRAW = np.random.default_rng(0)
ROWS = pd.DataFrame({"x": DRAW.normal(size=300), "c": list("abc") * 100})
ROWS["late"] = ROWS["x"] + DRAW.normal(size=300) > 0
QUICK = {
    "target_col": "late",
    "primary_metric": "roc_auc",
    "exclude_frameworks": ["lightgbm", "xgboost"],
}


@pytest.mark.parametrize("kind", ["pandas", "spark"])
def test_a_sample_is_read_if_the_rows_do_not_fit_into_memory(kind, request):
    rows = pd.DataFrame({"x": np.arange(10_000.0), "late": np.arange(10_000) % 2})
    dataset = rows if kind == "pandas" else request.getfixturevalue("spark").createDataFrame(rows)
    half = 10_000 * 16 * COPIES / MEMORY_SHARE / 2
    read, left_out = read_dataset(dataset, free_bytes=int(half))
    assert len(read) == pytest.approx(5000, rel=0.05)
    assert read["late"].mean() == pytest.approx(0.5, abs=0.03)
    assert left_out.startswith("The dataset has 10,000 rows, and memory for ")
    assert read_dataset(dataset)[1] is None


def test_a_dataset_can_be_the_name_of_a_table(spark, schema):
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
