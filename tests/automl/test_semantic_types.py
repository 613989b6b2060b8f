"""The detection of semantic types."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from lakelab.automl.semantic_types import detect_semantic_types

N = 200
NUMBERS = np.arange(N)


@pytest.mark.parametrize(
    ("name", "values", "kind", "converted", "warning"),
    [
        ("miles", NUMBERS * 1.5, "numeric", False, None),
        ("late", NUMBERS % 2 == 0, "numeric", False, None),
        ("miles", (NUMBERS * 1.5).astype(str), "numeric", True, "numbers as text"),
        (
            "miles",
            np.where(NUMBERS % 9 == 0, "n/a", (NUMBERS % 40).astype(str)),
            "numeric",
            True,
            "as text",
        ),
        ("day", pd.date_range("2013-01-01", periods=N), "datetime", False, None),
        ("day", [datetime.date(2013, 1, 1 + n % 28) for n in NUMBERS], "datetime", False, None),
        (
            "day",
            [f"2013-0{1 + n % 9}-{1 + n % 28:02d}" for n in NUMBERS],
            "datetime",
            True,
            "dates as text",
        ),
        ("carrier", [("UA", "B6", "AA")[n % 3] for n in NUMBERS], "categorical", False, None),
        ("tailnum", [f"N{n % 120}UA" for n in NUMBERS], "categorical", False, "120 categories"),
        ("tailnum", [f"N{n}UA" for n in NUMBERS], "unused", False, "like an id"),
        ("plane_id", NUMBERS, "unused", False, "numbers each row"),
        ("plane_id", NUMBERS % 50, "categorical", True, "looks like an id"),
        (
            "remark",
            [f"held at the gate for {n} minutes" for n in NUMBERS],
            "text",
            True,
            "free text",
        ),
        ("year", np.full(N, 2013), "unused", False, "is constant (2013)"),
        ("gate", np.full(N, None), "unused", False, "no value at all"),
        ("path", [[n, n] for n in NUMBERS], "unused", False, "nested"),
    ],
)
def test_the_values_decide_the_semantic_type(name, values, kind, converted, warning):
    (column,) = detect_semantic_types(pd.DataFrame({name: pd.Series(values)}))
    assert (column.kind, column.converted) == (kind, converted)
    assert (warning or "") in (column.warning or "") if warning else column.warning is None


def test_a_column_with_an_imputer_keeps_its_stored_type():
    rows = pd.DataFrame({"miles": (NUMBERS % 40).astype(str), "plane_id": NUMBERS % 50})
    kinds = [column.kind for column in detect_semantic_types(rows, as_stored={"miles", "plane_id"})]
    assert kinds == ["categorical", "numeric"]


def test_a_constant_with_missing_values_is_categorical():
    (column,) = detect_semantic_types(pd.DataFrame({"gate": ["A1", None] * 50}))
    assert column.kind == "categorical"
