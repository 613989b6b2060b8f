"""A hyper-parameter study on the flights: the runs that lesson 11 searches and lesson 13 looks at.

Databricks code, over the ordinary MLflow client. Every run is really trained and evaluated; what goes
wrong in it really goes wrong. The same data and seeds give the same parameters and metrics each time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lakelab import flights

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Experiment

# MLflow and scikit-learn are imported where they are used: most lessons need neither of them here.

MADE_BY = ("made_by", "lakelab")
"""Tag of the study's runs. Runs without it are the learner's own."""

FINGERPRINT = "lakelab.study"
"""Tag of the experiment: what its runs were when the study was complete."""

SCHEDULE = ["hour", "day_of_week", "distance", "sched_arr_time"]
WEATHER = [*SCHEDULE, "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
LEAK = [*WEATHER, "dep_delay"]
FEATURES = {
    "schedule": SCHEDULE,
    "schedule and weather": WEATHER,
    "schedule, weather and departure delay": LEAK,
}

UNFINISHED_SECONDS = 600
"""An unfinished study that is older was cut off: nobody is at work on it."""

Measured = tuple[str, float, int]
"""Name, value and step of a metric."""


class Hopeless(Exception):
    """Training was stopped because it got worse and worse."""


@dataclass(frozen=True)
class Rows:
    """The flights of the study, with their weather as known two hours before departure.

    Attributes
    ----------
    train : pandas.DataFrame
        A sample of the flights of January to June.
    validate : pandas.DataFrame
        A sample of the flights of July and August, by scheduled departure.
    """

    train: pd.DataFrame
    validate: pd.DataFrame


@dataclass(frozen=True)
class Trial:
    """One run of the study, before it has run.

    Parameters
    ----------
    name : str
        Name of the run.
    stage : str
        Its tag `stage`.
    params : dict
        `algorithm`, `features`, `rows` (flights to train on), and what the algorithm takes.
    score : callable
        Takes the model, the flights to validate on and the columns; yields what it measures.
    ends : {"FINISHED", "FAILED", "KILLED"}
        How the run must end. Any other end is an error of the study.
    note : str
        Description of the run.
    keep_model, name_data, delete : bool
        Whether to log the model; to log the two datasets as inputs; to delete the run afterwards.
    """

    name: str
    stage: str
    params: dict[str, Any]
    score: Callable[[Any, pd.DataFrame, list[str]], Iterator[Measured]]
    ends: str = "FINISHED"
    note: str = ""
    keep_model: bool = False
    name_data: bool = False
    delete: bool = False

    @property
    def columns(self) -> list[str]:
        return FEATURES[self.params["features"]]


def make_study(name: str) -> str:
    """Make the study, unless it is there and complete.

    It is made under another name and gets its own at the end: whoever finds it finds it complete. One
    in which runs were changed, added, deleted or restored is replaced by a new one. The old one is
    renamed, and deleted if all runs in it are ours.

    Parameters
    ----------
    name : str
        Name of the experiment, such as ``/Users/learner@example.com/lakelab_study``.

    Returns
    -------
    str
        Id of the experiment.

    Raises
    ------
    RuntimeError
        If a run did not end as planned.
    """
    from mlflow import MlflowClient

    client = MlflowClient()
    _clear_away(client, name)
    there = client.get_experiment_by_name(name)
    if there and _is_complete(client, there):
        return str(there.experiment_id)
    made = str(client.create_experiment(f"{name}_unfinished_{uuid.uuid4().hex[:8]}"))
    # in a thread of its own no run of the learner's is active, which models would be added to
    with ThreadPoolExecutor(1) as apart:
        apart.submit(_run_all, client, made).result()
    client.set_experiment_tag(made, FINGERPRINT, _fingerprint(client, made))
    # where nothing keeps two notebooks apart, the other one may have been quicker
    there = client.get_experiment_by_name(name)
    if there and _is_complete(client, there):
        client.delete_experiment(made)
        return str(there.experiment_id)
    if there:
        _retire(client, there)
    client.rename_experiment(made, name)
    return made


# ---- the experiment ----------------------------------------------------------------------------------
def _is_complete(client: MlflowClient, experiment: Experiment) -> bool:
    if experiment.lifecycle_stage != "active" or FINGERPRINT not in experiment.tags:
        return False
    found = _fingerprint(client, experiment.experiment_id)
    return bool(experiment.tags[FINGERPRINT] == found)


def _fingerprint(client: MlflowClient, experiment: str) -> str:
    """Digest of this module and of all that its runs and models say."""
    from mlflow.entities import ViewType

    runs = client.search_runs([experiment], run_view_type=ViewType.ALL)
    models = client.search_logged_models([experiment])
    said = [
        [
            run.info.run_id,
            run.info.status,
            run.info.lifecycle_stage,
            run.data.params,
            run.data.metrics,
        ]
        for run in runs
    ]
    said += [[model.model_id, str(model.status), model.source_run_id] for model in models]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for line in sorted(json.dumps(line, sort_keys=True) for line in said):
        digest.update(line.encode())
    return digest.hexdigest()


def _retire(client: MlflowClient, experiment: Experiment) -> None:
    """Give up the name of an experiment, and delete it unless it holds runs of the learner's own."""
    if experiment.lifecycle_stage != "active":
        client.restore_experiment(experiment.experiment_id)
    old = f"{experiment.name}_replaced_{experiment.experiment_id}"
    client.rename_experiment(experiment.experiment_id, old)
    if all(
        MADE_BY in run.data.tags.items() for run in client.search_runs([experiment.experiment_id])
    ):
        client.delete_experiment(experiment.experiment_id)


