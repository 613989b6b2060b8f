"""Exercises of lesson 11: find the best run, and the best step of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakelab.lessons.exercise import CheckContext, Exercise

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

HERE, ELSEWHERE = "7", "8"
"""The searched experiment, and another one."""

NAN = float("nan")


@dataclass(frozen=True)
class Planted:
    """A run of the rehearsal, and the message if it is returned by mistake."""

    name: str
    metrics: dict[str, float]
    why_not: str = ""
    status: str = "FINISHED"
    stage: str = "active"
    experiment: str = HERE


WINNER = Planted("calibrated", {"auc": 0.81, "log_loss": 0.40})

UNUSABLE = [
    Planted(
        "crashed early",
        {"auc": 0.93, "log_loss": 0.30},
        "It FAILED: what it had logged by then stayed. Only runs that FINISHED may win.",
        status="FAILED",
    ),
    Planted(
        "stopped",
        {"auc": 0.90, "log_loss": 0.31},
        "It was KILLED. Only runs that FINISHED may win.",
        status="KILLED",
    ),
    Planted(
        "still at it",
        {"auc": 0.88, "log_loss": 0.33},
        "It is still RUNNING. Only runs that FINISHED may win.",
        status="RUNNING",
    ),
    Planted(
        "cheat",
        {"auc": 0.97, "log_loss": 0.10},
        "It is deleted. ViewType.ACTIVE_ONLY, the default, leaves such runs out.",
        stage="deleted",
    ),
    Planted("not a number", {"auc": NAN, "log_loss": 0.05}, "Its auc is NaN, which is no score."),
    Planted("smoke test", {"log_loss": 0.04}, "It has no auc."),
    Planted(
        "somebody else's",
        {"auc": 0.99, "log_loss": 0.02},
        "It belongs to another experiment: search in experiment_id only.",
        experiment=ELSEWHERE,
    ),
]

LOSERS = [
    Planted(
        "not calibrated",
        {"auc": 0.81, "log_loss": 0.55},
        "Another run has the same auc and a smaller log_loss. A second entry in order_by breaks the tie.",
    ),
    Planted(
        "coin",
        {"auc": 0.50, "log_loss": 0.69},
        "It has the lowest auc. AUC is a score: the highest first, so DESC.",
    ),
    Planted(
        "good odds",
        {"auc": 0.78, "log_loss": 0.38},
        "It has the smallest log_loss, but not the highest auc, and auc comes first.",
    ),
]


def _make_run(plan: Planted, run_id: str, number: int) -> Run:
    from mlflow.entities import Metric, Run, RunData, RunInfo

    info = RunInfo(
        run_id=run_id,
        experiment_id=plan.experiment,
        user_id="learner",
        status=plan.status,
        start_time=1_000 + number,
        end_time=None if plan.status == "RUNNING" else 2_000 + number,
        lifecycle_stage=plan.stage,
        run_name=plan.name,
    )
    metrics = [Metric(key, value, 0, 0) for key, value in plan.metrics.items()]
    return Run(info, RunData(metrics=metrics, params=[], tags=[]))


class Rehearsal:
    """Experiments in memory with the search calls of MlflowClient.

    Parameters
    ----------
    planted : list of Planted
        The runs in the order of their start.
    """

    def __init__(self, planted: list[Planted]):
        self.runs = [
            _make_run(plan, f"run-{number:04}", number) for number, plan in enumerate(planted)
        ]

    def search_runs(
        self,
        experiment_ids: Any,
        filter_string: str = "",
        run_view_type: int = 1,  # ViewType.ACTIVE_ONLY
        max_results: int = 1000,
        order_by: Any = None,
        page_token: str | None = None,
    ) -> list[Run]:
        from mlflow.entities import LifecycleStage
        from mlflow.store.entities import PagedList
        from mlflow.utils.search_utils import SearchUtils

        ids = [experiment_ids] if isinstance(experiment_ids, (int, str)) else experiment_ids
        stages = LifecycleStage.view_type_to_stages(run_view_type)
        found = [
            run
            for run in self.runs
            if run.info.experiment_id in map(str, ids) and run.info.lifecycle_stage in stages
        ]
        # MLflow's own search over lists, with the same grammar and messages
        found = SearchUtils.sort(SearchUtils.filter(found, filter_string), order_by)
        return PagedList(*SearchUtils.paginate(found, page_token, max_results))

    def get_run(self, run_id: str) -> Run:
        from mlflow.exceptions import MlflowException

        for run in self.runs:
            if run.info.run_id == run_id:
                return run
        raise MlflowException(f"Run with id={run_id} not found")


class Curve:
    """A run in memory with the calls `get_metric_history` and `get_run`.

    Parameters
    ----------
    points : list of tuple of int and float
        Step and value, in the order of the history.
    """

    def __init__(self, points: list[tuple[int, float]]):
        self.points = points

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        from mlflow.entities import Metric

        self._require_known(run_id)
        if key == "auc":  # another curve, to find an answer from the wrong metric
            return [Metric(key, 0.5 + step / 1_000, 0, step) for step, _ in self.points]
        return [Metric(key, value, 0, step) for step, value in self.points if key == "log_loss"]

    def get_run(self, run_id: str) -> Run:
        self._require_known(run_id)
        step, value = max(self.points)
        metrics = {"log_loss": value, "auc": 0.5 + step / 1_000}
        return _make_run(Planted("curve", metrics), run_id, 0)

    def _require_known(self, run_id: str) -> None:
        from mlflow.exceptions import MlflowException

        if run_id != "curve":
            raise MlflowException(f"Run with id={run_id} not found")


def check_best_run(lab: CheckContext, best_run: Any) -> list[str]:
    """Check the function on three experiments: with traps, without a usable run, with two pages."""
    if not callable(best_run):
        return [f"best_run should be a function, not {type(best_run).__name__}."]
    planted = [WINNER, *LOSERS, *UNUSABLE]
    wrong = _search(best_run, planted, WINNER)
    if not wrong:
        wrong = [
            f"In an experiment with no run to choose from: {what} Return None there."
            for what in _search(best_run, UNUSABLE, None)
        ]
    if not wrong:
        many = [
            Planted(f"try {number}", {"auc": 0.6 + number / 10_000, "log_loss": 0.6})
            for number in range(1_200)
        ]
        wrong = [
            f"In an experiment of {len(many) + 1:,} runs, whose best is the oldest: {what}"
            for what in _search(best_run, [WINNER, *many], WINNER)
        ]
    return wrong


def _search(best_run: Any, planted: list[Planted], expected: Planted | None) -> list[str]:
    from mlflow.entities import Run

    try:
        returned = best_run(Rehearsal(planted), HERE)
    except AttributeError as error:
        if "Rehearsal" not in str(error):
            return [f"best_run raised AttributeError: {error}."]
        return [
            f"{str(error).replace('Rehearsal', 'rehearsal client')}. It has: search_runs, get_run."
        ]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"best_run raised {type(error).__name__}: {error}."]
    if returned is None:
        return [] if expected is None else ["best_run returned None, and there is a best run."]
    if isinstance(returned, list):
        return ["best_run returned a list. Return one run: the first, or None if there is none."]
    if not isinstance(returned, Run):
        return [f"best_run should return a Run or None, not {type(returned).__name__}."]
    if expected and returned.info.run_name == expected.name:
        return []
    why = {plan.name: plan.why_not for plan in planted}
    reason = why.get(returned.info.run_name) or "It does not have the highest auc."
    return [f"it chose the run '{returned.info.run_name}'. {reason}"]


POINTS = [(40, NAN), (50, 0.47), (10, 0.62), (30, 0.44), (20, 0.44), (0, 0.66), (60, 0.52)]
"""The points are not in order: the step of each point counts."""


def check_best_step(lab: CheckContext, best_step: Any) -> list[str]:
    """Check the function on a curve with a NaN, two lowest points and a rise at the end."""
    if not callable(best_step):
        return [f"best_step should be a function, not {type(best_step).__name__}."]
    try:
        returned = best_step(Curve(POINTS), "curve")
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [
            f"best_step raised {type(error).__name__}: {str(error).replace('Curve', 'client')}."
        ]
    if returned is None:
        return ["best_step returned None. Return the step, a whole number."]
    if hasattr(returned, "step"):
        return ["best_step returned the whole Metric. Return its step."]
    if isinstance(returned, bool) or not isinstance(returned, (int, float)):
        return [f"best_step should return a whole number, not {type(returned).__name__}."]
    if returned == 20:
        return []
    hints = {
        0.44: "That is the lowest value. Return the step at which it was.",
        30: "Step 30 is as low as step 20, and later. The earlier one is wanted.",
        40: "The value at step 40 is NaN. No comparison with it is true, so min cannot judge it.",
        60: "Step 60 is the last one; the value was lower before.",
        0: "The loss was highest at step 0. Or is it the position in the list?",
    }
    return [
        hints.get(
            returned, f"The loss was not lowest at step {returned}. Look at each point's step."
        )
    ]


EXERCISES = {
    "11.1": Exercise(
        check=check_best_run,
        hints=(
            "One search does it: a filter for what may win, an order for what is best, one result.",
            "The filter: attributes.status = 'FINISHED' AND metrics.auc > 0. Deleted runs are left "
            "out by default.",
            'The order: ["metrics.auc DESC", "metrics.log_loss ASC"]. And the first of an empty list '
            "raises IndexError.",
        ),
        solution="""
def best_run(client, experiment_id):
    found = client.search_runs(
        [experiment_id],
        filter_string="attributes.status = 'FINISHED' AND metrics.auc > 0",
        order_by=["metrics.auc DESC", "metrics.log_loss ASC"],
        max_results=1,
    )
    return found[0] if found else None


lab.check("11.1", best_run)
""",
        praise="Nothing that failed, was deleted, or never had a score can win, and the tie is decided.",
    ),
    "11.2": Exercise(
        check=check_best_step,
        hints=(
            'client.get_metric_history(run_id, "log_loss") gives the points; each has .step and '
            ".value.",
            "Leave out the points whose value is NaN: math.isnan tells.",
            "min over the points, by the key (point.value, point.step): equal values, then the "
            "earlier step.",
        ),
        solution="""
import math


def best_step(client, run_id):
    curve = client.get_metric_history(run_id, "log_loss")
    numbers = [point for point in curve if not math.isnan(point.value)]
    return min(numbers, key=lambda point: (point.value, point.step)).step


lab.check("11.2", best_step)
""",
        praise="The curve says what the run's one number hides.",
    ),
}
