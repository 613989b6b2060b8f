"""Run a classification or a regression, from the dataset to the summary."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.utils.autologging_utils import disable_autologging

from lakelab.automl.algorithms import algorithms
from lakelab.automl.data_split import TEST, TRAIN, VALIDATE, assign_parts, balance_classes
from lakelab.automl.dataset import (
    look_up_features,
    read_dataset,
    require_columns,
    rows_with_target,
)
from lakelab.automl.errors import AutoMLError
from lakelab.automl.metrics import Scorer, require_primary_metric
from lakelab.automl.notebooks import PART, WEIGHT, NotebookContext, exploration_notebook
from lakelab.automl.preprocessing import MIN_CATEGORY_ROWS, build_preprocessor
from lakelab.automl.progress import timeout_seconds
from lakelab.automl.search import PreparedRows, SearchTask, search
from lakelab.automl.semantic_types import Column, detect_semantic_types, type_conversions
from lakelab.automl.summary import AutoMLSummary
from lakelab.automl.tracking import (
    create_records,
    pinned_requirements,
)
from lakelab.automl.trial_recorder import TrialRecorder, framework_packages


def run_supervised(
    problem: str,
    dataset: Any,
    *,
    target_col: str,
    primary_metric: str,
    experiment_dir: str | None = None,
    experiment_name: str | None = None,
    exclude_cols: Sequence[str] | None = None,
    exclude_frameworks: Sequence[str] | None = None,
    feature_store_lookups: Sequence[Mapping[str, Any]] | None = None,
    imputers: Mapping[str, Any] | None = None,
    pos_label: Any = None,
    time_col: str | None = None,
    split_col: str | None = None,
    sample_weight_col: str | None = None,
    timeout_minutes: float | None = None,
    seed: int = 0,
    stop_after: int | None = None,
) -> AutoMLSummary:
    """Run AutoML on a dataset with a target; see :func:`lakelab.automl.classify`.

    Parameters
    ----------
    problem : {"classify", "regress"}
    dataset, target_col, primary_metric, experiment_dir, experiment_name, exclude_cols
        These and the other parameters are those of :func:`lakelab.automl.classify`.
    seed : int
        The seed of the split, the models and the search.
    stop_after : int, optional
        The largest number of trials. The public calls have no such limit, as the official calls have
        none.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.
    """
    seconds = timeout_seconds(timeout_minutes)
    require_primary_metric(problem, primary_metric)
    candidates = algorithms(problem, exclude_frameworks)
    training_set = None
    if feature_store_lookups:
        dataset, training_set = look_up_features(dataset, feature_store_lookups, target_col)
    rows, left_out = read_dataset(dataset)
    alerts = [left_out] if left_out else []
    require_columns(
        rows,
        {
            "target_col": target_col,
            "exclude_cols": exclude_cols,
            "time_col": time_col,
            "split_col": split_col,
            "sample_weight_col": sample_weight_col,
            "imputers": imputers,
        },
    )
    _require_not_excluded(exclude_cols, target_col, time_col, split_col, sample_weight_col)
    known = rows_with_target(rows, target_col, problem)
    if len(known) < len(rows):
        alerts.append(f"{len(rows) - len(known):,} rows are left out: they have no {target_col}.")
    rows = known.reset_index(drop=True)
    if problem == "regress":
        rows[target_col] = pd.to_numeric(rows[target_col]).astype(float)
    pos_label = _resolve_pos_label(problem, rows[target_col], pos_label)

    non_features = {target_col, split_col, sample_weight_col, *(exclude_cols or ())}
    features = rows.drop(columns=[name for name in rows if name in non_features])
    columns = detect_semantic_types(features, as_stored=set(imputers or ()))
    for column in columns:
        if column.kind == "unused" and column.name in (imputers or {}):
            raise AutoMLError(
                f"imputers has {column.name!r}, and that column {column.warning}. Leave it out of "
                f"imputers, or make it a column that can be used."
            )
    alerts += [f"`{column.name}` {column.warning}." for column in columns if column.warning]
    parts, note = assign_parts(
        rows,
        target_col,
        stratify=problem == "classify",
        time_col=time_col,
        split_col=split_col,
        seed=seed,
    )
    alerts += [note] if note else []
    data, weighted, note = _training_data(rows, parts, problem, target_col, sample_weight_col, seed)
    alerts += [note] if note else []

    used = [column.name for column in columns if column.kind != "unused"]
    task = _search_task(
        problem,
        data,
        target_col,
        columns,
        used,
        weighted,
        imputers,
        pos_label,
        primary_metric,
        candidates,
    )
    kept_columns = [*used, target_col, PART, *([WEIGHT] if weighted else [])]
    unused = [column.name for column in columns if column.kind == "unused"]
    records = create_records(
        problem,
        target_col,
        _storable(data[[*kept_columns, *unused]]),
        experiment_name=experiment_name,
        experiment_dir=experiment_dir,
    )
    context = NotebookContext(
        problem,
        target_col,
        columns,
        primary_metric,
        pos_label,
        records,
        weighted,
        alerts,
        pinned_requirements(*framework_packages("sklearn")),
    )
    exploration = records.folder / "DataExploration.ipynb"
    exploration.write_text(exploration_notebook(context), encoding="utf-8")
    mlflow.MlflowClient().log_artifact(records.data_run_id, str(exploration), "notebooks")
    recorder = TrialRecorder(context, task, data[used], training_set, seconds)
    outcome = search(task, recorder, seconds=seconds, seed=seed, stop_after=stop_after)
    return recorder.summary(outcome, type_conversions(columns))


def _require_not_excluded(
    exclude_cols: Sequence[str] | None, target_col: str, *others: str | None
) -> None:
    for name in (target_col, *others):
        if name and name in (exclude_cols or ()):
            raise AutoMLError(
                f"exclude_cols has {name!r}, which another parameter needs: leave it out of exclude_cols."
            )


def _resolve_pos_label(problem: str, target: pd.Series, pos_label: Any) -> Any:
    if problem == "regress":
        return None
    classes = sorted(target.unique().tolist(), key=str)
    if pos_label is not None:
        if len(classes) != 2:
            raise AutoMLError(
                f"pos_label={pos_label!r} is for two classes, and the target has {len(classes)}: "
                f"leave it out."
            )
        if pos_label not in classes:
            raise AutoMLError(
                f"pos_label={pos_label!r} is no class of the target: it has "
                f"{', '.join(map(repr, classes))}."
            )
        return classes[classes.index(pos_label)]
    return classes[1] if len(classes) == 2 else None


def _training_data(
    rows: pd.DataFrame,
    parts: pd.Series,
    problem: str,
    target_col: str,
    sample_weight_col: str | None,
    seed: int,
) -> tuple[pd.DataFrame, bool, str | None]:
    """Return the used rows with their parts and, if rows have weights, their weights."""
    data = rows.loc[parts.index].assign(**{PART: parts})
    if sample_weight_col:
        weights = pd.to_numeric(data[sample_weight_col], errors="coerce")
        if not weights.between(0, 10_000).all():
            raise AutoMLError(
                f"sample_weight_col={sample_weight_col!r} has values that are no weight: expected "
                f"numbers from 0 to 10,000 in each row."
            )
        return data.assign(**{WEIGHT: weights.astype(float)}), True, None
    if problem == "regress":
        return data, False, None
    training = data.loc[data[PART] == TRAIN, target_col]
    index, weight_of = balance_classes(training, seed)
    if weight_of is None:
        return data, False, None
    dropped = training.index.difference(index)
    note = (
        f"The classes are imbalanced: {len(dropped):,} of {len(training):,} training rows are left out, "
        f"and the others of their class weigh as much more. Validation and test keep all rows."
    )
    data = data.drop(index=dropped)
    return data.assign(**{WEIGHT: weight_of.reindex(data.index).fillna(1.0)}), True, note


def _search_task(
    problem: str,
    data: pd.DataFrame,
    target_col: str,
    columns: Sequence[Column],
    used: Sequence[str],
    weighted: bool,
    imputers: Mapping[str, Any] | None,
    pos_label: Any,
    primary_metric: str,
    candidates: Sequence[Any],
) -> SearchTask:
    rows_by_part = {part: data[data[PART] == part] for part in (TRAIN, VALIDATE, TEST)}
    min_category_rows = max(2, min(MIN_CATEGORY_ROWS, len(rows_by_part[TRAIN]) // 200))
    prepared = {}
    with disable_autologging(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of categories that only the validation part has
        for family in {algorithm.family for algorithm in candidates}:
            steps = build_preprocessor(columns, family, imputers, min_category_rows).set_output(
                transform="default"
            )
            try:
                x = {TRAIN: steps.fit_transform(rows_by_part[TRAIN][list(used)])}
            except ValueError as error:
                raise AutoMLError(f"the columns could not be prepared: {error}") from error
            x |= {
                part: steps.transform(rows_by_part[part][list(used)]) for part in (VALIDATE, TEST)
            }
            prepared[family] = PreparedRows(steps, x)
    y = {part: rows[target_col].to_numpy() for part, rows in rows_by_part.items()}
    classes: tuple[Any, ...] = ()
    if problem == "classify":
        classes = tuple(np.unique(y[TRAIN]).tolist())
        if len(classes) < 2:
            raise AutoMLError(
                f"the training part has one class only, {classes[0]}: split so that it has both."
            )
        for part in (VALIDATE, TEST):
            new = set(y[part].tolist()) - set(classes)
            if new:
                raise AutoMLError(
                    f"the part {part!r} has classes that the training part has not: "
                    f"{', '.join(map(repr, sorted(new, key=str)))}. Split in another way."
                )
    weights = rows_by_part[TRAIN][WEIGHT].to_numpy() if weighted else None
    scorer = Scorer(problem, classes, pos_label)
    return SearchTask(problem, candidates, prepared, y, weights, scorer, primary_metric)


def _storable(data: pd.DataFrame) -> pd.DataFrame:
    """Return the data in a form that Parquet can store: columns of mixed types become text."""
    import pyarrow as pa

    stored = data.copy()
    for name in stored.select_dtypes("object"):
        try:
            pa.array(stored[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            stored[name] = stored[name].map(str, na_action="ignore")
    return stored