def _clear_away(client: MlflowClient, name: str) -> None:
    """Delete what an earlier attempt left that was cut off."""
    before = (time.time() - UNFINISHED_SECONDS) * 1000
    # the pattern finds other people's too, where one may see them
    for left in client.search_experiments(filter_string="name LIKE '%/lakelab_study_unfinished_%'"):
        if left.name.startswith(f"{name}_unfinished_") and (left.creation_time or 0) < before:
            client.delete_experiment(left.experiment_id)


# ---- the runs ----------------------------------------------------------------------------------------
def _run_all(client: MlflowClient, experiment: str) -> None:
    with _quietly():
        recorder = _Recorder(client, experiment, read_rows())
        for trial in first_steps():
            recorder.record(trial)
        recorder.sweep("regression sweep", regressions(), copy_best=False)
        recorder.sweep("tree sweep", trees(), copy_best=True)
        for trial in [*boostings(), *finals(), *checks()]:
            recorder.record(trial)


@contextmanager
def _quietly() -> Iterator[None]:
    """Train in one thread, with no warnings, and with no runs but those that we log."""
    from mlflow.utils.autologging_utils import disable_autologging
    from threadpoolctl import threadpool_limits

    logger = logging.getLogger("mlflow")  # it warns of each model that is kept as a pickle
    level = logger.level
    # disable_autologging: on Databricks ML runtimes each training would log a run of its own.
    # One thread: on a few thousand rows, waiting for the others takes longer than their help saves
    with disable_autologging(), threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def read_rows() -> Rows:
    """Sample the flights, and look up the weather of each as known at prediction time.

    Examples
    --------
    >>> rows = read_rows()
    >>> len(rows.train), len(rows.validate), sorted(set(rows.validate["month"]))
    (28000, 4000, [7, 8])
    """
    raw = flights.read_raw("flights")
    raw = raw[raw["arr_delay"].notna()]
    weather = flights.airport_weather(flights.read_raw("weather")).sort_values("ts")

    def sample(first: int, last: int, size: int) -> pd.DataFrame:
        some = flights.in_months(raw, first, last).sample(size, random_state=0)
        labels = flights.flight_labels(some).assign(dep_delay=some["dep_delay"].to_numpy())
        # merge_asof wants both sides by time; equal times by id, so that the order is always the same
        labels = labels.sort_values(["prediction_ts", "flight_id"])
        known = pd.merge_asof(labels, weather, left_on="prediction_ts", right_on="ts", by="origin")
        return known.astype(dict.fromkeys(LEAK, "float64"))

    return Rows(sample(1, 6, 28_000), sample(7, 8, 4_000))


@dataclass
class _Recorder:
    """Trains and scores trials, and logs what comes of it."""

    client: MlflowClient
    experiment: str
    rows: Rows
    _datasets: dict[str, DatasetInput] = field(default_factory=dict)

    def sweep(self, name: str, trials: list[Trial], copy_best: bool) -> None:
        """Record trials as children of one run; with `copy_best`, it repeats the best child's score."""
        tags = dict([MADE_BY, ("stage", "sweep")])
        parent = self.client.create_run(self.experiment, run_name=name, tags=tags).info.run_id
        scores = [self.record(trial, parent) for trial in trials]
        if copy_best:
            self.client.log_metric(parent, "auc", max(scores))
        self.client.set_terminated(parent)

    def record(self, trial: Trial, parent: str | None = None) -> float:
        """Run one trial; give its `auc`."""
        from mlflow.entities import Metric, Param, RunTag

        tags = dict([MADE_BY, ("stage", trial.stage)])
        if parent:
            tags["mlflow.parentRunId"] = parent
        if trial.note:
            tags["mlflow.note.content"] = trial.note
        run = self.client.create_run(self.experiment, run_name=trial.name, tags=tags).info.run_id
        measured: list[Measured] = []
        ended, why = "FINISHED", None
        try:
            model = train(trial, self.rows.train)
            for one in trial.score(model, self.rows.validate, trial.columns):
                measured.append(one)
        except Hopeless as stop:
            ended, why = "KILLED", RunTag("stopped", str(stop))
        except Exception as error:
            ended = "FAILED"
            first_line = str(error).partition("\n")[0]
            why = RunTag("error", f"{type(error).__name__}: {first_line}")
            if trial.ends != ended:
                raise
        if ended != trial.ends:
            raise RuntimeError(f"run '{trial.name}' should end {trial.ends}, and ended {ended}")
        now = int(time.time() * 1000)
        about = self._log_model(trial, model, run) if trial.keep_model else {}
        self.client.log_batch(
            run,
            metrics=[
                Metric(key, float(value), now, step, **about) for key, value, step in measured
            ],
            params=[Param(key, str(value)) for key, value in trial.params.items()],
            tags=[why] if why else [],
        )
        if trial.name_data:
            self.client.log_inputs(run, [self._input("training"), self._input("validation")])
        self.client.set_terminated(run, ended)
        if trial.delete:
            self.client.delete_run(run)
        return {key: value for key, value, _ in measured}.get("auc", float("nan"))

    def _log_model(self, trial: Trial, model: Any, run: str) -> dict[str, str]:
        """Log the model of a run; give what ties a metric to it and to the validation data."""
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


