"""The bundle: its files agree with each other, with the code that they name, and with the API."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakelab.environments import ENVIRONMENTS
from lakelab.local.official_names import answer_official_names

ROOT = Path(__file__).parents[1]
FROM_OUTSIDE = {"service_principal"}
"""What a repository cannot know, and whoever deploys has to say: BUNDLE_VAR_<name>."""


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


BUNDLE = read(ROOT / "databricks.yml")
RESOURCES = [path for pattern in BUNDLE["include"] for path in sorted(ROOT.glob(pattern))]
JOBS = {
    name: (path, job)
    for path in RESOURCES
    for name, job in read(path)["resources"].get("jobs", {}).items()
}


def strings(node: Any) -> list[str]:
    """Give all texts in a YAML document."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in strings(value)]
    if isinstance(node, list):
        return [text for value in node for text in strings(value)]
    return [node] if isinstance(node, str) else []


def test_there_is_a_target_for_each_environment_and_dev_is_the_default():
    targets = BUNDLE["targets"]
    assert tuple(targets) == ENVIRONMENTS
    assert [name for name, target in targets.items() if target.get("default")] == ["dev"]
    assert {name: target["mode"] for name, target in targets.items()} == {
        "dev": "development",
        "staging": "production",
        "prod": "production",
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_target_sets_each_variable(name):
    target = BUNDLE["targets"][name]
    assert all(variable["description"] for variable in BUNDLE["variables"].values())
    given = set(target["variables"])
    assert given <= set(BUNDLE["variables"])
    assert set(BUNDLE["variables"]) - given <= (FROM_OUTSIDE if name != "dev" else set())
    assert target["variables"]["catalog"] == name


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_no_person_runs_what_is_not_dev_and_there_is_one_copy_of_it(name):
    target = BUNDLE["targets"][name]
    principal = "${var.service_principal}"
    assert target["run_as"] == {"service_principal_name": principal}
    assert {"level": "CAN_MANAGE", "service_principal_name": principal} in target["permissions"]
    assert {"level": "CAN_VIEW", "group_name": "users"} in target["permissions"]
    assert "current_user" not in target["workspace"]["root_path"]


def test_variables_in_use_are_declared():
    told = strings(BUNDLE) + [text for path in RESOURCES for text in strings(read(path))]
    used = {name for text in told for name in re.findall(r"\$\{var\.(\w+)\}", text)}
    assert used == set(BUNDLE["variables"])


def test_resources_in_use_are_declared():
    declared = {
        f"{kind}.{name}"
        for path in RESOURCES
        for kind, all_of_it in read(path)["resources"].items()
        for name in all_of_it
    }
    for path in RESOURCES:
        for text in strings(read(path)):
            for used in re.findall(r"\$\{resources\.(\w+\.\w+)\.\w+\}", text):
                assert used in declared, path


def test_files_that_it_names_exist():
    assert RESOURCES
    assert JOBS
    for artifact in BUNDLE["artifacts"].values():
        assert (ROOT / artifact["path"] / "pyproject.toml").is_file()
    for path, job in JOBS.values():
        for task in job["tasks"]:
            assert (path.parent / task["spark_python_task"]["python_file"]).is_file()
        for environment in job["environments"]:
            wheels = [d for d in environment["spec"]["dependencies"] if d.endswith(".whl")]
            assert [(path.parent / wheel).parent.resolve() for wheel in wheels] == [ROOT / "dist"]


@pytest.mark.parametrize("name", JOBS)
def test_jobs_are_what_the_api_takes(name):
    """The SDK leaves out what it does not know: nothing may be missing afterwards."""
    from databricks.sdk.service.jobs import JobSettings

    _, job = JOBS[name]
    assert JobSettings.from_dict(job).as_dict() == job
    keys = {environment["environment_key"] for environment in job["environments"]}
    assert {task["environment_key"] for task in job["tasks"]} <= keys


def test_the_parameters_of_the_job_are_the_arguments_of_its_code(monkeypatch):
    """The command line of the job, filled in, is run; what the code makes of it is looked at."""
    answer_official_names()
    import mlflow
    from mlflow.entities.model_registry import ModelVersion

    from lakelab.lessons.lesson_16 import pipeline

    _, job = JOBS["train_flight_delay"]
    declared = [parameter["name"] for parameter in job["parameters"]]
    line = job["tasks"][0]["spark_python_task"]["parameters"]
    passed = [re.fullmatch(r"--([\w-]+)=\{\{job\.parameters\.(\w+)\}\}", text) for text in line]
    assert [match and match[2] for match in passed] == declared
    assert [match and match[1].replace("-", "_") for match in passed] == declared

    called: list[Any] = []

    def train_and_register(spark, schema, **options):
        called.extend([schema, options])
        return ModelVersion("prod.ops.m", "3", 0)

    monkeypatch.setattr(pipeline, "train_and_register", train_and_register)
    monkeypatch.setattr(pipeline, "SparkSession", FakeSession())
    monkeypatch.setattr(mlflow, "set_experiment", called.append)
    monkeypatch.setattr(mlflow, "set_registry_uri", called.append)
    values = {"catalog": "prod", "schema": "ops", "experiment": "/e", "git_commit": "4f1c"}
    pipeline.main(
        [re.sub(r"\{\{job\.parameters\.(\w+)\}\}", r"{\1}", t).format(**values) for t in line]
    )
    assert called == ["databricks-uc", "/e", "prod.ops", {"git_commit": "4f1c"}]


class FakeSession:
    """`SparkSession.builder.getOrCreate()`, without a session."""

    @property
    def builder(self) -> FakeSession:
        return self

    def getOrCreate(self) -> None: ...


def test_the_wheel_brings_no_second_spark_to_databricks():
    """Serverless compute has its own; one that is installed beside it ends the session."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = [re.split(r"[^\w-]", text)[0] for text in project["dependencies"]]
    assert brought == ["mlflow", "pandas", "pyyaml", "scikit-learn"]
