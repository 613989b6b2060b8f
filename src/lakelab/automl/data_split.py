"""Split rows for training, validation and test, and balance the classes of the training part.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/classification-data-prep
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from lakelab.automl.errors import AutoMLError

TRAIN, VALIDATE, TEST = "train", "validate", "test"

MAX_CLASS_RATIO = 14
"""The largest number of rows of a class for each row of the rarest class; larger classes are sampled
down. The documentation's example keeps 70 of 95 rows beside 5 rows of the other class."""


def assign_parts(
    rows: pd.DataFrame,
    target_col: str,
    *,
    stratify: bool,
    time_col: str | None = None,
    split_col: str | None = None,
    seed: int = 0,
) -> tuple[pd.Series, str | None]:
    """Return the part of each row: 60 % train, 20 % validate, 20 % test.

    Parameters
    ----------
    rows : pandas.DataFrame
    target_col : str
    stratify : bool
        Whether each part has the same share of each class.
    time_col : str, optional
        Column that splits by time: the newest fifth is the test part, the fifth before it the validation
        part.
    split_col : str, optional
        Column with the values ``train``, ``validate`` and ``test``.
    seed : int

    Returns
    -------
    pandas.Series
        The part of each used row, as str.
    str or None
        The rows that were left out.

    Raises
    ------
    AutoMLError
        If both columns are given, the times have gaps, or a part is empty.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": range(10), "y": range(10)})
    >>> assign_parts(rows, "y", stratify=False, time_col="day")[0].value_counts().to_dict()
    {'train': 6, 'validate': 2, 'test': 2}
    """
    if time_col and split_col:
        raise AutoMLError("time_col and split_col are two ways to split: give one of them.")
    if split_col:
        return _parts_from_column(rows[split_col], split_col)
    if time_col:
        return _parts_by_time(rows[time_col], time_col), None
    classes = rows[target_col] if stratify else None
    train, rest = train_test_split(rows.index, train_size=0.6, random_state=seed, stratify=classes)
    classes = None if classes is None else classes.loc[rest]
    validate, _ = train_test_split(rest, train_size=0.5, random_state=seed, stratify=classes)
    parts = pd.Series(TEST, index=rows.index)
    parts[train], parts[validate] = TRAIN, VALIDATE
    return parts, None


def _parts_from_column(values: pd.Series, split_col: str) -> tuple[pd.Series, str | None]:
    usable = values.isin([TRAIN, VALIDATE, TEST])
    for part in (TRAIN, VALIDATE, TEST):
        if not (values == part).any():
            raise AutoMLError(
                f"split_col={split_col!r} has no row that says {part!r}: expected all of "
                f"{TRAIN!r}, {VALIDATE!r} and {TEST!r}. It says: "
                f"{', '.join(sorted(map(str, values.dropna().unique()))[:5])}."
            )
    left_out = int((~usable).sum())
    note = (
        f"{left_out:,} rows are left out: their {split_col} is no part's name."
        if left_out
        else None
    )
    return values[usable].astype(str), note


def _parts_by_time(times: pd.Series, time_col: str) -> pd.Series:
    if times.isna().any():
        raise AutoMLError(
            f"time_col={time_col!r} is missing in {int(times.isna().sum()):,} rows: leave them out, as "
            f"they belong to no part."
        )
    order = times.sort_values(kind="stable").index
    first, second = round(len(order) * 0.6), round(len(order) * 0.8)
    parts = pd.Series(TEST, index=times.index)
    parts[order[:first]], parts[order[first:second]] = TRAIN, VALIDATE
    return parts


def balance_classes(target: pd.Series, seed: int = 0) -> tuple[pd.Index, pd.Series | None]:
    """Sample the frequent classes of the training part down, and raise the weights of their rows.

    Parameters
    ----------
    target : pandas.Series
        The classes of the training part.
    seed : int

    Returns
    -------
    pandas.Index
        The rows that are kept.
    pandas.Series or None
        A weight for each kept row; None if no class is sampled down.

    Examples
    --------
    >>> kept, weights = balance_classes(pd.Series(["on time"] * 95 + ["late"] * 5))
    >>> len(kept), weights.round(3).unique().tolist()
    (75, [1.357, 1.0])
    """
    counts = target.value_counts()
    limit = int(counts.min()) * MAX_CLASS_RATIO
    if counts.max() <= limit:
        return target.index, None
    generator = np.random.default_rng(seed)
    kept = [
        rows.index
        if len(rows) <= limit
        else rows.index[np.sort(generator.permutation(len(rows))[:limit])]
        for _, rows in target.groupby(target, sort=False)
    ]
    index = target.index[target.index.isin(np.concatenate(kept))]
    weights = target.loc[index].map(counts / counts.clip(upper=limit)).astype(float)
    return index, weights
