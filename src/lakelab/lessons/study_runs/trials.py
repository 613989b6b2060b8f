"""The trials of the study: each one is a run that is going to be trained and scored.

Tested in ``tests/lessons/study_runs/test_study.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakelab.lessons.study_runs.rows import FEATURES
from lakelab.lessons.study_runs.scores import (
    Measured,
    score_accuracy,
    score_day_by_day,
    score_early,
    score_once,
    score_stages,
)

if TYPE_CHECKING:
    import pandas as pd


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
        `algorithm`, `features`, `rows` (the number of flights to train on), and the parameters of the
        algorithm.
    score : callable
        Takes the model, the flights to validate on and the columns; yields metrics.
    ends : {"FINISHED", "FAILED", "KILLED"}
        The status with which the run must end. Any other end is an error of the study.
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
        """The columns that the model uses."""
        return FEATURES[self.params["features"]]


def first_steps() -> list[Trial]:
    """Return the runs that are typical for the beginning of an experiment."""
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
    """Return logistic regressions, without and with the weather."""
    return [
        _trial(
            f"regression, C {strength}{_suffix(features)}",
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
    """Return single trees, from shallow to deep.

    Sorted as texts, the depths 10 and 16 come before 2.
    """
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
    """Return boosted trees with a learning curve: two that diverge, slow learners, quick ones."""
    return [
        _trial(
            f"boosting, rate {rate}, {leaves} leaves{_suffix(features)}",
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
    """Return the best model twice, on more flights: calibrated, and uncalibrated.

    Both rank the flights alike.
    """
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
    """Return two later checks, scored on fewer flights than the others. One fails."""
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
    """Return a trial with the settings that most trials have in common."""
    options = ("ends", "note", "keep_model", "name_data", "delete")
    given = {key: settings.pop(key) for key in options if key in settings}
    common = {"algorithm": algorithm, "features": "schedule and weather", "rows": 3_000}
    return Trial(name, stage, common | settings, score or score_once, **given)


def _suffix(features: str) -> str:
    return "" if features != "schedule" else ", no weather"