# ---- the trials --------------------------------------------------------------------------------------
def first_steps() -> list[Trial]:
    """Runs of all kinds that one finds at the beginning of an experiment."""
    return [
        _trial("baseline", "baseline", "baseline", keep_model=True),
        _trial("smoke test", "smoke test", "tree", score_accuracy, rows=200, max_depth=2),
        _trial("smoke test", "smoke test", "tree", score_accuracy, rows=400, max_depth=2),
        _trial("missing weather", "regression", "regression", imputer="none", ends="FAILED"),
        _trial("no depth", "tree", "tree", max_depth=0, ends="FAILED"),
        _trial(
            "departure delay",
            "leak",
            "boosting",
            features="schedule, weather and departure delay",
            rows=20_000,
            max_iter=60,
            keep_model=True,
            delete=True,
            note="Sees the departure delay, which nobody knows two hours before: a leak.",
        ),
        _trial("test, delete me", "smoke test", "baseline", delete=True),
    ]


def regressions() -> list[Trial]:
    """Logistic regressions, without and with the weather."""
    return [
        _trial(
            f"regression, C {strength}{_weather(features)}",
            "regression",
            "regression",
            features=features,
            C=strength,
            keep_model=features != "schedule" and strength == 0.1,
        )
        for features in ("schedule", "schedule and weather")
        for strength in (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
    ]


def trees() -> list[Trial]:
    """Single trees, from shallow to deep: as texts, the depths 10 and 16 come before 2."""
    return [
        _trial(
            f"tree, depth {depth}, leaf {leaf}",
            "tree",
            "tree",
            max_depth=depth,
            min_samples_leaf=leaf,
            name_data=True,
            keep_model=depth == 5 and leaf == 20,
        )
        for leaf in (1, 20)
        for depth in (2, 3, 5, 9, 10, 16)
    ]


def boostings() -> list[Trial]:
    """Boosted trees, with a learning curve: two that explode, slow learners, quick ones."""
    return [
        _trial(
            f"boosting, rate {rate}, {leaves} leaves{_weather(features)}",
            "boosting",
            "boosting",
            score_stages,
            features=features,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            ends="KILLED" if rate > 1 else "FINISHED",
        )
        for features in ("schedule", "schedule and weather")
        for rate in (3.0, 0.03, 0.1, 0.3, 1.0)
        for leaves in (4, 16, 31)
        if rate <= 1 or (features != "schedule" and leaves != 31)
    ]


def finals() -> list[Trial]:
    """The best model twice, on more flights: calibrated, and as it is. They rank flights alike."""
    return [
        _trial(
            f"final, calibration {calibration}",
            "final",
            "boosting",
            rows=20_000,
            learning_rate=0.1,
            max_leaf_nodes=16,
            max_iter=40,
            repeat_late=3,
            calibration=calibration,
            name_data=True,
            keep_model=True,
        )
        for calibration in ("sigmoid", "none")
    ]


def checks() -> list[Trial]:
    """Afterthoughts: both scored on fewer flights than the others, and one broke."""
    return [
        _trial(
            "day by day",
            "check",
            "regression",
            score_day_by_day,
            rows="all without gaps",
            imputer="none",
            ends="FAILED",
            note="Scored from 7 July on, after each day, until the first day with missing weather.",
        ),
        _trial(
            "early flights",
            "check",
            "tree",
            score_early,
            max_depth=3,
            note="Scored on the flights of five in the morning. None of them was late.",
        ),
    ]


def _trial(
    name: str,
    stage: str,
    algorithm: str,
    score: Callable[..., Iterator[Measured]] | None = None,
    **settings: Any,
) -> Trial:
    """Fill in what most trials have in common."""
    known = ("ends", "note", "keep_model", "name_data", "delete")
    about = {key: settings.pop(key) for key in known if key in settings}
    common = {"algorithm": algorithm, "features": "schedule and weather", "rows": 3_000}
    return Trial(name, stage, common | settings, score or score_once, **about)


def _weather(features: str) -> str:
    return "" if features != "schedule" else ", no weather"


# ---- training ----------------------------------------------------------------------------------------
def train(trial: Trial, rows: pd.DataFrame) -> Any:
    """Train the model of a trial on as many flights as it says."""
    settings = {**trial.params}
    algorithm, size = settings.pop("algorithm"), settings.pop("rows")
    columns = FEATURES[settings.pop("features")]
    repeat, calibration = settings.pop("repeat_late", 1), settings.pop("calibration", "none")
    if isinstance(size, int):
        some = rows.sample(size, random_state=2)
    else:
        some = rows.dropna(subset=columns)
    seen = pd.concat([some, *[some[some["late"] == 1]] * (repeat - 1)])
    model = MODELS[algorithm](**settings).fit(seen[columns], seen["late"])
    if calibration == "none":
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    rest = rows.drop(some.index)  # the model is too sure of the flights that it knows
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method=calibration)
    return calibrated.fit(rest[columns], rest["late"])


