"""The jobs `promote` and `deployment`: the code accepts the parameters of each task, and runs its step."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from lakelab.local.notebook.import_names import answer_official_names

from .documents import ROOT, keys, read_bundle

VALUES = {
    "tasks.train.values.model_name": "prod.ops.delay",
    "tasks.train.values.model_version": "3",
    "job.parameters.model_name": "prod.ops.delay",
    "job.parameters.model_version": "3",
}


@pytest.fixture
def pipeline(monkeypatch):
    """The module, without a registry and without a Spark session."""
    answer_official_names()
    import mlflow

    from lakelab.lessons.lesson_16 import pipeline

    monkeypatch.setattr(mlflow, "set_registry_uri", lambda uri: None)
    return pipeline


def command_line(task: dict[str, Any]) -> list[str]:
    """Return the parameters of a task, with the values that Databricks fills in at its start."""
    values = VALUES | {"task.name": task["task_key"]}
    return [
        re.sub(r"\{\{([\w.]+)\}\}", lambda match: values[match[1]], text)
        for text in task["spark_python_task"]["parameters"]
    ]


@pytest.mark.parametrize(
    ("job", "steps"),
    [
        ("promote", {"validate": "validate", "promote": "promote"}),
        (
            "deployment",
            {"Evaluation": "validate", "Approval_Check": "approve", "Deployment": "promote"},
        ),
    ],
)
def test_each_task_passes_the_model_and_the_version_to_its_step(pipeline, monkeypatch, job, steps):
    called = []
    for step in pipeline.STEPS:
        monkeypatch.setitem(pipeline.STEPS, step, called.append)
    done = {}
    for task in read_bundle().jobs[job]["tasks"]:
        if "spark_python_task" in task:
            pipeline.main(command_line(task))
            done[task["task_key"]] = vars(called.pop())
    assert {key: arguments["step"] for key, arguments in done.items()} == steps
    for key, arguments in done.items():
        assert (arguments["model_name"], arguments["model_version"]) == ("prod.ops.delay", "3")
        assert arguments["approval_tag"] == ("Approval_Check" if key == "Approval_Check" else "")


@pytest.mark.parametrize(("deployed", "logged"), [("4f1c", "4f1c"), ("", "unknown")])
def test_train_reads_the_job_parameters_and_sets_the_task_values(
    pipeline, monkeypatch, deployed, logged
):
    import mlflow

    job = read_bundle().jobs["promote"]
    assert keys(job) == ["train", "validate", "promote"]
    widgets = {"catalog": "prod", "schema": "ops", "experiment": "/e", "git_commit": deployed}
    assert set(widgets) == {parameter["name"] for parameter in job["parameters"]}

    called: list[Any] = []

    def train(spark, schema, **options):
        called.extend([spark, schema, options])
        return SimpleNamespace(name="prod.ops.delay", version=3)

    monkeypatch.setattr(pipeline, "train", train)
    monkeypatch.setattr(mlflow, "set_experiment", called.append)
    dbutils = FakeDbUtils(widgets)
    notebook = (ROOT / "resources" / job["tasks"][0]["notebook_task"]["notebook_path"]).read_text(
        encoding="utf-8"
    )
    # the first line by which Databricks recognises a notebook
    assert notebook.startswith("# Databricks notebook source\n")
    exec(notebook, {"spark": "the session", "dbutils": dbutils})

    assert called == ["/e", "the session", "prod.ops", {"git_commit": logged}]
    read = set(re.findall(r"tasks\.train\.values\.(\w+)", str(job)))
    assert dbutils.values == {"model_name": "prod.ops.delay", "model_version": "3"}
    assert set(dbutils.values) == read


class FakeDbUtils:
    """`dbutils` with the widgets of a job's parameters; it records the task values."""

    def __init__(self, widgets: dict[str, str]) -> None:
        self.values: dict[str, str] = {}
        self.widgets = SimpleNamespace(getAll=lambda: widgets)
        self.jobs = SimpleNamespace(taskValues=SimpleNamespace(set=self._set))

    def _set(self, *, key: str, value: str) -> None:
        self.values[key] = value


def test_a_deployment_job_has_the_parameters_that_databricks_fills_in():
    job = read_bundle().jobs["deployment"]
    assert [parameter["name"] for parameter in job["parameters"]] == ["model_name", "model_version"]
    assert "schedule" not in job


def test_the_client_can_connect_a_deployment_job_to_a_model():
    """The comment at the top of `deployment.yml` names these methods."""
    import inspect

    from mlflow import MlflowClient

    for call in (MlflowClient.create_registered_model, MlflowClient.update_registered_model):
        assert "deployment_job_id" in inspect.signature(call).parameters
        assert call.__name__ in (ROOT / "resources/deployment.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["promote", "--model-name=delay", "--model-version=3"], "expected catalog.schema.model"),
        (["validate", "--model-name=a.b.c", "--model-version="], "--params model_version=<number>"),
        (["release", "--model-name=a.b.c", "--model-version=3"], "invalid choice: 'release'"),
        (["promote", "--model-version=3"], "--model-name"),
    ],
)
def test_a_wrong_command_line_is_an_error_with_the_reason(pipeline, capsys, line, message):
    with pytest.raises(SystemExit):
        pipeline.main(line)
    assert message in capsys.readouterr().err
