"""Search algorithms and their parameters with Optuna, two trials at a time.

The same data, seed and number of trials give the same trials, on a machine of any number of cores:
trials are asked for and told in pairs, and each trains in one thread.
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
from lakelab.automl.metrics import SMALLER_IS_BETTER, Scorer, rank, validation_metric

TRIAL_STATE = optuna.trial.TrialState

_Asked = tuple[optuna.trial.Trial, Algorithm, dict[str, Any]]

AT_A_TIME = 2

RISE = 5e-4
"""A score that is better by less than this (or, where it is large, by this share) has not risen."""

PATIENCE = 20
"""So many trials without a rise end the search early."""

PATIENT_SHARE = 0.07
"""So does this share of the time without a rise, once each algorithm had its turn."""

SHORTEST_PATIENCE = 20.0
"""But never less, in seconds."""

TRIED_FIRST = 0.25
"""A trial trains on this share of the rows first, and goes on only if it does well there."""

ROWS_TO_TRY = 4000
"""With fewer training rows a trial is too quick for that to pay."""


@dataclass(frozen=True)
class Prepared:
    """Rows as the models of one kind take them: matrices, and the fitted steps that made them."""

    preprocess: Any
    x: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """What is searched for.

    Attributes
    ----------
    problem : str
        ``classify`` or ``regress``.
    algorithms : sequence of Algorithm
    prepared : mapping of str to Prepared
        Kind of model -> rows for it, with the parts ``train``, ``validate`` and ``test``.
    y : mapping of str to numpy.ndarray
        Part -> targets.
    weights : numpy.ndarray or None
        One for each training row.
    scorer : Scorer
    metric : str
        The primary metric.
    """

    problem: str
    algorithms: Sequence[Algorithm]
    prepared: Mapping[str, Prepared]
    y: Mapping[str, Any]
    weights: Any
    scorer: Scorer
    metric: str


@dataclass(frozen=True)
class Trial:
    """One trial's result.

    Attributes
    ----------
    number : int
    algorithm : Algorithm
    params : dict
    model : sklearn.pipeline.Pipeline or None
        Preparation and estimator, fitted; None where the trial was given up.
    metrics : dict of str to float
    score : float
        The primary metric on the validation part; on the first rows, where it was given up.
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
class Outcome:
    """How a search ended."""

    finished: int = 0
    given_up: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    stopped_early: bool = False
    interrupted: bool = False


def search(
    task: Task,
    on_trial: Callable[[Trial], None],
    *,
    seconds: float,
    seed: int = 0,
    stop_after: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Train and compare models until time is over, or the score no longer rises.

    Parameters
    ----------
    task : Task
    on_trial : callable
        Told of each trial, in order, while the next ones train.
    seconds : float
        No trial starts later than this.
    seed : int
    stop_after : int, optional
        End after so many trials, too.
    clock : callable
        Gives seconds.

    Returns
    -------
    Outcome

    Raises
    ------
    AutoMLError
        If no trial ends in time, or each one fails.
    KeyboardInterrupt
        If it comes before the first trial ended; later it ends the search.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("optuna").setLevel(logging.WARNING)
    falling = task.metric in SMALLER_IS_BETTER
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            direction="minimize" if falling else "maximize",
            sampler=optuna.samplers.TPESampler(
                seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=8
            ),
            pruner=optuna.pruners.PercentilePruner(75, n_startup_trials=6),
        )
    names = [algorithm.name for algorithm in task.algorithms]
    by_name = dict(zip(names, task.algorithms, strict=True))
    for name in names:
        first = {
            f"{'linear' if by_name[name].shape == 'linear' else name}_{parameter}": value
            for parameter, value in by_name[name].first.items()
        }
        study.enqueue_trial({"algorithm": name, **first})
    rounds = _Rounds(task, study, by_name, falling)
    started = rounds.best_at = clock()
    # BLAS has one number of threads for all; OpenMP one for each thread that asks
    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(AT_A_TIME, initializer=threadpool_limits, initargs=(1, "openmp"))
        try:
            while True:
                count = AT_A_TIME
                if stop_after is not None:
                    count = min(count, stop_after - rounds.asked)
                rounds.next(pool, count, on_trial, clock)
                now = clock()
                rounds.require_a_result(now - started, seconds)
                if rounds.no_longer_rises(now, seconds):
                    rounds.outcome.stopped_early = True
                    break
                if now - started >= seconds or rounds.asked == stop_after:
                    break
        except KeyboardInterrupt:
            if not rounds.outcome.finished:
                raise
            rounds.outcome.interrupted = True
        finally:
            # what is still training ends by itself, and is not waited for
            pool.shutdown(wait=False, cancel_futures=True)
    rounds.tell_of(on_trial)
    return rounds.outcome


