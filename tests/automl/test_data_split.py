"""Parts of rows, and sampled classes."""

from __future__ import annotations

import pandas as pd
import pytest

from lakelab.automl.data_split import MAX_CLASS_RATIO, assign_parts, balance_classes
from lakelab.automl.errors import AutoMLError

ROWS = pd.DataFrame({"late": [True, False, False, False, False] * 20, "day": range(100)})


def test_a_stratified_split_keeps_the_share_of_each_class():
    parts, note = assign_parts(ROWS, "late", stratify=True)
    assert parts.value_counts().to_dict() == {"train": 60, "validate": 20, "test": 20}
    assert ROWS["late"].groupby(parts).mean().tolist() == [0.2, 0.2, 0.2]
    assert note is None


def test_rows_without_a_part_are_left_out():
    rows = ROWS.assign(part=["train", "validate", "test", "other", None] * 20)
    parts, note = assign_parts(rows, "late", stratify=True, split_col="part")
    assert len(parts) == 60
    assert note == "40 rows are left out: their part is no part's name."


def test_a_missing_time_is_refused():
    with pytest.raises(AutoMLError, match="is missing in 1 rows"):
        assign_parts(ROWS.assign(day=[None, *range(99)]), "late", stratify=True, time_col="day")


def test_balanced_classes_stay_as_they_are():
    index, weights = balance_classes(ROWS["late"])
    assert index.equals(ROWS.index)
    assert weights is None


def test_weights_make_up_for_the_rows_that_are_left_out():
    target = pd.Series(["on time"] * 200 + ["late"] * 5)
    index, weights = balance_classes(target)
    counts = target.loc[index].value_counts()
    assert counts.to_dict() == {"on time": 5 * MAX_CLASS_RATIO, "late": 5}
    assert weights.groupby(target.loc[index]).sum().round(6).to_dict() == {
        "on time": 200,
        "late": 5,
    }
