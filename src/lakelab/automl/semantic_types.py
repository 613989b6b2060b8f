"""Detect the semantic types of the columns of a dataset, which may differ from the stored types.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/classification-data-prep
"""

from __future__ import annotations

import datetime
import decimal
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["numeric", "categorical", "datetime", "text", "unused"]

HIGH_CARDINALITY = 50
"""A column with more categories gets a warning: each category is a column of a one-hot encoding."""


@dataclass(frozen=True)
class Column:
    """A column with its semantic type.

    Attributes
    ----------
    name : str
    kind : {"numeric", "categorical", "datetime", "text", "unused"}
        The semantic type, which decides the preprocessing; ``unused`` columns are left out.
    converted : bool
        Whether the semantic type differs from the stored type.
    warning : str or None
        A note for the user, in one sentence.
    """

    name: str
    kind: Kind
    converted: bool = False
    warning: str | None = None


def detect_semantic_types(rows: pd.DataFrame, as_stored: Collection[str] = ()) -> list[Column]:
    """Detect the semantic type of each column.

    Parameters
    ----------
    rows : pandas.DataFrame
        The features.
    as_stored : collection of str
        Columns that keep their stored type, for example those with an imputer of their own.

    Returns
    -------
    list of Column

    Examples
    --------
    >>> rows = pd.DataFrame({"distance": ["1400", "760", "n/a"] * 50, "carrier": ["UA", "B6", "AA"] * 50})
    >>> [(column.name, column.kind, column.converted) for column in detect_semantic_types(rows)]
    [('distance', 'numeric', True), ('carrier', 'categorical', False)]
    """
    return [_detect_column(str(name), rows[name], name in as_stored) for name in rows]


def type_conversions(columns: list[Column]) -> dict[str, list[str]]:
    """Return the semantic types that differ from the stored types.

    Examples
    --------
    >>> type_conversions([Column("distance", "numeric", converted=True), Column("carrier", "categorical")])
    {'numeric': ['distance']}
    """
    converted: dict[str, list[str]] = {}
    for column in columns:
        if column.converted:
            converted.setdefault(column.kind, []).append(column.name)
    return converted


def _detect_column(name: str, values: pd.Series, as_stored: bool) -> Column:
    known = values.dropna()
    if known.empty:
        return Column(name, "unused", warning="has no value at all, and is left out")
    first = known.iloc[0]
    if isinstance(first, list | dict | set | tuple) or getattr(first, "ndim", 0) > 0:
        return Column(
            name, "unused", warning="holds nested values, which are not supported; left out"
        )
    distinct = known.nunique()
    if distinct == 1 and len(known) == len(values):
        return Column(name, "unused", warning=f"is constant ({first}), and is left out")
    if pd.api.types.is_bool_dtype(values) or isinstance(first, bool):
        return Column(name, "numeric")
    if pd.api.types.is_datetime64_any_dtype(values) or isinstance(first, datetime.date):
        return Column(name, "datetime")
    if pd.api.types.is_numeric_dtype(values) or isinstance(first, decimal.Decimal):
        return _detect_number_column(name, values, distinct, as_stored)
    return _detect_text_column(name, known.astype(str), len(values), distinct, as_stored)


def _detect_number_column(name: str, values: pd.Series, distinct: int, as_stored: bool) -> Column:
    is_integer = pd.api.types.is_integer_dtype(values)
    named_like_id = re.search(r"(^|_)(id|key|code|zip|uuid)$", name, re.IGNORECASE) is not None
    if as_stored or not is_integer:
        return Column(name, "numeric")
    if named_like_id and distinct == len(values):
        return Column(name, "unused", warning="numbers each row, and is left out")
    if named_like_id:
        return Column(
            name,
            "categorical",
            converted=True,
            warning=f"looks like an id: its {distinct:,} numbers are taken for categories",
        )
    return Column(name, "numeric")


def _detect_text_column(
    name: str, known: pd.Series, count: int, distinct: int, as_stored: bool
) -> Column:
    sample = known.drop_duplicates().head(1000)
    if not as_stored:
        if pd.to_numeric(sample, errors="coerce").notna().mean() >= 0.95 or (
            # numbers with one word for "missing", for example n/a
            pd.to_numeric(known.head(5000), errors="coerce").notna().mean() >= 0.95
            or _is_numbers_and_one_word(sample)
        ):
            return Column(
                name,
                "numeric",
                converted=True,
                warning="holds numbers as text, and is read as numbers",
            )
        if sample.str.contains(r"\d{4}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2}", regex=True).mean() > 0.9:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read = pd.to_datetime(sample, errors="coerce", utc=True)
            if read.notna().mean() >= 0.95:
                return Column(
                    name,
                    "datetime",
                    converted=True,
                    warning="holds dates as text, and is read as dates",
                )
    words = sample.map(lambda text: len(text.split())).mean()
    if words >= 4 and distinct > 0.2 * len(known):
        return Column(name, "text", converted=True, warning="is taken for free text")
    if distinct > 0.9 * len(known) and count >= 50:
        return Column(
            name,
            "unused",
            warning=f"has {distinct:,} values in {count:,} rows, like an id; left out",
        )
    if distinct > HIGH_CARDINALITY:
        return Column(
            name,
            "categorical",
            warning=f"has {distinct:,} categories: the rare ones are taken together",
        )
    return Column(name, "categorical")


def _is_numbers_and_one_word(sample: pd.Series) -> bool:
    words = sample[pd.to_numeric(sample, errors="coerce").isna()]
    return len(words) == 1 and len(sample) > 2
