"""Preprocessing steps that scikit-learn lacks, for generated notebooks and logged models.

A generated notebook contains the source of these definitions, and a logged model is pickled with them
by value: neither needs lakelab.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder


def to_numbers(columns):
    """Read columns as numbers, where they are stored as text or as booleans.

    Parameters
    ----------
    columns : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        float64; NaN where a string is no number.

    Examples
    --------
    >>> to_numbers(pd.DataFrame({"a": ["1.5", "-", None]}))["a"].to_list()
    [1.5, nan, nan]
    """
    return columns.apply(pd.to_numeric, errors="coerce").astype("float64")


def to_categories(columns):
    """Read columns as text, so that 1 and "1" are one category.

    Parameters
    ----------
    columns : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        object; None where a value is missing.

    Examples
    --------
    >>> to_categories(pd.DataFrame({"a": ["EWR", None], "b": [1.0, 2.0]})).to_numpy().tolist()
    [['EWR', '1'], [None, '2']]
    """

    def read(column):
        if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        return column.astype(object).map(str, na_action="ignore").where(column.notna(), None)

    return columns.apply(read).astype(object)


def to_date_parts(columns):
    """Take dates apart into what a model can use.

    Parameters
    ----------
    columns : pandas.DataFrame
        Dates, timestamps, or strings with dates.

    Returns
    -------
    pandas.DataFrame
        float64; for each column the days since the epoch, month, day, weekday (Monday is 0) and hour.

    Examples
    --------
    >>> to_date_parts(pd.DataFrame({"at": ["2013-03-01 06:30:00"]})).to_numpy().tolist()
    [[15765.2..., 3.0, 1.0, 4.0, 6.0]]
    """
    parts = {}
    for name in columns:
        at = pd.to_datetime(columns[name], errors="coerce", utc=True)
        parts[f"{name}_epoch_days"] = (at - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
        parts[f"{name}_month"] = at.dt.month
        parts[f"{name}_day"] = at.dt.day
        parts[f"{name}_weekday"] = at.dt.weekday
        parts[f"{name}_hour"] = at.dt.hour
    return pd.DataFrame(parts, index=columns.index).astype("float64")


def to_text(column):
    """Read a column as text, with nothing in the place of missing values.

    Parameters
    ----------
    column : pandas.Series

    Returns
    -------
    pandas.Series
        str

    Examples
    --------
    >>> to_text(pd.Series(["late again", None])).to_list()
    ['late again', '']
    """
    return column.fillna("").astype(str)


class LabelledClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that takes labels of any kind, around one that takes 0, 1, 2 and so on.

    Parameters
    ----------
    estimator : classifier
        Such as ``XGBClassifier``.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> model = LabelledClassifier(DecisionTreeClassifier()).fit(np.array([[0.0], [1.0]]), ["a", "b"])
    >>> model.predict(np.array([[1.0]])).tolist()
    ['b']
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, x, y, sample_weight=None):
        """Learn the labels, and fit the estimator on their numbers."""
        self.learn_labels(y)
        self.estimator.fit(x, self.labels_.transform(y), sample_weight=sample_weight)
        return self

    def learn_labels(self, y):
        """Learn which labels there are."""
        self.labels_ = LabelEncoder().fit(y)
        self.classes_ = self.labels_.classes_
        return self

    def predict(self, x):
        """Predict labels."""
        return self.labels_.inverse_transform(np.asarray(self.estimator.predict(x), dtype=int))

    def predict_proba(self, x):
        """Predict the probability of each of ``classes_``."""
        return self.estimator.predict_proba(x)
