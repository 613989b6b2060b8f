"""Exercises of lesson 13: find values in the UI, and follow a link to its run."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from lakelab.lessons.exercise import CheckContext, Exercise

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

VALIDATED = "final, calibration sigmoid"
TOO_FAST = "boosting, rate 0.3, 31 leaves"
"""The runs of the study in the first exercise."""


def check_found(lab: CheckContext, deleted: Any, digest: Any, step: Any) -> list[str]:
    """Compare three values from the UI with the results of calls."""
    from mlflow import MlflowClient

    client = MlflowClient()
    study = _study(client)
    ids = [study] if study else []
    if not all(_runs(client, ids, name) for name in (VALIDATED, TOO_FAST)):
        return ["The study is not whole. Run the notebook's first cell, %run ./_lab, again."]
    return [
        mistake
        for mistake in (
            _wrong_deleted(client, ids, deleted),
            _wrong_digest(client, ids, digest),
            _wrong_step(client, ids, step),
        )
        if mistake
    ]


def _study(client: MlflowClient) -> str | None:
    from databricks.sdk import WorkspaceClient

    user = WorkspaceClient().current_user.me().user_name
    found = client.get_experiment_by_name(f"/Users/{user}/lakelab_study")
    return str(found.experiment_id) if found else None


def _wrong_deleted(client: MlflowClient, ids: list[str], deleted: Any) -> str | None:
    from mlflow.entities import ViewType

    if deleted is ...:
        return "deleted is missing: how many runs of the study are deleted?"
    if isinstance(deleted, list):
        return "deleted should be a number. How long is the list?"
    if isinstance(deleted, bool) or not isinstance(deleted, Integral):
        return f"deleted should be a whole number, not {type(deleted).__name__}."
    count = {
        view: len(client.search_runs(ids, run_view_type=view))
        for view in (ViewType.DELETED_ONLY, ViewType.ACTIVE_ONLY, ViewType.ALL)
    }
    if deleted == count[ViewType.DELETED_ONLY]:
        return None
    if deleted == count[ViewType.ACTIVE_ONLY]:
        return "deleted: so many runs are active. Set State to Deleted."
    if deleted == count[ViewType.ALL]:
        return "deleted: so many there are in all, deleted or not."
    return f"deleted: there are not {deleted}. Set State to Deleted, and read below the table."


def _wrong_digest(client: MlflowClient, ids: list[str], digest: Any) -> str | None:
    if digest is ...:
        return f"digest is missing: on which data was '{VALIDATED}' validated?"
    inputs = _run(client, ids, VALIDATED).inputs
    assert inputs is not None
    by_context = {tag.value: one.dataset for one in inputs.dataset_inputs for tag in one.tags}
    given = str(digest).strip("()# ")
    if given == by_context["validation"].digest:
        return None
    if given == by_context["training"].digest:
        return "digest: that is the data it was trained on. It has a second dataset, behind +1."
    if given in [dataset.name for dataset in by_context.values()]:
        return "digest: that is the dataset's name. The digest stands behind it, in brackets."
    return f"digest: no dataset of '{VALIDATED}' has {given!r}. Look under Datasets on its page."


def _wrong_step(client: MlflowClient, ids: list[str], step: Any) -> str | None:
    if step is ...:
        return f"step is missing: when was the log_loss of '{TOO_FAST}' smallest?"
    if hasattr(step, "step"):
        return "step: that is the whole Metric. Take its .step."
    if isinstance(step, bool) or not isinstance(step, Real):
        return f"step should be a whole number, not {type(step).__name__}."
    run = _run(client, ids, TOO_FAST)
    points = client.get_metric_history(run.info.run_id, "log_loss")
    losses: dict[Any, float] = {point.step: point.value for point in points}
    smallest = min(losses.values())
    if losses.get(step) == smallest:  # 2.0 finds what 2 finds
        return None
    if step == smallest:
        return "step: that is the smallest loss. At which step was it?"
    if step == max(losses):
        return "step: that is the last one. The curve was lower before."
    if step not in losses:
        return f"step: the curve has the steps 0 to {max(losses)}."
    return f"step: at step {step:.0f} the loss was {losses[step]:.4f}, and lower at another one."


def _runs(client: MlflowClient, ids: list[str], name: str) -> list[Run]:
    return list(client.search_runs(ids, filter_string=f"run_name = '{name}'")) if ids else []


def _run(client: MlflowClient, ids: list[str], name: str) -> Run:
    return _runs(client, ids, name)[0]


# ---- the second exercise ---------------------------------------------------------------------------
DONE, BROKEN, RUNNING = (
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "00000000000000000000000000000b0b",
    "abcdefabcdefabcdefabcdefabcdef01",
)

LINKS = {
    f"http://127.0.0.1:5000/#/experiments/3/runs/{DONE}": DONE,
    f"http://127.0.0.1:5000/#/experiments/3/runs/{BROKEN}/model-metrics": BROKEN,
    f"https://dbc-1.cloud.databricks.com/ml/experiments/417/runs/{DONE}?o=4711": DONE,
    f"https://dbc-1.cloud.databricks.com/ml/experiments/417/runs/{BROKEN}/artifacts?o=4711": BROKEN,
    f"http://127.0.0.1:5000/#/experiments/3/runs/{RUNNING}": RUNNING,
}

PLANTED: dict[str, tuple[str, str, float | None]] = {
    DONE: ("night training", "FINISHED", 93.5),
    BROKEN: ("too deep", "FAILED", 0.25),
    RUNNING: ("still at it", "RUNNING", None),
}
"""Id -> name, status, seconds."""


class Rehearsal:
    """Three runs in memory with the call `get_run` of MlflowClient."""

    def get_run(self, run_id: str) -> Run:
        """Return the run with an id."""
        from mlflow.entities import Run, RunData, RunInfo
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

        if run_id not in PLANTED:
            raise MlflowException(f"Run with id={run_id} not found", RESOURCE_DOES_NOT_EXIST)
        name, status, seconds = PLANTED[run_id]
        info = RunInfo(
            run_id=run_id,
            experiment_id="3",
            user_id="learner",
            status=status,
            start_time=1_000_000,
            end_time=None if seconds is None else 1_000_000 + int(seconds * 1000),
            lifecycle_stage="active",
            run_name=name,
        )
        return Run(info, RunData(metrics=[], params=[], tags=[]))

    def __getattr__(self, call: str) -> Any:
        raise AttributeError(f"this client has get_run only, not {call}")


def check_behind(lab: CheckContext, behind: Any) -> list[str]:
    """Check the function on links of both UIs, also to a run that is still running."""
    if not callable(behind):
        return [f"behind should be a function, not {type(behind).__name__}."]
    wrong = []
    for link, run_id in LINKS.items():
        mistake = _wrong_link(behind, link, PLANTED[run_id])
        if mistake:
            wrong.append(f"{mistake} The link: {link}")
    return wrong[:2]


def _wrong_link(behind: Any, link: str, planted: tuple[str, str, float | None]) -> str | None:
    try:
        got = behind(Rehearsal(), link)
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return f"It raised {type(error).__name__}: {str(error).rstrip('.')}."
    if got is None:
        return "It returned None. Return a tuple: name, status, seconds."
    if not isinstance(got, (tuple, list)) or len(got) != 3:
        return f"It returned {got!r}. Return three things: name, status, seconds."
    for what, actual, expected in zip(("name", "status", "seconds"), got, planted, strict=True):
        if actual == expected:
            continue
        if what == "seconds" and expected and actual == expected * 1000:
            return f"seconds is {actual:g}: these are milliseconds."
        if what == "seconds" and expected is None:
            return f"seconds is {actual!r}. The run has not ended yet: return None."
        return f"{what} is {actual!r}, and should be {expected!r}."
    return None


EXERCISES = {
    "13.1": Exercise(
        check=check_found,
        hints=(
            "In the UI: State, above the table; Datasets, on the run's page, with +1 for the second; "
            "the tab Model metrics.",
            "run_view_type=ViewType.DELETED_ONLY counts the deleted; run.inputs.dataset_inputs has "
            "the datasets, and each its tags, with the context; get_metric_history has the curve.",
            f"Get the runs by name: client.search_runs(IDS, \"run_name = '{VALIDATED}'\")[0]. The "
            "smallest of the curve: min(points, key=lambda point: point.value).step",
        ),
        solution=f"""
