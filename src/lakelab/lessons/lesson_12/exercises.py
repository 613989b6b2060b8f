"""Exercises of lesson 12: log a finished training as a run, and log a sweep."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

from lakelab.lessons.exercise import CheckContext, Exercise

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

LEARNING_RATE = 0.02
TRAINED_BY = "another program"
SWEPT = [0.001, 0.1, 10.0]

RunCheck = Callable[["MlflowClient", "Run"], list[str]]
"""(client, run) -> the mistakes in the run."""


def check_import(lab: CheckContext, run_id: Any, diary: Any = None) -> list[str]:
    """Read a run, and compare it with the diary of its training."""
    if list(getattr(diary, "columns", [])) != ["ms", "epoch", "loss"]:
        return ['Give the diary as it was: lab.check("12.1", run_id, diary).']
    return _check_run(run_id, lambda client, run: _wrong_import(client, run, diary))


def check_sweep(lab: CheckContext, sweep_id: Any) -> list[str]:
    """Check the children of a run, and the parent's record of the best child."""
    return _check_run(sweep_id, _wrong_sweep)


def _check_run(run_id: Any, check: RunCheck) -> list[str]:
    """Read a run and check it; an error of a call is a mistake, too."""
    from mlflow import MlflowClient

    if run_id is None or run_id is ...:
        return ["There is no run yet: put its id in the place of the ..."]
    if not isinstance(run_id, str):
        return [f"Give the id of the run, such as run.info.run_id, not {type(run_id).__name__}."]
    try:
        client = MlflowClient()
        run = client.get_run(run_id)
        if run.info.lifecycle_stage == "deleted":
            return ["The run is deleted."]
        return _wrong_end(run) + check(client, run)
    except Exception as error:  # noqa: BLE001 - a learner's run may be anything
        return [f"Reading the run back failed with {type(error).__name__}: {error}"]


def _wrong_end(run: Run) -> list[str]:
    if run.info.status == "RUNNING":
        return ["It is still RUNNING: end the block, or call client.set_terminated(run_id)."]
    return [] if run.info.status == "FINISHED" else [f"It is {run.info.status}, not FINISHED."]


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


# ---- 12.1 ------------------------------------------------------------------------------------------
def _wrong_import(client: MlflowClient, run: Run, diary: pd.DataFrame) -> list[str]:
    run_id = run.info.run_id
    wrong = [
        f"The parameter {key} is {run.data.params.get(key, 'missing')}, expected {value:g}."
        for key, value in {"learning_rate": LEARNING_RATE, "epochs": len(diary)}.items()
        if _number(run.data.params.get(key)) != value
    ]
    wrong += _wrong_points(client.get_metric_history(run_id, "loss_valid"), diary)
    if run.data.tags.get("trained_by") != TRAINED_BY:
        found = run.data.tags.get("trained_by", "missing")
        wrong.append(f"The tag trained_by is {found}, expected {TRAINED_BY}.")
    return wrong + _wrong_artifact(client, run_id, diary) + _wrong_model(run)


def _wrong_points(points: list[Metric], diary: pd.DataFrame) -> list[str]:
    if not points:
        return ["The metric loss_valid is missing."]
    if len(points) != len(diary):
        return [f"loss_valid has {len(points)} points, expected one for each of {len(diary)} rows."]
    points = sorted(points, key=lambda point: (point.step, point.timestamp))
    if [point.step for point in points] != diary["epoch"].tolist():
        steps = ", ".join(str(point.step) for point in points)
        return [f"The steps of loss_valid are {steps}: give the epoch of each row as its step."]
    wrong = []
    pairs = zip(points, diary["loss"], strict=True)
    if not all(math.isclose(point.value, loss, rel_tol=1e-6) for point, loss in pairs):
        wrong.append("The values of loss_valid are not the losses of the diary.")
    if [point.timestamp for point in points] != diary["ms"].tolist():
        wrong.append("The points of loss_valid have other times than the diary: give timestamp.")
    return wrong


def _wrong_artifact(client: MlflowClient, run_id: str, diary: pd.DataFrame) -> list[str]:
    import pandas as pd
    from mlflow.artifacts import load_text

    found = [entry.path for entry in client.list_artifacts(run_id)]
    if "diary.csv" not in found:
        names = ", ".join(found) or "none"
        return [f"There is no artifact diary.csv. Artifacts of the run: {names}."]
    read = pd.read_csv(StringIO(load_text(f"runs:/{run_id}/diary.csv")))
    if len(read) != len(diary) or not set(diary.columns) <= set(read.columns):
        return ["diary.csv does not hold the diary, with its columns and a row for each epoch."]
    return []


