"""Search algorithms and their parameters with Optuna, two trials at a time.

The same data, seed and number of trials give the same trials on any number of cores: Optuna suggests
trials and receives their results in pairs, and each trial trains in one thread.
"""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from mlflow.utils.autologging_utils import disable_autologging
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from lakelab.automl.algorithms import Algorithm, Rows
from lakelab.automl.errors import AutoMLError
from lakelab.automl.metrics import SMALLER_IS_BETTER, Scorer, rank_key, validation_metric

TRIAL_STATE = optuna.trial.TrialState

_Suggestion = tuple[optuna.trial.Trial, Algorithm, dict[str, Any]]

PARALLEL_TRIALS = 2

MIN_IMPROVEMENT = 5e-4
"""A smaller gain of the score (or, for large scores, a smaller relative gain) is no improvement."""

PATIENCE = 20
"""The search ends early after this number of trials without an improvement."""

PATIENCE_TIME_SHARE = 0.07
"""The search also ends early after this share of the timeout without an improvement, once each
algorithm had a trial."""

MIN_PATIENCE_SECONDS = 20.0
"""The shortest such time, in seconds."""

FIRST_PASS_SHARE = 0.25
"""The share of the rows for a first training. A trial with a poor score there is pruned."""

MIN_FIRST_PASS_ROWS = 4000
"""With fewer training rows, trials skip the first training, as they are fast."""


@dataclass(frozen=True)
class PreparedRows:
    """Preprocessed rows for one model family: the fitted preprocessing and a matrix for each part."""

    preprocess: Any
    x: Mapping[str, Any]


@dataclass(frozen=True)
class SearchTask:
    """The problem, the data and the algorithms of a search.

    Attributes
    ----------
    problem : str
        ``classify`` or ``regress``.
    algorithms : sequence of Algorithm
    prepared : mapping of str to PreparedRows
        Model family -> its rows, with the parts ``train``, ``validate`` and ``test``.
    y : mapping of str to numpy.ndarray
        Part -> targets.
    weights : numpy.ndarray or None
        The weights of the training rows.
    scorer : Scorer
    metric : str
        The primary metric.
    """

    problem: str
    algorithms: Sequence[Algorithm]
    prepared: Mapping[str, PreparedRows]
    y: Mapping[str, Any]
    weights: Any
    scorer: Scorer
    metric: str


@dataclass(frozen=True)
class Trial:
    """The result of one trial.

    Attributes
    ----------
    number : int
    algorithm : Algorithm
    params : dict
    model : sklearn.pipeline.Pipeline or None
        The fitted preprocessing and estimator; None if the trial was pruned.
    metrics : dict of str to float
    score : float
        The primary metric on the validation part. A pruned trial trained on a part of the rows.
    seconds : float
    is_best_so_far : bool
    """

    number: int
    algorithm: Algorithm
    params: dict[str, Any]
    model: Pipeline | None
    metrics: dict[str, float]
    score: float
    seconds: float
    is_best_so_far: bool = False


@dataclass
class SearchOutcome:
    """The counts and errors of the trials of a search, and the reason of its end."""

    finished: int = 0
    pruned: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    stopped_early: bool = False
    interrupted: bool = False


