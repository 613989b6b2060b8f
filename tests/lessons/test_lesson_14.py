"""Lesson 14: the checks of its exercises find wrong answers and accept the solutions."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from lakelab.flights import read_raw
from lakelab.lab import Lab
from lakelab.lessons.lesson_14 import exercises
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.system.home import Home
from lakelab.local.workspace import start_workspace
from lakelab.study.exercises import check
from tests.fake_platform import FakePlatform

from .conftest import assert_same_calls


@pytest.fixture
def lab():
    return Lab(FakePlatform(None, "main", "flights"))


def code(solution: str) -> str:
    """The solution without its last line, the call of the checker."""
    return solution.rpartition("lab.check")[0]


def solved() -> Any:
    names: dict[str, Any] = {}
    exec(code(exercises.EXERCISES["14.1"].solution), names)
    return names["register"]


class TestRegister:
    def test_the_solution_passes(self, lab, capsys):
        assert check(lab, "14.1", solved())
        assert "14.1: right" in capsys.readouterr().out

    def test_a_check_before_the_creation_passes(self, lab):
        def looks(client, name, logged):
            if name not in [model.name for model in client.search_registered_models()]:
                client.create_registered_model(name=name, description="new")
            return client.create_model_version(
                name=name, source=f"runs:/{logged.run_id}/model", run_id=logged.run_id
            )

        assert exercises.check_register(lab, looks) == []

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        def register(client, name, logged): ...

        assert not check(lab, "14.1", register)
        assert "Where the model is missing, it made no version" in capsys.readouterr().out
        assert not check(lab, "14.1", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_a_version_instead_of_a_function(self, lab):
        assert "should be a function, not str" in exercises.check_register(lab, "1")[0]

    def test_creating_the_model_each_time(self, lab):
        def again(client, name, logged):
            client.create_registered_model(name)
            return client.create_model_version(name, logged.model_uri, logged.run_id)

        (wrong,) = exercises.check_register(lab, again)
        assert "Where the model exists, it raised MlflowException" in wrong
        assert "already exists" in wrong

    def test_never_creating_the_model(self, lab):
        def never(client, name, logged):
            return client.create_model_version(name, logged.model_uri, logged.run_id)

        (wrong,) = exercises.check_register(lab, never)
        assert "Where the model is missing, it raised MlflowException" in wrong

    def test_without_the_run(self, lab):
        def no_run(client, name, logged):
            if not client.search_registered_models():
                client.create_registered_model(name)
            return client.create_model_version(name, logged.model_uri)

        wrong = exercises.check_register(lab, no_run)
        assert len(wrong) == 2
        assert all("does not know its run: give run_id" in mistake for mistake in wrong)

    def test_another_source_and_nothing_returned(self, lab):
        def elsewhere(client, name, logged):
            if not client.search_registered_models():
                client.create_registered_model(name)
            client.create_model_version(name, "models:/m-other", logged.run_id)

        wrong = exercises.check_register(lab, elsewhere)
        assert "the source is 'models:/m-other'" in wrong[0]
        assert "it returns nothing" in wrong[1]

    def test_ignoring_every_error(self, lab):
        def blind(client, name, logged):
            with contextlib.suppress(MlflowException):
                client.create_registered_model(name)
            return client.create_model_version(name, logged.model_uri, run_id=logged.run_id)

        (wrong,) = exercises.check_register(lab, blind)
        assert "it ends with RESOURCE_DOES_NOT_EXIST" in wrong
        assert "RESOURCE_ALREADY_EXISTS only" in wrong

    def test_the_function_of_the_module(self, lab):
        def module(client, name, logged):
            return client.register_model(logged.model_uri, name)

        (mistake, _) = exercises.check_register(lab, module)
        assert "no attribute 'register_model'" in mistake
        assert "create_model_version" in mistake


def test_the_rehearsal_registry_has_the_calls_of_the_real_client():
    """The calls have the same names and arguments, so that an accepted answer works on a real model."""
    assert_same_calls(exercises.Rehearsal, MlflowClient)


# ---- in a real registry --------------------------------------------------------------------------
@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Start a workspace with the schema main.flights, and point the clients of this process at it."""
    home = Home(tmp_path_factory.mktemp("home14")).prepare()
    unity = UnityCatalog(home.warehouse)
    unity.create_catalog("main")
    unity.create_schema("main", "flights")
    before = dict(os.environ), mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    with start_workspace(home, unity, home.mlflow_uri) as started:
        point_clients_at(started, home)
        mlflow.set_tracking_uri(home.mlflow_uri)
        mlflow.set_registry_uri("databricks-uc")
        yield started
    os.environ.clear()
    os.environ.update(before[0])
    mlflow.set_tracking_uri(before[1])
    mlflow.set_registry_uri(before[2])


@pytest.fixture
def notebook(workspace, lab) -> dict[str, Any]:
    """Return the names that the notebook has defined before its last exercise."""
    flights = read_raw("flights").dropna(subset=["arr_delay"])

    def fit(month):
        rows = flights[flights["month"] == month]
        features = rows[["hour", "distance"]].astype("float64")
        return features, LinearRegression().fit(features, rows["arr_delay"])

    return {
        "CATALOG": "main",
        "SCHEMA": "flights",
        "lab": lab,
        "mlflow": mlflow,
        "client": MlflowClient(),
        "infer_signature": infer_signature,
        "fit": fit,
        "register": solved(),
    }


@pytest.fixture
def log(notebook):
    """Log and register a model of one month."""

    def make(month=7, features=("hour", "distance"), name="lesson_14_exercise", **more):
        flights, _ = notebook["fit"](month)
        flights = flights[list(features)]
        model = LinearRegression().fit(flights, flights["hour"] * month)
        if month == 7 and list(features) == exercises.FEATURES:
            _, model = notebook["fit"](month)
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(flights, model.predict(flights)),
                pip_requirements=["scikit-learn"],
            )
        return notebook["register"](MlflowClient(), f"main.flights.{name}", logged)

    return make


class TestVersion:
    def test_the_solution_passes(self, notebook, capsys):
        exec(exercises.EXERCISES["14.2"].solution, notebook)
        exec(exercises.EXERCISES["14.2"].solution, notebook)
        assert capsys.readouterr().out.count("14.2: right") == 2

    def test_the_unsolved_cell_is_refused(self, lab, capsys):
        assert not check(lab, "14.2", ...)
        assert "nothing to check yet" in capsys.readouterr().out

    def test_a_number(self, lab):
        assert "not int" in exercises.check_version(lab, 1)[0]

    def test_another_name(self, lab, log):
        mistakes = exercises.check_version(lab, log(name="delay"))
        assert mistakes == [
            "It is a version of main.flights.delay, expected main.flights.lesson_14_exercise."
        ]

    def test_a_version_that_is_not_there(self, lab, workspace):
        made_up = SimpleNamespace(name="main.flights.lesson_14_exercise", version="999")
        (mistake,) = exercises.check_version(lab, made_up)
        assert "does not exist" in mistake

    def test_another_month(self, lab, log):
        (mistake,) = exercises.check_version(lab, log(month=1))
        assert "what the model of July predicts" in mistake

    def test_other_features(self, lab, log):
        (mistake,) = exercises.check_version(lab, log(features=["hour"]))
        assert mistake.startswith("Its signature takes hour, expected hour, distance")

    def test_without_a_run(self, lab, log):
        good = log()
        copy = MlflowClient().create_model_version(good.name, f"models:/{good.name}/{good.version}")
        assert exercises.check_version(lab, copy) == ["It does not know its run: give run_id."]