def _wrong_model(run: Run) -> list[str]:
    import mlflow

    outputs = run.outputs.model_outputs if run.outputs else []
    if not outputs:
        return ["It has no model: open the run with start_run(run_id=...) and log it in there."]
    for output in outputs:
        signature = mlflow.models.get_model_info(f"models:/{output.model_id}").signature
        if signature is not None and signature.inputs and signature.outputs:
            return []
    return ["Its model has no signature with inputs and outputs: log it with infer_signature."]


# ---- 12.2 ------------------------------------------------------------------------------------------
def _wrong_sweep(client: MlflowClient, parent: Run) -> list[str]:
    run_id = parent.info.run_id
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'"
    )
    if not children:
        return ["No run names it as its parent: open each try with nested=True, in its block."]
    wrong = [
        f"The child {child.info.run_name}: {mistake}"
        for child in children
        for mistake in _wrong_end(child)
    ]
    swept = sorted(_number(child.data.params.get("C")) for child in children)
    if swept != SWEPT:
        found = ", ".join(str(child.data.params.get("C")) for child in children)
        wrong.append(
            f"The children's parameter C is {found}, expected 0.001, 0.1 and 10 once each."
        )
    losses = {child.info.run_id: child.data.metrics.get("loss", math.nan) for child in children}
    if any(math.isnan(loss) for loss in losses.values()):
        return [*wrong, "Not every child has the metric loss."]
    best = min(losses, key=lambda child: losses[child])
    found_loss = parent.data.metrics.get("best_loss", math.nan)
    if not math.isclose(found_loss, losses[best], rel_tol=1e-9):
        shown = "missing" if math.isnan(found_loss) else f"{found_loss:.4f}"
        wrong.append(f"The parent's best_loss is {shown}, expected {losses[best]:.4f}.")
    if parent.data.tags.get("best_run") != best:
        wrong.append("The parent's tag best_run is not the id of the child with the smallest loss.")
    return wrong


EXERCISES = {
    "12.1": Exercise(
        check=check_import,
        hints=(
            "client.create_run(EXPERIMENT, run_name=...) makes the run; its info.run_id goes into "
            'every other call, as in the cell of the run "imported".',
            "log_batch takes a list with Metric(key, value, timestamp, step) for each row of "
            "diary.itertuples(): row.loss, row.ms, row.epoch.",
            'client.log_text(run_id, diary.to_csv(index=False), "diary.csv") is the artifact. The '
            "model needs start_run(run_id=run_id), mlflow.sklearn.log_model and infer_signature.",
        ),
        solution="""
finished, diary = train_elsewhere(learning_rate=0.02, epochs=6)

run_id = client.create_run(EXPERIMENT, run_name="lesson 12, exercise").info.run_id
client.log_batch(
    run_id,
    metrics=[Metric("loss_valid", row.loss, row.ms, row.epoch) for row in diary.itertuples()],
    params=[Param("learning_rate", "0.02"), Param("epochs", "6")],
    tags=[RunTag("trained_by", "another program")],
)
client.log_text(run_id, diary.to_csv(index=False), "diary.csv")
with mlflow.start_run(run_id=run_id):  # at its end the run is FINISHED
    mlflow.sklearn.log_model(
        finished, name="model", signature=infer_signature(X, finished.predict(X)), **how
    )

lab.check("12.1", run_id, diary)
""",
        praise="What trained elsewhere now stands beside your own runs, with its own times.",
    ),
    "12.2": Exercise(
        check=check_sweep,
        hints=(
            "Two blocks, one in the other: start_run for the parent, and in it, for each C, "
            "start_run(nested=True).",
            "Keep the loss of each child in a dictionary, under child.info.run_id.",
            "After the loop, still in the parent's block: mlflow.log_metric and mlflow.set_tag write "
            "to the parent again. min(losses, key=losses.get) is the id of the best.",
        ),
        solution="""
losses = {}
with mlflow.start_run(run_name="lesson 12, exercise sweep") as parent:
    for C in (0.001, 0.1, 10):
        with mlflow.start_run(run_name=f"C = {C}", nested=True) as child:
            tried = make_pipeline(StandardScaler(), LogisticRegression(C=C)).fit(X, y)
            losses[child.info.run_id] = log_loss(y_valid, tried.predict_proba(X_valid))
            mlflow.log_param("C", C)
            mlflow.log_metric("loss", losses[child.info.run_id])
    best = min(losses, key=losses.get)
    mlflow.log_metric("best_loss", losses[best])
    mlflow.set_tag("best_run", best)
sweep_id = parent.info.run_id

lab.check("12.2", sweep_id)
""",
        praise="Three tries, each with a value of its own, and a parent that knows the best.",
    ),
}