class _Rounds:
    """The search, a pair of trials at a time."""

    def __init__(self, task: Task, study: Any, by_name: Mapping[str, Algorithm], falling: bool):
        self.task = task
        self.study = study
        self.by_name = by_name
        self.sign = 1 if falling else -1
        self.asked = 0
        self.outcome = Outcome()
        self.best = (math.inf, math.inf)
        self.risen = math.inf
        self.best_at = 0.0
        self.since_best = 0
        self._untold: list[Trial] = []

    def next(
        self,
        pool: ThreadPoolExecutor,
        count: int,
        on_trial: Callable[[Trial], None],
        clock: Callable[[], float],
    ) -> None:
        batch = self._ask(count)
        jobs: list[Future[Any]] = [
            pool.submit(_first_rows, self.task, *asked[1:]) for asked in batch
        ]
        self.tell_of(on_trial)  # of the round before, while this one trains
        goes_on = [
            asked
            for asked, result in zip(batch, _results(jobs), strict=True)
            if self._does_well(asked, result)
        ]
        jobs = [pool.submit(_all_rows, self.task, *asked[1:]) for asked in goes_on]
        for asked, result in zip(goes_on, _results(jobs), strict=True):
            self._finish(asked, result, clock())

    def tell_of(self, on_trial: Callable[[Trial], None]) -> None:
        while self._untold:
            on_trial(self._untold.pop(0))

    def require_a_result(self, elapsed: float, seconds: float) -> None:
        if self.outcome.finished:
            # a trial that had to be waited for longer than there was time is no result in time
            if self.outcome.finished <= AT_A_TIME and elapsed > seconds and self.asked <= AT_A_TIME:
                raise AutoMLError(
                    f"timeout_minutes={seconds / 60:g} is too short for one trial: the first took "
                    f"{elapsed:.1f} s. Give more time, or fewer rows."
                )
            return
        if self.outcome.failed and (elapsed >= seconds or self.asked >= 2 * len(self.by_name)):
            reasons = "; ".join(f"{name}: {why}" for name, why in self.outcome.failed.items())
            raise AutoMLError(f"no model could be trained on this dataset. {reasons}")

    def no_longer_rises(self, now: float, seconds: float) -> bool:
        if self.asked < len(self.by_name) or not self.outcome.finished:
            return False
        return self.since_best >= PATIENCE or now - self.best_at > max(
            PATIENT_SHARE * seconds, SHORTEST_PATIENCE
        )

    def _ask(self, count: int) -> list[_Asked]:
        batch = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna tells of each parameter that is experimental
            for _ in range(count):
                trial = self.study.ask()
                name = trial.suggest_categorical("algorithm", list(self.by_name))
                batch.append((trial, self.by_name[name], self.by_name[name].search(trial)))
        self.asked += count
        return batch

    def _does_well(self, asked: _Asked, result: Any) -> bool:
        """Say whether a trial is worth all rows; tell the study, if not."""
        trial, algorithm, params = asked
        if isinstance(result, BaseException):
            self._fail(asked, result)
            return False
        if result is None:
            return True
        score, took = result
        trial.report(score, 0)
        if not trial.should_prune():
            return True
        self.study.tell(trial, state=TRIAL_STATE.PRUNED)
        self.outcome.given_up += 1
        self.since_best += 1
        self._untold.append(Trial(trial.number, algorithm, params, None, {}, score, took))
        return False

    def _finish(self, asked: _Asked, result: Any, now: float) -> None:
        trial, algorithm, params = asked
        if isinstance(result, BaseException):
            self._fail(asked, result)
            return
        model, metrics, took = result
        score = metrics[validation_metric(self.task.metric)]
        self.study.tell(trial, score)
        self.outcome.finished += 1
        loss = self.sign * score
        if loss < self.risen - RISE * max(1.0, abs(self.risen) if self.risen < math.inf else 0):
            self.risen, self.best_at, self.since_best = loss, now, 0
        else:
            self.since_best += 1
        place = rank(self.task.metric, metrics)
        is_best, self.best = place < self.best, min(place, self.best)
        self._untold.append(
            Trial(trial.number, algorithm, params, model, metrics, score, took, is_best)
        )

    def _fail(self, asked: _Asked, error: BaseException) -> None:
        self.outcome.failed[asked[1].name] = f"{type(error).__name__}: {error}"
        self.study.tell(asked[0], state=TRIAL_STATE.FAIL)


def _results(jobs: Sequence[Future[Any]]) -> list[Any]:
    """Wait for jobs; an error is a result like any other."""
    wait(jobs)
    return [job.exception() or job.result() for job in jobs]


def _first_rows(
    task: Task, algorithm: Algorithm, params: dict[str, Any]
) -> tuple[float, float] | None:
    """Train on the first rows; None where there are too few to begin with."""
    count = len(task.y["train"])
    if count < ROWS_TO_TRY:
        return None
    began = time.monotonic()
    rows = np.sort(np.random.default_rng(0).permutation(count)[: int(count * TRIED_FIRST)])
    estimator = _fitted(task, algorithm, params, rows)
    score = task.scorer.primary(
        task.metric, estimator, task.prepared[algorithm.shape].x["validate"], task.y["validate"]
    )
    return score, time.monotonic() - began


def _all_rows(
    task: Task, algorithm: Algorithm, params: dict[str, Any]
) -> tuple[Pipeline, dict[str, float], float]:
    began = time.monotonic()
    estimator = _fitted(task, algorithm, params, None)
    prepared = task.prepared[algorithm.shape]
    metrics: dict[str, float] = {}
    for part, prefix in (("train", "training_"), ("validate", "val_"), ("test", "test_")):
        metrics |= task.scorer.all(estimator, prepared.x[part], task.y[part], prefix)
    if not math.isfinite(metrics[validation_metric(task.metric)]):
        raise ValueError(
            f"{validation_metric(task.metric)} is {metrics[validation_metric(task.metric)]}"
        )
    model = Pipeline([("preprocess", prepared.preprocess), ("estimator", estimator)])
    return model, metrics, time.monotonic() - began


def _fitted(task: Task, algorithm: Algorithm, params: dict[str, Any], rows: Any) -> Any:
    prepared = task.prepared[algorithm.shape].x
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
