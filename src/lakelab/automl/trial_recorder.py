"""The recorder of the trials of a classification or a regression.

Tested in ``tests/automl/test_supervised.py``.
"""

from __future__ import annotations

import importlib.metadata
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from lakelab.automl import conversions
from lakelab.automl.algorithms import MODULES
from lakelab.automl.dataset import feature_engineering
from lakelab.automl.metrics import rank_key, validation_metric
from lakelab.automl.notebooks import NotebookContext, trial_notebook
from lakelab.automl.preprocessing import describe_preprocessing
from lakelab.automl.progress import Progress
from lakelab.automl.search import SearchOutcome, SearchTask, Trial
from lakelab.automl.summary import AutoMLSummary, TrialInfo, metric_distribution
from lakelab.automl.tracking import (
    TRIAL_TAG,
    artifact_uri,
    pickle_by_value,
    pinned_requirements,
    record_run,
)


class TrialRecorder:
    """Records each trial as an MLflow run while the next trials train."""

    def __init__(
        self,
        context: NotebookContext,
        task: SearchTask,
        features: pd.DataFrame,
        training_set: Any,
        seconds: float,
    ):
        self.context = context
        self.task = task
        self.training_set = training_set
        self.example = features.head(50)
        self.trials: list[TrialInfo] = []
        self.best_notebook = ""
        self.progress = Progress(seconds)
        self._started = time.monotonic()
        self.metric = validation_metric(task.metric)

    def __call__(self, trial: Trial) -> None:
        """Record a trial."""
        records = self.context.records
        packages = pinned_requirements(*framework_packages(trial.algorithm.framework))
        with record_run(
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
        if trial.model is None:  # it was pruned, and did not fail
            mlflow.MlflowClient().set_terminated(run_id, "KILLED")

    def _record_finished(self, trial: Trial, run_id: str, packages: list[str]) -> None:
        assert trial.model is not None
        finite = {name: value for name, value in trial.metrics.items() if np.isfinite(value)}
        mlflow.log_metrics(finite)
        mlflow.log_metric("duration_seconds", trial.seconds)
        model_uri = self._log_model(trial, run_id, packages) if trial.is_best_so_far else None
        name = trial.algorithm.name
        context = replace(self.context, requirements=packages)
        notebook = trial_notebook(context, name, trial.model, trial.metrics)
        mlflow.log_text(notebook, f"notebooks/{name}.ipynb")
        path = None
        if trial.is_best_so_far:
            self.best_notebook = notebook
            path = str(self.context.records.folder / f"BestTrial-{name}-{run_id[:8]}.ipynb")
        params = ", ".join(f"{key}={value}" for key, value in trial.params.items())
        self.trials.append(
            TrialInfo(
                notebook_path=path,
                notebook_url=None,
                artifact_uri=artifact_uri(run_id, "notebooks"),
                mlflow_run_id=run_id,
                metrics=dict(trial.metrics),
                params={key: str(value) for key, value in trial.params.items()},
                model_path=model_uri,
                model_description=f"{name}({params})",
                duration=f"{trial.seconds:.1f} s",
                preprocessors=describe_preprocessing(self.context.columns, trial.algorithm.family),
                evaluation_metric_score=trial.score,
            )
        )

    def _log_model(self, trial: Trial, run_id: str, packages: list[str]) -> str:
        model = trial.model
        assert model is not None
        with pickle_by_value(conversions):
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
            best_score = f"best {self.metric} {best.evaluation_metric_score:.4f}"
            self.progress.show(time.monotonic() - self._started, len(self.trials), best_score)

    def _ranked(self) -> list[TrialInfo]:
        return sorted(self.trials, key=lambda trial: rank_key(self.task.metric, trial.metrics))

    def summary(self, outcome: SearchOutcome, converted: dict[str, list[str]]) -> AutoMLSummary:
        """Write the notebook of the best trial, and return the summary of the call."""
        ranked = self._ranked()
        best = ranked[0]
        assert best.notebook_path is not None
        Path(best.notebook_path).write_text(self.best_notebook, encoding="utf-8")
        best = replace(best, notebook_url=Path(best.notebook_path).as_uri())
        others = [replace(trial, notebook_path=None) for trial in ranked[1:]]
        ending = (
            ", ended early as the score no longer rose"
            if outcome.stopped_early
            else ", interrupted"
            if outcome.interrupted
            else ""
        )
        pruned = f" ({outcome.pruned} more given up on few rows)" if outcome.pruned else ""
        failed = "".join(f"; could not train {name}: {why}" for name, why in outcome.failed.items())
        self.progress.finish(
            f"AutoML: {len(ranked)} trials{pruned} in {time.monotonic() - self._started:.0f} s{ending}; "
            f"best {self.metric} {best.evaluation_metric_score:.4f} "
            f"({best.model_description.partition('(')[0]}){failed}"
        )
        return AutoMLSummary(
            experiment=self.context.records.experiment,
            trials=[best, *others],
            best_trial=best,
            metric_distribution=metric_distribution(
                self.metric, [trial.evaluation_metric_score for trial in ranked]
            ),
            semantic_type_conversions=converted,
            is_early_stopped=outcome.stopped_early,
        )


def framework_packages(framework: str) -> list[str]:
    """Return the packages that a model of a framework needs."""
    common = ["scikit-learn", "pandas", "numpy", "cloudpickle"]
    if framework == "sklearn":
        return common
    for distribution in (MODULES[framework], f"{MODULES[framework]}-cpu"):
        try:
            importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        return [distribution, *common]
    return common
