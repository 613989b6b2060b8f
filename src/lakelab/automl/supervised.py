"""Run a classification or a regression from the dataset to the summary."""

from __future__ import annotations

import importlib.metadata
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.utils.autologging_utils import disable_autologging

from lakelab.automl import conversions as ours
from lakelab.automl.algorithms import MODULES, algorithms
from lakelab.automl.data_split import TEST, TRAIN, VALIDATE, balance, split
from lakelab.automl.dataset import (
    feature_engineering,
    look_up_features,
    read_dataset,
    require_columns,
    rows_with_target,
)
from lakelab.automl.errors import AutoMLError
from lakelab.automl.metrics import Scorer, checked_primary_metric, rank, validation_metric
from lakelab.automl.notebooks import PART, WEIGHT, About, exploration_notebook, trial_notebook
from lakelab.automl.preprocessing import RARE, describe, preprocessor
from lakelab.automl.progress import Progress, seconds_of
from lakelab.automl.search import Prepared, Task, Trial, search
from lakelab.automl.semantic_types import Column, conversions, detect
from lakelab.automl.summary import AutoMLSummary, TrialInfo, metric_distribution
from lakelab.automl.tracking import (
    TRIAL_TAG,
    artifact_uri,
    models_kept_whole,
    requirements,
    run,
    start_records,
)


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
        And the others: as :func:`lakelab.automl.classify` takes them.
    seed : int
        Of the split, the models and the search.
    stop_after : int, optional
        End after so many trials. The public calls have no such limit, as the official ones have none.

    Returns
    -------
    AutoMLSummary

    Raises
    ------
    AutoMLError
        If the dataset or a parameter cannot be used.
    """
    seconds = seconds_of(timeout_minutes)
    checked_primary_metric(problem, primary_metric)
    found = algorithms(problem, exclude_frameworks)
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
    _require_apart(exclude_cols, target_col, time_col, split_col, sample_weight_col)
    known = rows_with_target(rows, target_col, problem)
    if len(known) < len(rows):
        alerts.append(f"{len(rows) - len(known):,} rows are left out: they have no {target_col}.")
    rows = known.reset_index(drop=True)
    if problem == "regress":
        rows[target_col] = pd.to_numeric(rows[target_col]).astype(float)
    pos_label = _positive(problem, rows[target_col], pos_label)

    apart = {target_col, split_col, sample_weight_col, *(exclude_cols or ())}
    features = rows.drop(columns=[name for name in rows if name in apart])
    columns = detect(features, as_stored=set(imputers or ()))
    for column in columns:
        if column.kind == "unused" and column.name in (imputers or {}):
            raise AutoMLError(
                f"imputers has {column.name!r}, and that column {column.warning}. Leave it out of "
                f"imputers, or make it a column that can be used."
            )
    alerts += [f"`{column.name}` {column.warning}." for column in columns if column.warning]
    parts, note = split(
        rows,
        target_col,
        stratify=problem == "classify",
        time_col=time_col,
        split_col=split_col,
        seed=seed,
    )
    alerts += [note] if note else []
    data, weighted, note = _kept(rows, parts, problem, target_col, sample_weight_col, seed)
    alerts += [note] if note else []

    used = [column.name for column in columns if column.kind != "unused"]
    task = _task(
        problem,
        data,
        target_col,
        columns,
        used,
        weighted,
        imputers,
        pos_label,
        primary_metric,
        found,
    )
    kept_columns = [*used, target_col, PART, *([WEIGHT] if weighted else [])]
    unused = [column.name for column in columns if column.kind == "unused"]
    records = start_records(
        problem,
        target_col,
        _storable(data[[*kept_columns, *unused]]),
        experiment_name=experiment_name,
        experiment_dir=experiment_dir,
    )
    about = About(
        problem,
        target_col,
        columns,
        primary_metric,
        pos_label,
        records,
        weighted,
        alerts,
        requirements(*_packages("sklearn")),
    )
    exploration = records.folder / "DataExploration.ipynb"
    exploration.write_text(exploration_notebook(about), encoding="utf-8")
    mlflow.MlflowClient().log_artifact(records.data_run_id, str(exploration), "notebooks")
    recorder = _Recorder(about, task, data[used], training_set, seconds)
    outcome = search(task, recorder, seconds=seconds, seed=seed, stop_after=stop_after)
    return recorder.summary(outcome, conversions(columns))


class _Recorder:
    """Records trials while the next ones train."""

    def __init__(
        self, about: About, task: Task, features: pd.DataFrame, training_set: Any, seconds: float
    ):
        self.about = about
        self.task = task
        self.training_set = training_set
        self.example = features.head(50)
        self.trials: list[TrialInfo] = []
        self.best_notebook = ""
        self.progress = Progress(seconds)
        self.began = time.monotonic()
        self.metric = validation_metric(task.metric)

    def __call__(self, trial: Trial) -> None:
        records = self.about.records
        packages = requirements(*_packages(trial.algorithm.framework))
        with run(
            records.experiment, trial.algorithm.name, {TRIAL_TAG: str(trial.number)}
        ) as started:
            run_id = started.info.run_id
            mlflow.log_params({"estimator": trial.algorithm.name, **trial.params})
            mlflow.set_tag("estimator_name", trial.algorithm.name)
            if trial.model is None:
                mlflow.set_tag(
                    "lakelab.automl.given_up", f"{self.metric} {trial.score:.4f} on few rows"
                )
            else:
                self._record_finished(trial, run_id, packages)
        self._show()
        if trial.model is None:  # it did not fail: it was not worth all rows
            mlflow.MlflowClient().set_terminated(run_id, "KILLED")

    def _record_finished(self, trial: Trial, run_id: str, packages: list[str]) -> None:
        assert trial.model is not None
        finite = {name: value for name, value in trial.metrics.items() if np.isfinite(value)}
        mlflow.log_metrics(finite)
        mlflow.log_metric("duration_seconds", trial.seconds)
        model_uri = self._log_model(trial, run_id, packages) if trial.is_best_so_far else None
        name = trial.algorithm.name
        about = replace(self.about, requirements=packages)
        notebook = trial_notebook(about, name, trial.model, trial.metrics)
        mlflow.log_text(notebook, f"notebooks/{name}.ipynb")
        path = None
        if trial.is_best_so_far:
            self.best_notebook = notebook
            path = str(self.about.records.folder / f"BestTrial-{name}-{run_id[:8]}.ipynb")
        told = ", ".join(f"{key}={value}" for key, value in trial.params.items())
        self.trials.append(
            TrialInfo(
                notebook_path=path,
                notebook_url=None,
                artifact_uri=artifact_uri(run_id, "notebooks"),
                mlflow_run_id=run_id,
                metrics=dict(trial.metrics),
                params={key: str(value) for key, value in trial.params.items()},
                model_path=model_uri,
                model_description=f"{name}({told})",
                duration=f"{trial.seconds:.1f} s",
                preprocessors=describe(self.about.columns, trial.algorithm.shape),
                evaluation_metric_score=trial.score,
            )
        )

    def _log_model(self, trial: Trial, run_id: str, packages: list[str]) -> str:
        model = trial.model
        assert model is not None
        with models_kept_whole(ours):
            if self.training_set is not None:
                feature_engineering().FeatureEngineeringClient().log_model(
                    model=model,
                    artifact_path="model",
                    flavor=mlflow.sklearn,
                    training_set=self.training_set,
                )
            else:
                mlflow.sklearn.log_model(
                    model,
                    name="model",
                    serialization_format="cloudpickle",
                    signature=mlflow.models.infer_signature(
                        self.example, model.predict(self.example)
                    ),
                    pip_requirements=packages,
                )
        return f"runs:/{run_id}/model"

    def _show(self) -> None:
        if self.trials:
            best = self._ranked()[0]
            told = f"best {self.metric} {best.evaluation_metric_score:.4f}"
            self.progress.show(time.monotonic() - self.began, len(self.trials), told)

    def _ranked(self) -> list[TrialInfo]:
        return sorted(self.trials, key=lambda trial: rank(self.task.metric, trial.metrics))

    def summary(self, outcome: Any, converted: dict[str, list[str]]) -> AutoMLSummary:
        ranked = self._ranked()
        best = ranked[0]
        assert best.notebook_path is not None
        Path(best.notebook_path).write_text(self.best_notebook, encoding="utf-8")
        best = replace(best, notebook_url=Path(best.notebook_path).as_uri())
        others = [replace(trial, notebook_path=None) for trial in ranked[1:]]
        how = (
            ", ended early as the score no longer rose"
            if outcome.stopped_early
            else ", interrupted"
            if outcome.interrupted
            else ""
        )
        given_up = f" ({outcome.given_up} more given up on few rows)" if outcome.given_up else ""
        failed = "".join(f"; could not train {name}: {why}" for name, why in outcome.failed.items())
        self.progress.end(
            f"AutoML: {len(ranked)} trials{given_up} in {time.monotonic() - self.began:.0f} s{how}; "
            f"best {self.metric} {best.evaluation_metric_score:.4f} "
            f"({best.model_description.partition('(')[0]}){failed}"
        )
        return AutoMLSummary(
            experiment=self.about.records.experiment,
            trials=[best, *others],
            best_trial=best,
            metric_distribution=metric_distribution(
                self.metric, [trial.evaluation_metric_score for trial in ranked]
            ),
            semantic_type_conversions=converted,
            is_early_stopped=outcome.stopped_early,
        )


def _packages(framework: str) -> list[str]:
    """Name what a model of a framework is logged with."""
    of_all = ["scikit-learn", "pandas", "numpy", "cloudpickle"]
    if framework == "sklearn":
        return of_all
    for distribution in (MODULES[framework], f"{MODULES[framework]}-cpu"):
        try:
            importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        return [distribution, *of_all]
    return of_all


def _require_apart(
    exclude_cols: Sequence[str] | None, target_col: str, *others: str | None
) -> None:
    for name in (target_col, *others):
        if name and name in (exclude_cols or ()):
            raise AutoMLError(
                f"exclude_cols has {name!r}, which another parameter needs: leave it out of exclude_cols."
            )


def _positive(problem: str, target: pd.Series, pos_label: Any) -> Any:
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


def _kept(
    rows: pd.DataFrame,
    parts: pd.Series,
    problem: str,
    target_col: str,
    sample_weight_col: str | None,
    seed: int,
) -> tuple[pd.DataFrame, bool, str | None]:
    """Give the rows that are used, with their part and, where they are weighed, their weight."""
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
    index, weight_of = balance(training, seed)
    if weight_of is None:
        return data, False, None
    dropped = training.index.difference(index)
    note = (
        f"The classes are imbalanced: {len(dropped):,} of {len(training):,} training rows are left out, "
        f"and the others of their class weigh as much more. Validation and test keep all rows."
    )
    data = data.drop(index=dropped)
    return data.assign(**{WEIGHT: weight_of.reindex(data.index).fillna(1.0)}), True, note


def _task(
    problem: str,
    data: pd.DataFrame,
    target_col: str,
    columns: Sequence[Column],
    used: Sequence[str],
    weighted: bool,
    imputers: Mapping[str, Any] | None,
    pos_label: Any,
    primary_metric: str,
    found: Sequence[Any],
) -> Task:
    of_part = {part: data[data[PART] == part] for part in (TRAIN, VALIDATE, TEST)}
    rare = max(2, min(RARE, len(of_part[TRAIN]) // 200))
    prepared = {}
    with disable_autologging(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # categories that only validation has
        for shape in {algorithm.shape for algorithm in found}:
            steps = preprocessor(columns, shape, imputers, rare).set_output(transform="default")
            try:
                x = {TRAIN: steps.fit_transform(of_part[TRAIN][list(used)])}
            except ValueError as error:
                raise AutoMLError(f"the columns could not be prepared: {error}") from error
            x |= {part: steps.transform(of_part[part][list(used)]) for part in (VALIDATE, TEST)}
            prepared[shape] = Prepared(steps, x)
    y = {part: rows[target_col].to_numpy() for part, rows in of_part.items()}
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
    weights = of_part[TRAIN][WEIGHT].to_numpy() if weighted else None
    scorer = Scorer(problem, classes, pos_label)
    return Task(problem, found, prepared, y, weights, scorer, primary_metric)


def _storable(data: pd.DataFrame) -> pd.DataFrame:
    """Make a frame that Parquet takes: a column of mixed Python types is kept as text."""
    import pyarrow as pa

    stored = data.copy()
    for name in stored.select_dtypes("object"):
        try:
            pa.array(stored[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            stored[name] = stored[name].map(str, na_action="ignore")
    return stored