deleted = len(client.search_runs(IDS, run_view_type=ViewType.DELETED_ONLY))

[validated] = client.search_runs(IDS, "run_name = '{VALIDATED}'")
[digest] = [
    one.dataset.digest
    for one in validated.inputs.dataset_inputs
    if "validation" in [tag.value for tag in one.tags]
]

[fast] = client.search_runs(IDS, "run_name = '{TOO_FAST}'")
curve_of_fast = client.get_metric_history(fast.info.run_id, "log_loss")
step = min(curve_of_fast, key=lambda point: point.value).step

lab.check("13.1", deleted, digest, step)
""",
        praise="A filter, a run's page and a curve: you know where to look, and what to call.",
    ),
    "13.2": Exercise(
        check=check_behind,
        hints=(
            "Both UIs put the run's id behind runs/. What follows it differs: nothing, a tab, ?o=...",
            'An id has 32 characters, digits and the letters a to f: re.search(r"runs/([0-9a-f]{32})", '
            "link) finds it.",
            "client.get_run(run_id).info has run_name, status, start_time and end_time, in "
            "milliseconds. end_time is None while the run is running.",
        ),
        solution="""
import re


def behind(client, link):
    run_id = re.search(r"runs/([0-9a-f]{32})", link)[1]
    info = client.get_run(run_id).info
    seconds = None if info.end_time is None else (info.end_time - info.start_time) / 1000
    return info.run_name, info.status, seconds


lab.check("13.2", behind)
""",
        praise="A link is a page for the eyes and an id for the code.",
    ),
}
