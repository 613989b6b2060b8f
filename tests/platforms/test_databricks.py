"""The course in a Databricks workspace."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lakelab.platforms import databricks
from lakelab.platforms.databricks import Databricks, notebook_path
from lakelab.runtime import LabError
from lakelab.start import start


class FakeNotebook:
    """The session and the dbutils of a notebook. It records all statements."""

    def __init__(self, widgets: dict[str, str], catalog: str = "workspace"):
        self.statements: list[str] = []
        self._catalog = catalog
        self.widgets = self
        self._values = widgets

    def getAll(self) -> dict[str, str]:
        return self._values

    def sql(self, query: str):
        self.statements.append(query)
        self._result = "Ana.Garcia@example.com" if "user" in query else self._catalog
        return self

    def collect(self):
        return [(self._result,)]


@pytest.mark.parametrize(
    ("widgets", "environment", "schema"),
    [
        ({}, {}, ("workspace", "lakelab_ana_garcia")),
        ({"catalog": "ml", "schema": "course"}, {"LAKELAB_SCHEMA": "x"}, ("ml", "course")),
        ({"catalog": ""}, {"LAKELAB_CATALOG": "ml"}, ("ml", "lakelab_ana_garcia")),
    ],
)
def test_the_schema_is_the_users_own(monkeypatch, widgets, environment, schema):
    import mlflow

    experiments: list[str] = []
    monkeypatch.setattr(mlflow, "set_experiment", experiments.append)
    monkeypatch.setattr("lakelab.start.prepare_lesson", lambda platform, lesson: None)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notebook = FakeNotebook(widgets)

    names = start(notebook, notebook)

    assert (names["CATALOG"], names["SCHEMA"]) == schema
    assert names["spark"] is names["dbutils"] is notebook
    assert f"CREATE SCHEMA IF NOT EXISTS `{schema[0]}`.`{schema[1]}`" in notebook.statements
    assert experiments == ["/Users/Ana.Garcia@example.com/lakelab"]
    assert "display" not in names, "Databricks has its own"


@pytest.mark.parametrize("exists", [True, False])
def test_the_courses_automl_is_provided_only_if_the_runtime_has_none(monkeypatch, exists):
    from lakelab.automl import locations
    from lakelab.local.notebook import import_names

    provided: list[dict[str, str]] = []
    monkeypatch.setattr(import_names, "answer_official_names", provided.append)
    monkeypatch.setenv(locations.USER_VARIABLE, "")
    monkeypatch.setenv(locations.FOLDER_VARIABLE, "")
    monkeypatch.setattr(databricks, "find_spec", lambda name: object() if exists else None)

    databricks.provide_missing_automl("ana@example.com")

    assert provided == ([] if exists else [{"databricks.automl": "lakelab.automl"}])
    folder = Path.home() if exists else Path("/Workspace/Users/ana@example.com")
    assert locations.notebooks_folder() == folder / "databricks_automl"
    if not exists:
        assert locations.current_user() == "ana@example.com"


def test_a_workspace_without_unity_catalog_is_refused_with_a_way_out(monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    notebook = FakeNotebook({}, catalog="hive_metastore")
    with pytest.raises(LabError, match="need Unity Catalog. Name a catalog of yours"):
        start(notebook, notebook)
    assert not any("CREATE SCHEMA" in statement for statement in notebook.statements)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("", "/ml"),
        ("experiments/7", "/ml/experiments/7"),
        ("experiments/7/runs/0a1b", "/ml/experiments/7/runs/0a1b"),
        ("experiments/7/models/m-0a1b", "/ml/experiments/7/models/m-0a1b"),
        ("models/main.flights.delay", "/explore/data/models/main/flights/delay"),
        (
            "models/main.flights.delay/versions/3",
            "/explore/data/models/main/flights/delay/version/3",
        ),
    ],
)
def test_the_ui_is_the_workspaces(monkeypatch, page, address):
    import databricks.sdk
    import mlflow
    from mlflow.utils import databricks_utils as by_mlflow

    host = "https://dbc-1.cloud.databricks.com"
    config = type("Config", (), {"host": f"{host}/"})
    monkeypatch.setattr(
        databricks.sdk, "WorkspaceClient", lambda: type("Client", (), {"config": config})
    )
    monkeypatch.setattr(mlflow, "set_experiment", lambda name: None)
    monkeypatch.setattr("lakelab.start.prepare_lesson", lambda platform, lesson: None)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    notebook = FakeNotebook({})

    assert start(notebook, notebook)["lab"].ui(page) == f"{host}{address}"

    # what MLflow itself prints in a workspace
    model_url = by_mlflow._construct_databricks_logged_model_url  # noqa: SLF001 - MLflow has no public name for it
    version_url = by_mlflow._construct_databricks_uc_registered_model_url  # noqa: SLF001 - as above
    model, version = model_url(host, "7", "m-0a1b"), version_url(host, "main.flights.delay", "3")
    printed = {
        "experiments/7/models/m-0a1b": model,
        "models/main.flights.delay/versions/3": version,
    }
    assert printed.get(page, f"{host}{address}") == f"{host}{address}"


@pytest.fixture
def platform(monkeypatch) -> Databricks:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    notebook = FakeNotebook({"workspace_b": "other"})
    return Databricks(notebook, notebook, "ana@example.com", "workspace", "lakelab_ana")


def test_each_environment_is_a_schema_of_the_learners_catalog(platform):
    assert platform.environments == {
        "dev": "workspace.lakelab_ana_dev",
        "staging": "workspace.lakelab_ana_staging",
        "prod": "workspace.lakelab_ana_prod",
    }


def test_the_schema_is_the_courses_own_unless_the_learner_chose_it(platform, monkeypatch):
    assert platform.is_default_schema
    chosen = Databricks(platform.spark, platform.spark, "ana@example.com", "workspace", "mine")
    assert not chosen.is_default_schema


def test_a_model_that_cannot_be_served_is_an_error_of_the_lab(platform, monkeypatch):
    monkeypatch.setattr("databricks.sdk.WorkspaceClient", lambda: None)
    with pytest.raises(LabError, match="is no registered model: give models:/<name>@<alias>"):
        platform.serve("runs:/1/model")


def test_workspace_b_is_that_of_the_widgets_profile(platform, monkeypatch):
    calls: list[tuple[str, str | None]] = []
    monkeypatch.setattr(
        databricks,
        "databricks_workspace",
        lambda name, profile, spark: calls.append((name, profile)),
    )
    platform.workspace("b")
    assert calls == [("b", "other")]


def test_all_tables_are_compared_at_each_start(platform, spark, schema):
    spark.sql("CREATE TABLE t (x INT)")
    record = platform.prepared_tables()
    record.record(f"{schema}.t", record.state(spark, f"{schema}.t"))
    assert not record.is_correct(spark, f"{schema}.t")


def test_a_compute_that_does_not_report_the_notebook_is_no_error():
    assert notebook_path(SimpleNamespace()) == ""
