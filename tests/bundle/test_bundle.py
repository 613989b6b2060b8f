"""The bundle: its files agree with each other, with the code that they refer to, and with Databricks' models."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch

import pytest

from lakelab.environments import ENVIRONMENTS
from lakelab.upload.course import build_wheel

from . import checks
from .checks import CHECKS
from .documents import ROOT, Bundle, keys, read_bundle, upstream


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_check_finds_no_mistake(check):
    assert check(read_bundle()) == []


def task(bundle: Bundle, job: str, key: str) -> dict:
    tasks = bundle.jobs[job]["tasks"]
    return tasks[keys(bundle.jobs[job]).index(key)]


def a_lesson_is_missing(bundle):
    del bundle.jobs["curriculum"]["tasks"][7]


def a_lesson_has_two_tasks(bundle):
    tasks = bundle.jobs["curriculum"]["tasks"]
    tasks.append(tasks[3] | {"task_key": "lesson_03_again"})


def a_lesson_under_another_number(bundle):
    task(bundle, "curriculum", "lesson_09")["task_key"] = "lesson_19"


def a_field_is_misspelt(bundle):
    bundle.jobs["promote"]["max_concurent_runs"] = 1


def a_field_of_a_task_is_misspelt(bundle):
    task(bundle, "promote", "train")["depend_on"] = []


def a_field_is_missing(bundle):
    del task(bundle, "promote", "validate")["spark_python_task"]["python_file"]


def a_text_for_a_number(bundle):
    bundle.jobs["deployment"]["timeout_seconds"] = "an hour"


def a_notebook_that_does_not_exist(bundle):
    task(bundle, "curriculum", "lesson_06")["notebook_task"]["notebook_path"] += "b"


def a_file_that_is_not_deployed(bundle):
    bundle.head["sync"]["paths"].remove("src")


def a_dependency_on_an_unknown_task(bundle):
    task(bundle, "promote", "promote")["depends_on"] = [{"task_key": "validation"}]


def a_circle_of_tasks(bundle):
    task(bundle, "promote", "train")["depends_on"] = [{"task_key": "promote"}]


def a_task_value_that_is_read_before_it_is_set(bundle):
    del task(bundle, "promote", "validate")["depends_on"]


def an_unknown_environment(bundle):
    task(bundle, "deployment", "Evaluation")["environment_key"] = "serverless"


def a_target_without_schema(bundle):
    del bundle.head["targets"]["prod"]["variables"]["schema"]


def dev_without_service_principal(bundle):
    del bundle.head["targets"]["dev"]["variables"]["service_principal"]


def an_undeclared_variable(bundle):
    bundle.jobs["promote"]["parameters"][0]["default"] = "${var.catalogue}"


def an_undeclared_experiment(bundle):
    bundle.jobs["promote"]["parameters"][2]["default"] = "${resources.experiments.train.name}"


def an_undeclared_job_parameter(bundle):
    task(bundle, "deployment", "Deployment")["spark_python_task"]["parameters"].append(
        "--schema={{job.parameters.schema}}"
    )


def dev_in_production_mode(bundle):
    bundle.head["targets"]["dev"]["mode"] = "production"


def a_schedule_that_is_not_paused_in_dev(bundle):
    bundle.jobs["promote"]["schedule"]["pause_status"] = "UNPAUSED"


def one_schema_for_all_developers(bundle):
    bundle.head["targets"]["dev"]["variables"]["schema"] = "lakelab"


def four_runs_at_once_in_dev(bundle):
    del bundle.jobs["curriculum"]["max_concurrent_runs"]


REFUSED = {
    checks.wrong_lessons: [
        a_lesson_is_missing,
        a_lesson_has_two_tasks,
        a_lesson_under_another_number,
    ],
    checks.wrong_fields: [
        a_field_is_misspelt,
        a_field_of_a_task_is_misspelt,
        a_field_is_missing,
        a_text_for_a_number,
    ],
    checks.missing_files: [a_notebook_that_does_not_exist, a_file_that_is_not_deployed],
    checks.wrong_tasks: [
        a_dependency_on_an_unknown_task,
        a_circle_of_tasks,
        a_task_value_that_is_read_before_it_is_set,
        an_unknown_environment,
    ],
    checks.wrong_variables: [
        a_target_without_schema,
        dev_without_service_principal,
        an_undeclared_variable,
        an_undeclared_experiment,
    ],
    checks.wrong_parameters: [an_undeclared_job_parameter],
    checks.wrong_modes: [
        dev_in_production_mode,
        a_schedule_that_is_not_paused_in_dev,
        one_schema_for_all_developers,
        four_runs_at_once_in_dev,
    ],
}


@pytest.mark.parametrize(
    ("check", "mistake"),
    [(check, mistake) for check, mistakes in REFUSED.items() for mistake in mistakes],
    ids=lambda value: value.__name__,
)
def test_the_check_finds_the_mistake(
    check: Callable[[Bundle], list[str]], mistake: Callable[[Bundle], None]
):
    bundle = read_bundle()
    mistake(bundle)
    assert check(bundle)


def test_there_is_a_target_for_each_environment_with_a_catalog_of_its_own():
    targets = read_bundle().head["targets"]
    assert tuple(targets) == ENVIRONMENTS
    catalogs = {name: target["variables"]["catalog"] for name, target in targets.items()}
    # dev works in Free Edition without changes
    assert catalogs == {"dev": "workspace", "staging": "staging", "prod": "prod"}


def test_lessons_overwrite_no_tables_of_staging_and_prod():
    for name, target in read_bundle().head["targets"].items():
        lessons_schema, schema = (target["variables"][n] for n in ("lessons_schema", "schema"))
        if name == "dev":  # `promote` trains on the tables of the lessons
            assert lessons_schema == "${var.schema}"
        else:
            assert lessons_schema != schema


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_staging_and_prod_run_as_a_service_principal_from_one_deployment(name):
    target = read_bundle().head["targets"][name]
    principal = "${var.service_principal}"
    assert target["run_as"] == {"service_principal_name": principal}
    assert {"level": "CAN_MANAGE", "service_principal_name": principal} in target["permissions"]
    assert {"level": "CAN_VIEW", "group_name": "users"} in target["permissions"]
    assert "current_user" not in target["workspace"]["root_path"]


def test_the_schedule_is_paused_in_staging_and_active_in_prod():
    targets = read_bundle().head["targets"]
    assert targets["staging"]["presets"] == {"trigger_pause_status": "PAUSED"}
    assert "presets" not in targets["prod"]
    assert "schedule" in read_bundle().jobs["promote"]


@pytest.mark.parametrize("name", read_bundle().jobs)
def test_each_job_runs_on_serverless_compute_and_fails_if_a_task_fails(name):
    job = read_bundle().jobs[name]
    specs = {one["environment_key"]: one["spec"] for one in job["environments"]}
    assert [spec["environment_version"] for spec in specs.values()] == ["5"]
    assert job["queue"] == {"enabled": True}
    for one in (one for one in job["tasks"] if "condition_task" not in one):
        assert one["max_retries"] == 0
        assert one["disable_auto_optimization"] is True  # which would retry the task
        assert 0 < one["timeout_seconds"] <= job["timeout_seconds"]
    last = job["tasks"][-1]  # the tasks without successors decide whether a run succeeded
    assert upstream(job)[last["task_key"]] == set(keys(job)) - {last["task_key"]}
    assert "run_if" not in last  # ALL_SUCCESS


@pytest.mark.parametrize("name", ["promote", "deployment"])
def test_a_failed_task_stops_the_tasks_that_depend_on_it(name):
    assert not any("run_if" in one for one in read_bundle().jobs[name]["tasks"])


def test_the_jobs_install_the_wheel_that_the_bundle_builds():
    built, _ = build_wheel(ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.fullmatch(rf"{project['name']}-{project['version']}-.*\.whl", built)
    artifact = read_bundle().head["artifacts"]["lakelab"]
    assert artifact["type"] == "whl"
    assert artifact["build"].startswith("uv build --wheel")
    # without it, compute may keep the wheel of an older deployment
    assert artifact["dynamic_version"] is True
    for path, _, _, job in (r for r in read_bundle().resources() if r[1] == "jobs"):
        for environment in job["environments"]:
            for wheel in environment["spec"].get("dependencies", []):
                if wheel.endswith(".whl"):
                    assert (path.parent / wheel).resolve().parent == ROOT / "dist"
                    assert fnmatch(built, wheel.rpartition("/")[2])


def test_each_job_that_imports_the_package_installs_it():
    for name, job in read_bundle().jobs.items():
        dependencies = job["environments"][0]["spec"].get("dependencies", [])
        # the notebooks of the course import from src/ beside them
        assert ("../dist/*.whl" in dependencies) == (name != "curriculum")


def test_the_wheel_does_not_depend_on_spark():
    """Serverless compute has its own Spark; a second installation ends the session."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies = [re.split(r"[^\w-]", text)[0] for text in project["dependencies"]]
    assert dependencies == ["mlflow-skinny", "pandas", "pyyaml", "scikit-learn"]
