"""The preprocessing of columns by their semantic types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakelab.automl.preprocessing import build_preprocessor
from lakelab.automl.semantic_types import Column

ROWS = pd.DataFrame(
    {
        "distance": ["1400", None, "760", "300"] * 10,
        "carrier": ["UA", "B6", "UA", None] * 10,
        "day": pd.date_range("2013-01-01", periods=40),
    }
)
COLUMNS = [
    Column("distance", "numeric"),
    Column("carrier", "categorical"),
    Column("day", "datetime"),
    Column("constant", "unused"),
]


@pytest.mark.parametrize(("family", "width"), [("linear", 1 + 3 + 5), ("trees", 1 + 1 + 5)])
def test_linear_models_get_one_hot_categories_and_trees_ordinal_ones(family, width):
    matrix = build_preprocessor(COLUMNS, family, min_category_rows=2).fit_transform(ROWS)
    assert matrix.shape == (40, width)
    assert np.isfinite(matrix).all()


def test_an_imputer_of_the_caller_replaces_the_mean():
    imputers = {"distance": {"strategy": "constant", "fill_value": 5}}
    steps = build_preprocessor(COLUMNS[:1], "trees", imputers)
    assert steps.fit_transform(ROWS)[1, 0] == 5