def search(
    task: SearchTask,
    on_trial: Callable[[Trial], None],
    *,
    seconds: float,
    seed: int = 0,
    stop_after: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> SearchOutcome:
    """Train and compare models until the timeout, or until the score no longer improves.

    Parameters
    ----------
    task : SearchTask
    on_trial : callable
        Called with each trial, in order, while the next trials train.
    seconds : float
        The time after which no trial starts.
    seed : int
    stop_after : int, optional
        The largest number of trials.
    clock : callable
        Returns seconds.

    Returns
    -------
    SearchOutcome

    Raises
    ------
    AutoMLError
        If no trial ends in time, or each one fails.
    KeyboardInterrupt
        If it is raised before the first trial ended. Later it ends the search.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("optuna").setLevel(logging.WARNING)
    minimize = task.metric in SMALLER_IS_BETTER
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            direction="minimize" if minimize else "maximize",
            sampler=optuna.samplers.TPESampler(
                seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=8
            ),
            pruner=optuna.pruners.PercentilePruner(75, n_startup_trials=6),
        )
    names = [algorithm.name for algorithm in task.algorithms]
    by_name = dict(zip(names, task.algorithms, strict=True))
    for name in names:
        params = {
            f"{'linear' if by_name[name].family == 'linear' else name}_{parameter}": value
            for parameter, value in by_name[name].initial_params.items()
        }
        study.enqueue_trial({"algorithm": name, **params})
    loop = _SearchLoop(task, study, by_name, minimize)
    started = loop.improved_at = clock()
    # BLAS has one limit for the process; OpenMP has one limit for each calling thread
    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(
            PARALLEL_TRIALS, initializer=threadpool_limits, initargs=(1, "openmp")
        )
        try:
            while True:
                count = PARALLEL_TRIALS
                if stop_after is not None:
                    count = min(count, stop_after - loop.suggested)
                loop.run_round(pool, count, on_trial, clock)
                now = clock()
                loop.require_result(now - started, seconds)
                if loop.has_stalled(now, seconds):
                    loop.outcome.stopped_early = True
                    break
                if now - started >= seconds or loop.suggested == stop_after:
                    break
        except KeyboardInterrupt:
            if not loop.outcome.finished:
                raise
            loop.outcome.interrupted = True
        finally:
            # trials that still train end by themselves: the search does not wait for them
            pool.shutdown(wait=False, cancel_futures=True)
    loop.report(on_trial)
    return loop.outcome


class _SearchLoop:
    """The state of a search, which runs a pair of trials at a time."""

    def __init__(
        self, task: SearchTask, study: Any, by_name: Mapping[str, Algorithm], minimize: bool
    ):
        self.task = task
        self.study = study
        self.by_name = by_name
        self.sign = 1 if minimize else -1
        self.suggested = 0
        self.outcome = SearchOutcome()
        self.best = (math.inf, math.inf)
        self.reference_loss = math.inf
        self.improved_at = 0.0
        self.trials_without_improvement = 0
        self._unreported: list[Trial] = []

    def run_round(
        self,
        pool: ThreadPoolExecutor,
        count: int,
        on_trial: Callable[[Trial], None],
        clock: Callable[[], float],
    ) -> None:
        batch = self._suggest(count)
        jobs: list[Future[Any]] = [
            pool.submit(_train_first_rows, self.task, *suggestion[1:]) for suggestion in batch
        ]
        self.report(on_trial)  # the trials of the last round, while this round trains
        remaining = [
            suggestion
            for suggestion, result in zip(batch, _results(jobs), strict=True)
            if self._passes_first_training(suggestion, result)
        ]
        jobs = [
            pool.submit(_train_all_rows, self.task, *suggestion[1:]) for suggestion in remaining
        ]
        for suggestion, result in zip(remaining, _results(jobs), strict=True):
            self._finish(suggestion, result, clock())

    def report(self, on_trial: Callable[[Trial], None]) -> None:
        while self._unreported:
            on_trial(self._unreported.pop(0))

    def require_result(self, elapsed: float, seconds: float) -> None:
        if self.outcome.finished:
            # a first round that ended after the timeout is too late
            if (
                self.outcome.finished <= PARALLEL_TRIALS
                and elapsed > seconds
                and self.suggested <= PARALLEL_TRIALS
            ):
                raise AutoMLError(
                    f"timeout_minutes={seconds / 60:g} is too short for one trial: the first took "
                    f"{elapsed:.1f} s. Give more time, or fewer rows."
                )
            return
        if self.outcome.failed and (elapsed >= seconds or self.suggested >= 2 * len(self.by_name)):
            reasons = "; ".join(f"{name}: {why}" for name, why in self.outcome.failed.items())
            raise AutoMLError(f"no model could be trained on this dataset. {reasons}")

    def has_stalled(self, now: float, seconds: float) -> bool:
        if self.suggested < len(self.by_name) or not self.outcome.finished:
            return False
        return self.trials_without_improvement >= PATIENCE or now - self.improved_at > max(
            PATIENCE_TIME_SHARE * seconds, MIN_PATIENCE_SECONDS
        )

    def _suggest(self, count: int) -> list[_Suggestion]:
        batch = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna warns of each experimental parameter
            for _ in range(count):
                trial = self.study.ask()
                name = trial.suggest_categorical("algorithm", list(self.by_name))
                batch.append((trial, self.by_name[name], self.by_name[name].search(trial)))
        self.suggested += count
        return batch

    def _passes_first_training(self, suggestion: _Suggestion, result: Any) -> bool:
        """Return whether a trial trains on all rows; otherwise prune or fail it in the study."""
        trial, algorithm, params = suggestion
        if isinstance(result, BaseException):
            self._fail(suggestion, result)
            return False
        if result is None:
            return True
        score, seconds = result
        trial.report(score, 0)
        if not trial.should_prune():
            return True
        self.study.tell(trial, state=TRIAL_STATE.PRUNED)
        self.outcome.pruned += 1
        self.trials_without_improvement += 1
        self._unreported.append(Trial(trial.number, algorithm, params, None, {}, score, seconds))
        return False

    def _finish(self, suggestion: _Suggestion, result: Any, now: float) -> None:
        trial, algorithm, params = suggestion
        if isinstance(result, BaseException):
            self._fail(suggestion, result)
            return
        model, metrics, seconds = result
        score = metrics[validation_metric(self.task.metric)]
        self.study.tell(trial, score)
        self.outcome.finished += 1
        loss = self.sign * score
        if loss < self.reference_loss - MIN_IMPROVEMENT * max(
            1.0, abs(self.reference_loss) if self.reference_loss < math.inf else 0
        ):
            self.reference_loss, self.improved_at, self.trials_without_improvement = loss, now, 0
        else:
            self.trials_without_improvement += 1
        key = rank_key(self.task.metric, metrics)
        is_best, self.best = key < self.best, min(key, self.best)
        self._unreported.append(
            Trial(trial.number, algorithm, params, model, metrics, score, seconds, is_best)
        )

    def _fail(self, suggestion: _Suggestion, error: BaseException) -> None:
        self.outcome.failed[suggestion[1].name] = f"{type(error).__name__}: {error}"
        self.study.tell(suggestion[0], state=TRIAL_STATE.FAIL)


def _results(jobs: Sequence[Future[Any]]) -> list[Any]:
    """Wait for jobs; return the result or the exception of each job."""
    wait(jobs)
    return [job.exception() or job.result() for job in jobs]


def _train_first_rows(
    task: SearchTask, algorithm: Algorithm, params: dict[str, Any]
) -> tuple[float, float] | None:
    """Train on a part of the rows; return None if the training part is small."""
    count = len(task.y["train"])
    if count < MIN_FIRST_PASS_ROWS:
        return None
    started = time.monotonic()
    rows = np.sort(np.random.default_rng(0).permutation(count)[: int(count * FIRST_PASS_SHARE)])
    estimator = _fit(task, algorithm, params, rows)
    score = task.scorer.primary(
        task.metric, estimator, task.prepared[algorithm.family].x["validate"], task.y["validate"]
    )
    return score, time.monotonic() - started


def _train_all_rows(
    task: SearchTask, algorithm: Algorithm, params: dict[str, Any]
) -> tuple[Pipeline, dict[str, float], float]:
    started = time.monotonic()
    estimator = _fit(task, algorithm, params, None)
    prepared = task.prepared[algorithm.family]
    metrics: dict[str, float] = {}
    for part, prefix in (("train", "training_"), ("validate", "val_"), ("test", "test_")):
        metrics |= task.scorer.all(estimator, prepared.x[part], task.y[part], prefix)
    if not math.isfinite(metrics[validation_metric(task.metric)]):
        raise ValueError(
            f"{validation_metric(task.metric)} is {metrics[validation_metric(task.metric)]}"
        )
    model = Pipeline([("preprocess", prepared.preprocess), ("estimator", estimator)])
    return model, metrics, time.monotonic() - started


def _fit(task: SearchTask, algorithm: Algorithm, params: dict[str, Any], rows: Any) -> Any:
    prepared = task.prepared[algorithm.family].x
    x, y, weights = prepared["train"], task.y["train"], task.weights
    if rows is not None:
        x, y, weights = x[rows], y[rows], None if weights is None else weights[rows]
    labels_are_numbers = list(task.scorer.classes) == list(range(len(task.scorer.classes)))
    estimator = algorithm.build(params, task.problem, labels_are_numbers)
    with disable_autologging(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return algorithm.fit(
            estimator, Rows(x, y, weights), Rows(prepared["validate"], task.y["validate"])
        )
