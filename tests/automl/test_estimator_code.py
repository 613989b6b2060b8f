"""Generated code builds the same estimator again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from lakelab.automl import conversions
from lakelab.automl.estimator_code import constructor_code, definition_code, import_code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("it's late", '"it\'s late"'),
        ('a "late" one', "'a \"late\" one'"),
        ('it\'s "late"', repr('it\'s "late"')),
        (float("nan"), 'float("nan")'),
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (None, "None"),
        (True, "True"),
        ((), "()"),
        (("a",), '("a",)'),
        ((1, "a"), '(1, "a")'),
        ([], "[]"),
        (["a", 1], '["a", 1]'),
        ({}, "{}"),
        (conversions.to_text, "to_text"),
    ],
)
def test_the_code_of_a_value(value, code):
    assert constructor_code(value) == code


def test_a_dict_has_an_entry_on_each_line():
    assert constructor_code({"a": 1, "b": [2]}) == '{\n    "a": 1,\n    "b": [2],\n}'


def test_the_code_builds_the_same_pipeline():
    steps = ColumnTransformer(
        [
            ("numeric", SimpleImputer(strategy="median"), ["distance"]),
            ("text", FunctionTransformer(conversions.to_text), "remark"),
            ("categorical", Pipeline([("encode", OneHotEncoder(min_frequency=20))]), ["carrier"]),
        ],
        sparse_threshold=0,
    )
    model = Pipeline([("preprocess", steps), ("estimator", LogisticRegression(C=0.1))])
    names: dict[str, object] = {}
    imported, defined = definition_code([model])
    exec(f"{imported}\n{import_code([model])}\n{defined}", names)
    built = eval(constructor_code(model), names)
    assert constructor_code(built) == constructor_code(model)
    assert built.named_steps["preprocess"].sparse_threshold == 0
    assert built.named_steps["estimator"].C == 0.1
