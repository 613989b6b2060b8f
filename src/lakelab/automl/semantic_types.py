"""Tell what the columns of a dataset mean, whatever their stored types say.

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
"""More categories than this get a warning: each becomes a column of a one-hot encoding."""


@dataclass(frozen=True)
class Column:
    """What a column means.

    Attributes
    ----------
    name : str
    kind : {"numeric", "categorical", "datetime", "text", "unused"}
        How the column is prepared; ``unused`` ones are left out.
    converted : bool
        Whether the stored type says something else.
    warning : str or None
        What the learner should know, in one sentence.
    """

    name: str
    kind: Kind
    converted: bool = False
    warning: str | None = None


def detect(rows: pd.DataFrame, as_stored: Collection[str] = ()) -> list[Column]:
    """Tell what each column means.

    Parameters
    ----------
    rows : pandas.DataFrame
        The features.
    as_stored : collection of str
        Columns to take for what they are stored as, such as those with an imputer of their own.

    Returns
    -------
    list of Column

    Examples
    --------
    >>> rows = pd.DataFrame({"distance": ["1400", "760", "n/a"] * 50, "carrier": ["UA", "B6", "AA"] * 50})
    >>> [(column.name, column.kind, column.converted) for column in detect(rows)]
    [('distance', 'numeric', True), ('carrier', 'categorical', False)]
    """
    return [_detect_one(str(name), rows[name], name in as_stored) for name in rows]


def conversions(columns: list[Column]) -> dict[str, list[str]]:
    """Give the semantic types that differ from the stored ones.

    Examples
    --------
    >>> conversions([Column("distance", "numeric", converted=True), Column("carrier", "categorical")])
    {'numeric': ['distance']}
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        if column.converted:
            found.setdefault(column.kind, []).append(column.name)
    return found


def _detect_one(name: str, values: pd.Series, as_stored: bool) -> Column:
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
        return _detect_in_numbers(name, values, distinct, as_stored)
    return _detect_in_text(name, known.astype(str), len(values), distinct, as_stored)


def _detect_in_numbers(name: str, values: pd.Series, distinct: int, as_stored: bool) -> Column:
    whole = pd.api.types.is_integer_dtype(values)
    called_an_id = re.search(r"(^|_)(id|key|code|zip|uuid)$", name, re.IGNORECASE) is not None
    if as_stored or not whole:
        return Column(name, "numeric")
    if called_an_id and distinct == len(values):
        return Column(name, "unused", warning="numbers each row, and is left out")
    if called_an_id:
        return Column(
            name,
            "categorical",
            converted=True,
            warning=f"looks like an id: its {distinct:,} numbers are taken for categories",
        )
    return Column(name, "numeric")


def _detect_in_text(
    name: str, known: pd.Series, count: int, distinct: int, as_stored: bool
) -> Column:
    sample = known.drop_duplicates().head(1000)
    if not as_stored:
        if pd.to_numeric(sample, errors="coerce").notna().mean() >= 0.95 or (
            # a word for "missing" among numbers, such as n/a, is one of few values in many rows
            pd.to_numeric(known.head(5000), errors="coerce").notna().mean() >= 0.95
            or _numbers_and_one_word(sample)
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


def _numbers_and_one_word(sample: pd.Series) -> bool:
    words = sample[pd.to_numeric(sample, errors="coerce").isna()]
    return len(words) == 1 and len(sample) > 2