def _baseline() -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier()


def _regression(imputer: str = "mean", **settings: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = [] if imputer == "none" else [SimpleImputer(strategy=imputer)]
    return make_pipeline(*steps, StandardScaler(), LogisticRegression(**settings))


def _tree(**settings: Any) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(random_state=0, **settings)


def _boosting(max_iter: int = 20, **settings: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=max_iter, early_stopping=False, random_state=0, **settings
    )


MODELS: dict[str, Callable[..., Any]] = {
    "baseline": _baseline,
    "regression": _regression,
    "tree": _tree,
    "boosting": _boosting,
}


# ---- scores ------------------------------------------------------------------------------------------
def score_once(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Measure AUC, log loss and accuracy."""
    late, probability = rows["late"], model.predict_proba(rows[columns])[:, 1]
    yield "auc", area_under_roc(late, probability), 0
    yield "log_loss", log_loss(late, probability), 0
    yield "accuracy", float(((probability > 0.5) == late).mean()), 0


def score_accuracy(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Measure accuracy and nothing else."""
    yield "accuracy", float((model.predict(rows[columns]) == rows["late"]).mean()), 0


def score_stages(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Measure the log loss after each tree, and the rest after the last; stop where it explodes."""
    first, probability = None, np.empty(0)
    for step, stage in enumerate(model.staged_predict_proba(rows[columns])):
        probability = stage[:, 1]
        loss = log_loss(rows["late"], probability)
        yield "log_loss", loss, step
        first = first or loss
        if loss > 2 * first:
            raise Hopeless(
                f"log loss {loss:.2f} after {step + 1} trees, {first:.2f} after the first"
            )
    yield "auc", area_under_roc(rows["late"], probability), 0
    yield "accuracy", float(((probability > 0.5) == rows["late"]).mean()), 0


def score_early(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Measure on the flights of five in the morning: without a late one among them, AUC is undefined."""
    return score_once(model, rows[rows["hour"] == 5], columns)


def score_day_by_day(model: Any, rows: pd.DataFrame, columns: list[str]) -> Iterator[Measured]:
    """Measure AUC from Sunday 7 July on, after each day over the days so far."""
    days = rows["sched_dep_ts"].dt.day.where(rows["month"] == 7)
    for day in range(7, 32):
        so_far = rows[days.between(7, day)]
        yield "auc", area_under_roc(so_far["late"], model.predict_proba(so_far[columns])[:, 1]), day


def area_under_roc(late: pd.Series, probability: np.ndarray) -> float:
    """Area under the ROC curve; NaN where all flights are late, or none.

    Examples
    --------
    >>> area_under_roc(pd.Series([0, 1, 1]), np.array([0.1, 0.2, 0.3]))
    1.0
    >>> area_under_roc(pd.Series([0, 0]), np.array([0.1, 0.2]))
    nan
    """
    from sklearn.metrics import roc_auc_score

    # some versions of scikit-learn raise here, others warn
    return float(roc_auc_score(late, probability)) if late.nunique() == 2 else float("nan")


def log_loss(late: pd.Series, probability: np.ndarray) -> float:
    """Mean negative log probability of what happened; the same as scikit-learn's, and quicker.

    Examples
    --------
    >>> round(log_loss(pd.Series([0, 1]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    tiny = np.finfo(float).eps
    happened = np.where(late == 1, probability, 1 - probability)
    return float(-np.log(np.clip(happened, tiny, 1)).mean())
