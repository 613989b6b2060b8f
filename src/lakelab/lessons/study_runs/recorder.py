"""Train and score trials, and log the results to MLflow."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lakelab.lessons.study_runs.rows import WEATHER, Rows
from lakelab.lessons.study_runs.scores import Measured, TrainingStoppedError
from lakelab.lessons.study_runs.training import train
from lakelab.lessons.study_runs.trials import Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, RunTag

MADE_BY = ("made_by", "lakelab")
"""Tag of the study's runs. Runs without it are the learner's own."""


@dataclass
class Result:
    """The result of a trial.

    Attributes
    ----------
    measured : list
        The metrics until the end or the error.
    status : {"FINISHED", "FAILED", "KILLED"}
    reason : RunTag or None
        The tag that says why the trial did not finish.
    model : estimator or None
        None if training failed.
    """

    measured: list[Measured] = field(default_factory=list)
    status: str = "FINISHED"
    reason: RunTag | None = None
    model: Any = None


@dataclass
class Recorder:
    """Trains and scores trials, and logs each one as a run.

    Parameters
    ----------
    client : MlflowClient
    experiment : str
        Id of the experiment.
    rows : Rows
        The flights to train and validate on.
    """

    client: MlflowClient
    experiment: str
    rows: Rows
    _datasets: dict[str, DatasetInput] = field(default_factory=dict)

    def sweep(self, name: str, trials: list[Trial], copy_best: bool) -> None:
        """Record trials as children of one run.

        Parameters
        ----------
        name : str
            Name of the parent run.
        trials : list of Trial
        copy_best : bool
            Whether the parent run gets the score of its best child.
        """
        tags = dict([MADE_BY, ("stage", "sweep")])
        parent = self.client.create_run(self.experiment, run_name=name, tags=tags).info.run_id
        scores = [self.record(trial, parent) for trial in trials]
        if copy_best:
            self.client.log_metric(parent, "auc", max(scores))
        self.client.set_terminated(parent)

    def record(self, trial: Trial, parent: str | None = None) -> float:
        """Run one trial, and log it.

        Parameters
        ----------
        trial : Trial
        parent : str, optional
            Id of the parent run.

        Returns
        -------
        float
            The trial's `auc`; NaN if it has none.

        Raises
        ------
        RuntimeError
            If the trial does not end as planned.
        """
        tags = dict([MADE_BY, ("stage", trial.stage)])
        if parent:
            tags["mlflow.parentRunId"] = parent
        if trial.note:
            tags["mlflow.note.content"] = trial.note
        run = self.client.create_run(self.experiment, run_name=trial.name, tags=tags).info.run_id
        result = self._run(trial)
        self._log(trial, run, result)
        if trial.delete:
            self.client.delete_run(run)
        return {key: value for key, value, _ in result.measured}.get("auc", float("nan"))

    def _run(self, trial: Trial) -> Result:
        """Train and score a trial."""
        from mlflow.entities import RunTag

        result = Result()
        try:
            result.model = train(trial, self.rows.train)
            for metric in trial.score(result.model, self.rows.validate, trial.columns):
                result.measured.append(metric)
        except TrainingStoppedError as stop:
            result.status, result.reason = "KILLED", RunTag("stopped", str(stop))
        except Exception as error:
            result.status = "FAILED"
            first_line = str(error).partition("\n")[0]
            result.reason = RunTag("error", f"{type(error).__name__}: {first_line}")
            if trial.ends != result.status:
                raise
        if result.status != trial.ends:
            raise RuntimeError(
                f"run '{trial.name}' should end {trial.ends}, and ended {result.status}"
            )
        return result

    def _log(self, trial: Trial, run: str, result: Result) -> None:
        """Log metrics, parameters, the model and the data of a run, and end the run."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        links = self._log_model(trial, result.model, run) if trial.keep_model else {}
        self.client.log_batch(
            run,
            metrics=[
                Metric(key, float(value), now, step, **links)
                for key, value, step in result.measured
            ],
            params=[Param(key, str(value)) for key, value in trial.params.items()],
            tags=[result.reason] if result.reason else [],
        )
        if trial.name_data:
            self.client.log_inputs(run, [self._input("training"), self._input("validation")])
        self.client.set_terminated(run, result.status)

    def _log_model(self, trial: Trial, model: Any, run: str) -> dict[str, str]:
        """Log the model of a run.

        Returns
        -------
        dict of str to str
            The arguments of `Metric` that link a metric to the model and to the validation data.
        """
        import mlflow
        from mlflow.entities import LoggedModelOutput

        params = {key: str(value) for key, value in trial.params.items()}
        logged = self.client.create_logged_model(
            self.experiment, trial.params["algorithm"], source_run_id=run, params=params
        )
        example = self.rows.validate[trial.columns].head()
        mlflow.sklearn.log_model(
            model,
            model_id=logged.model_id,
            serialization_format="cloudpickle",  # skops, the default of some versions, refuses these trees
            signature=mlflow.models.infer_signature(example, model.predict(example)),
            pip_requirements=[f"scikit-learn=={version('scikit-learn')}"],
        )
        self.client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
        data = self._input("validation").dataset
        return {
            "model_id": logged.model_id,
            "dataset_name": data.name,
            "dataset_digest": data.digest,
        }

    def _input(self, context: str) -> DatasetInput:
        from mlflow.data.pandas_dataset import from_pandas
        from mlflow.entities import Dataset, DatasetInput, InputTag

        if context not in self._datasets:
            rows = self.rows.train if context == "training" else self.rows.validate
            months = "jan_jun" if context == "training" else "jul_aug"
            data = from_pandas(rows[[*WEATHER, "late"]], name=f"flights_{months}", targets="late")
            self._datasets[context] = DatasetInput(
                Dataset(**data.to_dict()), [InputTag("mlflow.data.context", context)]
            )
        return self._datasets[context]
