"""The model of the course: gradient-boosted trees, the same in every lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# scikit-learn is imported at its first use: it takes a second, and half of the lessons train no model.

NOT_FEATURES = ["flight_id", "flight", "month", "sched_dep_ts", "prediction_ts", "late"]
"""Columns that a model must not see: ids, times and the label."""


def feature_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a model may see.

    Examples
    --------
    >>> feature_columns(pd.DataFrame({"flight_id": [1], "hour": [5], "late": [0]})).columns.tolist()
    ['hour']
    """
    return frame.drop(columns=NOT_FEATURES, errors="ignore")


def train(frame: pd.DataFrame, label: str = "late", seed: int = 0) -> Pipeline:
    """Train on all columns that a model may see.

    Strings become numbers by their alphabetical rank; unknown strings become -1. Missing numbers stay
    missing, as the trees support them. The tail number is left out, as it has thousands of values.

    Parameters
    ----------
    frame : pandas.DataFrame
        Features and label, one row for each flight.
    label : str
        The column to predict, 0 or 1.
    seed : int
        The same rows in any order and the same seed give the same model. A cluster returns the rows of a
        table in another order each time.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Its `predict` returns 0 or 1, and its `predict_proba` the probabilities of both.
    """
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    frame = _sort_by_content(frame)
    features = feature_columns(frame).drop(columns=[label, "tailnum"], errors="ignore")
    strings = make_column_selector(dtype_exclude="number")
    ranks = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        make_column_transformer(
            (ranks, strings), remainder="passthrough", verbose_feature_names_out=False
        ),
        HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=16, learning_rate=0.12, random_state=seed
        ),
    )
    return model.fit(features, frame[label])


def _sort_by_content(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows by their content: their order decides which rows the early stopping uses."""
    columns = frame[sorted(frame.columns)]
    order = pd.util.hash_pandas_object(columns, index=False).to_numpy().argsort(kind="stable")
    return frame.iloc[order]


def auc(model: Pipeline, frame: pd.DataFrame, label: str = "late") -> float:
    """Return the area under the ROC curve on a frame: 0.5 is guessing, 1 is always right."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(frame[label], model.predict_proba(frame)[:, 1]))
