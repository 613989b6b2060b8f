"""The preprocessing steps of generated notebooks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from lakelab.automl.conversions import LabelledClassifier, to_categories, to_date_parts


def test_a_number_and_its_text_are_one_category():
    rows = pd.DataFrame({"a": [1, 2], "b": ["1", "2"], "c": [1.0, np.nan]})
    assert to_categories(rows).to_numpy().tolist() == [["1", "1", "1"], ["2", "2", None]]


def test_a_text_that_is_no_date_has_missing_parts():
    assert to_date_parts(pd.DataFrame({"day": ["soon"]})).isna().all(axis=None)


def test_a_labelled_classifier_learns_numbers_and_predicts_labels():
    x = np.array([[0.0], [1.0], [2.0]])
    model = LabelledClassifier(DecisionTreeClassifier()).fit(x, ["b", "a", "b"])
    assert model.estimator.classes_.tolist() == [0, 1]
    assert model.classes_.tolist() == ["a", "b"]
    assert model.predict(x).tolist() == ["b", "a", "b"]
    assert model.predict_proba(x).shape == (3, 2)
