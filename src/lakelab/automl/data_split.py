"""Split rows for training, validation and test, and balance the classes of the training part.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/classification-data-prep
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from lakelab.automl.errors import AutoMLError

TRAIN, VALIDATE, TEST = "train", "validate", "test"

MOST_TO_ONE = 14
"""More rows of a class than this for each one of the rarest are sampled down (the documentation's
example keeps 70 of 95 rows, beside 5 of the other class)."""


def split(
    rows: pd.DataFrame,
    target_col: str,
    *,
    stratify: bool,
    time_col: str | None = None,
    split_col: str | None = None,
    seed: int = 0,
) -> tuple[pd.Series, str | None]:
    """Say for each row which part it belongs to: 60 % train, 20 % validate, 20 % test.

    Parameters
    ----------
    rows : pandas.DataFrame
    target_col : str
    stratify : bool
        Whether each part gets the same share of each class.
    time_col : str, optional
        Split by time: the newest fifth is for the test, the fifth before it for validation.
    split_col : str, optional
        A column that says ``train``, ``validate`` or ``test``.
    seed : int

    Returns
    -------
    pandas.Series
        str, for the rows that are used.
    str or None
        What was left out.

    Raises
    ------
    AutoMLError
        If both ways are asked for, the column says nothing usable, or a part is empty.

    Examples
    --------
    >>> rows = pd.DataFrame({"day": range(10), "y": range(10)})
    >>> split(rows, "y", stratify=False, time_col="day")[0].value_counts().to_dict()
    {'train': 6, 'validate': 2, 'test': 2}
    """
    if time_col and split_col:
        raise AutoMLError("time_col and split_col are two ways to split: give one of them.")
    if split_col:
        return _as_told(rows[split_col], split_col)
    if time_col:
        return _by_time(rows[time_col], time_col), None
    classes = rows[target_col] if stratify else None
    train, rest = train_test_split(rows.index, train_size=0.6, random_state=seed, stratify=classes)
    classes = None if classes is None else classes.loc[rest]
    validate, _ = train_test_split(rest, train_size=0.5, random_state=seed, stratify=classes)
    parts = pd.Series(TEST, index=rows.index)
    parts[train], parts[validate] = TRAIN, VALIDATE
    return parts, None


def _as_told(told: pd.Series, split_col: str) -> tuple[pd.Series, str | None]:
    usable = told.isin([TRAIN, VALIDATE, TEST])
    for part in (TRAIN, VALIDATE, TEST):
        if not (told == part).any():
            raise AutoMLError(
                f"split_col={split_col!r} has no row that says {part!r}: expected all of "
                f"{TRAIN!r}, {VALIDATE!r} and {TEST!r}. It says: "
                f"{', '.join(sorted(map(str, told.dropna().unique()))[:5])}."
            )
    left = int((~usable).sum())
    note = f"{left:,} rows are left out: their {split_col} is no part's name." if left else None
    return told[usable].astype(str), note


def _by_time(times: pd.Series, time_col: str) -> pd.Series:
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


def balance(target: pd.Series, seed: int = 0) -> tuple[pd.Index, pd.Series | None]:
    """Sample frequent classes of the training part down, and weigh their rows up.

    Parameters
    ----------
    target : pandas.Series
        The classes of the training part.
    seed : int

    Returns
    -------
    pandas.Index
        The rows that stay.
    pandas.Series or None
        A weight for each of them; None if no class is sampled down.

    Examples
    --------
    >>> kept, weights = balance(pd.Series(["on time"] * 95 + ["late"] * 5))
    >>> len(kept), weights.round(3).unique().tolist()
    (75, [1.357, 1.0])
    """
    counts = target.value_counts()
    most = int(counts.min()) * MOST_TO_ONE
    if counts.max() <= most:
        return target.index, None
    chosen = np.random.default_rng(seed)
    kept = [
        rows.index
        if len(rows) <= most
        else rows.index[np.sort(chosen.permutation(len(rows))[:most])]
        for _, rows in target.groupby(target, sort=False)
    ]
    index = target.index[target.index.isin(np.concatenate(kept))]
    weights = target.loc[index].map(counts / counts.clip(upper=most)).astype(float)
    return index, weights
