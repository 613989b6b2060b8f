"""Lesson 12: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lakelab.lab import Lab
from lakelab.lessons.lesson_12.exercises import EXERCISES, check_import, check_sweep
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import defined

X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["hour", "distance"])
y = (X["hour"] > 0).astype(int)
MODEL = LogisticRegression().fit(X, y)
HOW = {"pip_requirements": ["scikit-learn"], "serialization_format": "cloudpickle"}
DIARY = pd.DataFrame({"ms": [1000, 2500, 4000], "epoch": [0, 1, 2], "loss": [0.7, 0.6, 0.65]})


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "lakelab"))


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory):
    """Return a client of a store for runs in a temporary folder."""
    root = tmp_path_factory.mktemp("lesson_12")
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(root / "artifacts"))
        mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
        yield
    mlflow.set_tracking_uri(before)


@pytest.fixture
def client():
    return MlflowClient()


@pytest.fixture
def in_the_lesson(client):
    """Return the names that the lesson has defined before the exercises."""
    return {
        "client": client,
        "mlflow": mlflow,
        "EXPERIMENT": "0",
        "Metric": Metric,
        "Param": Param,
        "RunTag": RunTag,
        "infer_signature": infer_signature,
        "log_loss": log_loss,
        "make_pipeline": make_pipeline,
        "StandardScaler": StandardScaler,
        "LogisticRegression": LogisticRegression,
        "X": X,
        "y": y,
        "X_valid": X,
        "y_valid": y,
        "how": HOW,
    }


def points(diary=DIARY):
    return [Metric("loss_valid", row.loss, row.ms, row.epoch) for row in diary.itertuples()]


@pytest.fixture
def imported(client):
    """Return a function that logs 12.1 without its model, with changes, and returns the run id."""

    def log(metrics=None, learning_rate="0.02", epochs="3", trained_by="another program"):
        run_id = client.create_run("0").info.run_id
        client.log_batch(
            run_id,
            metrics=points() if metrics is None else metrics,
            params=[Param("learning_rate", learning_rate), Param("epochs", epochs)],
            tags=[RunTag("trained_by", trained_by)],
        )
        client.log_text(run_id, DIARY.to_csv(index=False), "diary.csv")
        client.set_terminated(run_id)
        return run_id

    return log


NO_MODEL = "It has no model: open the run with start_run(run_id=...) and log it in there."


def log_model(run_id, **more):
    with mlflow.start_run(run_id=run_id):
        mlflow.sklearn.log_model(MODEL, name="model", **HOW, **more)


class TestImport:
    def test_the_solution_passes(self, lab, in_the_lesson, capsys):
        six = pd.DataFrame({"ms": range(100, 700, 100), "epoch": range(6), "loss": 0.5})

        def train_elsewhere(learning_rate, epochs):
            assert (learning_rate, epochs) == (0.02, len(six))
            return MODEL, six

        run_id = defined(
            EXERCISES["12.1"].solution, "run_id", train_elsewhere=train_elsewhere, **in_the_lesson
        )
        assert check(lab, "12.1", run_id, six)
        assert "12.1: right" in capsys.readouterr().out

    def test_the_fluent_api_passes(self, lab, tmp_path):
        DIARY.to_csv(tmp_path / "diary.csv")  # with pandas' own index
        with mlflow.start_run() as run:
            mlflow.log_params({"learning_rate": 0.02, "epochs": 3})
            for row in DIARY.itertuples():
                mlflow.log_metric("loss_valid", row.loss, step=row.epoch, timestamp=row.ms)
            mlflow.set_tag("trained_by", "another program")
            mlflow.log_artifact(str(tmp_path / "diary.csv"))
            mlflow.sklearn.log_model(MODEL, artifact_path="model", input_example=X.head(2), **HOW)
        assert check_import(lab, run.info.run_id, DIARY) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        assert not check(lab, "12.1", ..., DIARY)
        assert "There is no run yet" in capsys.readouterr().out

    def test_no_diary(self, lab, imported):
        for diary in ((), (None,), (7,), (DIARY[["ms"]],)):
            assert "Give the diary" in check_import(lab, imported(), *diary)[0]

    def test_an_answer_that_is_no_id(self, lab, client):
        assert "not Run" in check_import(lab, client.create_run("0"), DIARY)[0]
        assert "not int" in check_import(lab, 12, DIARY)[0]
        (wrong,) = check_import(lab, "no-such-run", DIARY)
        assert wrong.startswith("Reading the run back failed with MlflowException")

    def test_an_empty_run(self, lab, client):
        assert check_import(lab, client.create_run("0").info.run_id, DIARY) == [
            "It is still RUNNING: end the block, or call client.set_terminated(run_id).",
            "The parameter learning_rate is missing, expected 0.02.",
            "The parameter epochs is missing, expected 3.",
            "The metric loss_valid is missing.",
            "The tag trained_by is missing, expected another program.",
            "There is no artifact diary.csv. Artifacts of the run: none.",
            NO_MODEL,
        ]

    def test_the_status_of_the_run(self, lab, client, imported):
        run_id = imported()
        client.set_terminated(run_id, "FAILED")
        assert check_import(lab, run_id, DIARY) == ["It is FAILED, not FINISHED.", NO_MODEL]
        client.delete_run(run_id)
        assert check_import(lab, run_id, DIARY) == ["The run is deleted."]

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"learning_rate": "0.01"}, "The parameter learning_rate is 0.01, expected 0.02."),
            ({"epochs": "three"}, "The parameter epochs is three, expected 3."),
            ({"trained_by": "me"}, "The tag trained_by is me, expected another program."),
            (
                {"metrics": points()[:2]},
                "loss_valid has 2 points, expected one for each of 3 rows.",
            ),
            (
                {"metrics": points(DIARY.assign(epoch=0))},
                "The steps of loss_valid are 0, 0, 0: give the epoch of each row as its step.",
            ),
            (
                {"metrics": points(DIARY.assign(ms=9000))},
                "The points of loss_valid have other times than the diary: give timestamp.",
            ),
            (
                {"metrics": points(DIARY.assign(loss=0.1))},
                "The values of loss_valid are not the losses of the diary.",
            ),
        ],
    )
    def test_one_thing_wrong(self, lab, imported, changed, message):
        assert check_import(lab, imported(**changed), DIARY) == [message, NO_MODEL]

    def test_other_numbers_for_the_same_parameters_pass(self, lab, imported):
        assert check_import(lab, imported(learning_rate="2e-2"), DIARY) == [NO_MODEL]

    def test_another_artifact(self, lab, client, imported):
        run_id = imported()
        client.log_text(run_id, "late\n", "diary.csv")
        assert "does not hold the diary" in check_import(lab, run_id, DIARY)[0]
        client.log_text(run_id, DIARY.head(2).to_csv(), "diary.csv")
        assert "does not hold the diary" in check_import(lab, run_id, DIARY)[0]
        client.log_text(run_id, "", "diary.csv")
        assert check_import(lab, run_id, DIARY)[0].startswith("Reading the run back failed")

    @pytest.mark.parametrize("signature", [None, infer_signature(X)])
    def test_a_model_without_a_whole_signature(self, lab, imported, signature):
        run_id = imported()
        log_model(run_id, signature=signature)
        (wrong,) = check_import(lab, run_id, DIARY)
        assert wrong.startswith("Its model has no signature with inputs and outputs")

    def test_a_second_model_that_has_one_passes(self, lab, imported):
        run_id = imported()
        log_model(run_id)
        log_model(run_id, signature=infer_signature(X, MODEL.predict(X)))
        assert check_import(lab, run_id, DIARY) == []


class TestSweep:
    @pytest.fixture
    def sweep(self, client):
        """Return a function that logs 12.2 with the client, and returns the ids of parent and children."""

        def log(losses=(0.5, 0.3, 0.4), nested=True, cs=("0.001", "0.1", "10")):
            parent = client.create_run("0", run_name="parent").info.run_id
            children = []
            for c, loss in zip(cs, losses, strict=True):
                tags = {"mlflow.parentRunId": parent} if nested else {}
                child = client.create_run("0", run_name=f"C = {c}", tags=tags).info.run_id
                client.log_param(child, "C", c)
                if loss is not None:
                    client.log_metric(child, "loss", loss)
                client.set_terminated(child)
                children.append(child)
            client.log_metric(parent, "best_loss", 0.3)
            client.set_tag(parent, "best_run", children[1])
            client.set_terminated(parent)
            return parent, children

        return log

    def test_the_solution_passes(self, lab, in_the_lesson, capsys):
        sweep_id = defined(EXERCISES["12.2"].solution, "sweep_id", **in_the_lesson)
        assert check(lab, "12.2", sweep_id)
        assert "12.2: right" in capsys.readouterr().out

    def test_by_the_client_passes(self, lab, sweep):
        assert check_sweep(lab, sweep()[0]) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        assert not check(lab, "12.2", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_runs_that_are_not_nested(self, lab, sweep):
        (wrong,) = check_sweep(lab, sweep(nested=False)[0])
        assert wrong.startswith("No run names it as its parent")

    def test_a_child_instead_of_the_parent(self, lab, sweep):
        assert "No run names it as its parent" in check_sweep(lab, sweep()[1][0])[0]

    def test_another_c(self, lab, sweep):
        (wrong,) = check_sweep(lab, sweep(cs=("0.001", "0.1", "0.1"))[0])
        assert wrong.startswith("The children's parameter C is")
        assert "expected 0.001, 0.1 and 10" in wrong

    def test_a_child_without_a_loss(self, lab, sweep):
        assert check_sweep(lab, sweep(losses=(0.5, 0.3, None))[0]) == [
            "Not every child has the metric loss."
        ]

    def test_a_child_that_failed(self, lab, client, sweep):
        parent, children = sweep()
        client.set_terminated(children[2], "FAILED")
        assert check_sweep(lab, parent) == ["The child C = 10: It is FAILED, not FINISHED."]

    def test_the_worst_child_as_the_best(self, lab, client, sweep):
        parent, children = sweep()
        client.log_metric(parent, "best_loss", 0.5, step=1)
        client.set_tag(parent, "best_run", children[0])
        assert check_sweep(lab, parent) == [
            "The parent's best_loss is 0.5000, expected 0.3000.",
            "The parent's tag best_run is not the id of the child with the smallest loss.",
        ]

    def test_a_parent_without_a_record_of_the_best(self, lab, client):
        parent = client.create_run("0").info.run_id
        client.create_run("0", tags={"mlflow.parentRunId": parent})
        wrong = check_sweep(lab, parent)
        assert wrong[0].startswith("It is still RUNNING")
        assert wrong[-1] == "Not every child has the metric loss."
