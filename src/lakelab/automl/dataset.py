"""Read the dataset of a call, and refuse a dataset on which no model can be trained.

Follows https://docs.databricks.com/aws/en/machine-learning/automl/automl-api-reference
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import psutil

from lakelab.automl.errors import AutoMLError

MEMORY_SHARE = 0.25
"""The share of the free memory for the rows of a call."""

COPIES = 6
"""Copies of a row in memory at one time: read, split, encoded twice, and in two trainings."""

MIN_ROWS = 20


def read_dataset(dataset: Any, free_bytes: int | None = None) -> tuple[pd.DataFrame, str | None]:
    """Read a dataset into memory, or a random sample of it that fits.

    Parameters
    ----------
    dataset : pandas.DataFrame, pyspark.sql.DataFrame, pyspark.pandas.DataFrame or str
        A string is the name of a table.
    free_bytes : int, optional
        The free memory; by default that of this machine.

    Returns
    -------
    pandas.DataFrame
    str or None
        The rows that were left out, and the reason.

    Raises
    ------
    AutoMLError
        If the dataset has another type, or two columns have the same name.

    Examples
    --------
    >>> rows, left_out = read_dataset(pd.DataFrame({"a": range(1000)}))
    >>> len(rows), left_out
    (1000, None)
    """
    if isinstance(dataset, str):
        dataset = active_spark().table(dataset)
    # asked of the type: a Spark Connect DataFrame answers for any attribute
    if hasattr(type(dataset), "to_spark"):
        dataset = dataset.to_spark()
    if isinstance(dataset, pd.DataFrame):
        _require_unique_names(dataset.columns)
        row_bytes = _row_bytes(dataset.head(10_000))
        share = _share_that_fits(len(dataset), row_bytes, free_bytes)
        rows = dataset if share >= 1 else dataset.sample(frac=share, random_state=0).sort_index()
        return rows.reset_index(drop=True), _sampling_note(len(rows), len(dataset))
    if hasattr(type(dataset), "toPandas"):
        _require_unique_names(dataset.columns)
        count = dataset.count()
        row_bytes = _row_bytes(dataset.limit(10_000).toPandas())
        share = _share_that_fits(count, row_bytes, free_bytes)
        if share < 1:
            dataset = dataset.sample(withReplacement=False, fraction=share, seed=0)
        rows = dataset.toPandas()
        return rows, _sampling_note(len(rows), count)
    raise AutoMLError(
        f"dataset is a {type(dataset).__name__}: expected a Spark or pandas DataFrame, or a table's name."
    )


def look_up_features(
    dataset: Any, lookups: Sequence[Mapping[str, Any]], target_col: str
) -> tuple[Any, Any]:
    """Add features from feature tables with a training set.

    Parameters
    ----------
    dataset : pandas.DataFrame, pyspark.sql.DataFrame or str
    lookups : sequence of mapping
        Each has ``table_name``, ``lookup_key`` and, for a time series, ``timestamp_lookup_key``.
    target_col : str

    Returns
    -------
    pyspark.sql.DataFrame
    TrainingSet

    Raises
    ------
    AutoMLError
        If a lookup has no table name or key, or has an unknown entry.
    """
    known = {"table_name", "lookup_key", "timestamp_lookup_key"}
    for lookup in lookups:
        missing, unknown = {"table_name", "lookup_key"} - set(lookup), set(lookup) - known
        if missing or unknown:
            raise AutoMLError(
                f"feature_store_lookups has {dict(lookup)}: expected table_name, lookup_key and, for a "
                f"time series, timestamp_lookup_key"
                + (f"; {', '.join(sorted(unknown))} is none of them." if unknown else ".")
            )
    official = feature_engineering()
    if isinstance(dataset, str):
        dataset = active_spark().table(dataset)
    elif isinstance(dataset, pd.DataFrame):
        dataset = active_spark().createDataFrame(dataset)
    training_set = official.FeatureEngineeringClient().create_training_set(
        df=dataset,
        feature_lookups=[official.FeatureLookup(**lookup) for lookup in lookups],
        label=target_col,
    )
    return training_set.load_df(), training_set


def require_columns(rows: pd.DataFrame, required: Mapping[str, str | Iterable[str] | None]) -> None:
    """Check that the columns that parameters name exist.

    Parameters
    ----------
    rows : pandas.DataFrame
    required : mapping of str to str, iterable of str or None
        Parameter -> column or columns.

    Raises
    ------
    AutoMLError
        If a column does not exist.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"late": [1]}), {"target_col": "delayed"})
    Traceback (most recent call last):
    lakelab.automl.errors.AutoMLError: target_col='delayed' is no column of the dataset. It has: late.
    """
    for parameter, columns in required.items():
        for column in [columns] if isinstance(columns, str) else columns or ():
            if column not in rows.columns:
                raise AutoMLError(
                    f"{parameter}={column!r} is no column of the dataset. It has: "
                    f"{', '.join(map(str, rows.columns))}."
                )


def rows_with_target(rows: pd.DataFrame, target_col: str, problem: str) -> pd.DataFrame:
    """Return the rows with a target, if a model can be trained on them.

    Raises
    ------
    AutoMLError
        If too few rows are left, if a classification has one class only or a class with too few rows,
        or if the target of a regression is no number.

    Examples
    --------
    >>> rows = pd.DataFrame({"x": range(40), "late": [True] * 40})
    >>> rows_with_target(rows, "late", "classify")
    Traceback (most recent call last):
    lakelab.automl.errors.AutoMLError: target_col='late' has one class only, True: ...
    """
    kept = rows[rows[target_col].notna()]
    if len(kept) < MIN_ROWS:
        raise AutoMLError(
            f"the dataset has {len(rows)} rows, {len(kept)} of them with a {target_col!r}: expected at "
            f"least {MIN_ROWS}, to train on, to validate with and to test with."
        )
    target = kept[target_col]
    if problem == "classify":
        classes = target.value_counts()
        if len(classes) == 1:
            raise AutoMLError(
                f"target_col={target_col!r} has one class only, {classes.index[0]}: expected at least "
                f"two, as there is nothing to tell apart."
            )
        if classes.iloc[-1] < 5:
            raise AutoMLError(
                f"target_col={target_col!r} has only {classes.iloc[-1]} rows of {classes.index[-1]}: "
                f"expected at least 5 of each class, for three parts. "
                f"Leave the rare classes out, or use regress if the target is a number."
            )
    elif (
        not pd.api.types.is_numeric_dtype(target)
        and pd.to_numeric(target, errors="coerce").isna().any()
    ):
        raise AutoMLError(
            f"target_col={target_col!r} is no number ({target.dtype}): use classify to tell classes apart."
        )
    return kept


def feature_engineering() -> Any:
    """Return the package of the official client, or lakelab's replacement under the same name."""
    return importlib.import_module("databricks.feature_engineering")


def active_spark() -> Any:
    """Return the active Spark session.

    Raises
    ------
    AutoMLError
        If no session is active.
    """
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is None:
        raise AutoMLError(
            "a table's name needs a Spark session, and none is active. Give a DataFrame."
        )
    return session


def _require_unique_names(names: Iterable[Any]) -> None:
    duplicates = sorted(str(name) for name, times in Counter(names).items() if times > 1)
    if duplicates:
        raise AutoMLError(
            f"the dataset has more than one column named {', '.join(duplicates)}: rename them, as a column "
            f"is known by its name."
        )


def _row_bytes(sample: pd.DataFrame) -> float:
    return float(sample.memory_usage(deep=True, index=False).sum()) / max(len(sample), 1)


def _share_that_fits(count: int, row_bytes: float, free_bytes: int | None) -> float:
    free = psutil.virtual_memory().available if free_bytes is None else free_bytes
    return free * MEMORY_SHARE / max(count * row_bytes * COPIES, 1)


def _sampling_note(kept: int, count: int) -> str | None:
    if kept == count:
        return None
    return (
        f"The dataset has {count:,} rows, and memory for {kept:,} of them: a random sample is used."
    )
