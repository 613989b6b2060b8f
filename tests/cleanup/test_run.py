"""`lab.cleanup()` removes what the course made, after saying what, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from databricks.sdk.errors import NotFound, PermissionDenied

from lakelab.cleanup import CleanupError, CleanupScope, run
from lakelab.cleanup import find as find_module
from lakelab.cleanup.inventory import CourseObject
from lakelab.local.workspace import DEFAULT_USER

ME, OTHER = "ana@example.com", "ben@example.com"

SCENARIO = """
import io, json, sys
from contextlib import redirect_stdout
from lakelab.start import start
from lakelab.runtime import LabError
lab = start()["lab"]
spark = lab.spark
import mlflow
from databricks.feature_engineering import FeatureEngineeringClient
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.dummy import DummyClassifier

fe, w, uc = FeatureEngineeringClient(), WorkspaceClient(), MlflowClient(registry_uri="databricks-uc")
spark.sql("CREATE TABLE main.lakelab.no_key (dest STRING)")
spark.sql("CREATE TABLE main.lakelab.carriers (carrier STRING)")
spark.sql("CREATE TABLE main.lakelab.planes (tailnum STRING NOT NULL, seats INT, PRIMARY KEY (tailnum))")
spark.sql("INSERT INTO main.lakelab.planes VALUES ('N1', 2)")
spark.sql("CREATE TABLE main.lakelab.my_own (x INT)")  # the learner's
spark.sql("CREATE TABLE main.default.no_key (x INT)")  # a name of the course, elsewhere
environments = lab.environments()
spark.sql(f"CREATE TABLE {environments['prod']}.mlops_predictions (x INT)")
w.tables.update("main.lakelab.carriers", owner="colleague@example.com")
fe.create_online_store(name="lakelab-online", capacity="CU_1")
fe.publish_table(
    online_store=fe.get_online_store(name="lakelab-online"), source_table_name="main.lakelab.planes",
    online_table_name="main.lakelab.planes_online", publish_mode="SNAPSHOT",
)
mlflow.set_registry_uri("databricks-uc")
columns = Schema([ColSpec("double", "x")])
with mlflow.start_run():
    mlflow.sklearn.log_model(
        DummyClassifier().fit([[0]], [0]), name="model", pip_requirements=["scikit-learn"],
        signature=ModelSignature(columns, columns), registered_model_name="main.lakelab.flight_delay",
    )
uc.set_registered_model_alias("main.lakelab.flight_delay", "Champion", "1")
uc.create_registered_model("main.lakelab.my_model")  # the learner's
old = MlflowClient(registry_uri="databricks")
old.create_registered_model("lesson_15_delay")
old.create_registered_model("my_model")
me = f"/Users/{w.current_user.me().user_name}"
MlflowClient().create_experiment(f"{me}/my_own")
from lakelab.automl.tracking import create_records
import pandas as pd
for folder in ("lakelab_automl", "databricks_automl"):  # of a lesson, and the learner's
    record = create_records("classify", "late", pd.DataFrame({"late": [0]}), experiment_dir=f"{me}/{folder}")
    (record.folder / "BestTrial.ipynb").write_text("{}")

def notebooks():
    from lakelab.runtime import find_home
    root = find_home().user_folder
    return sorted(str(file.relative_to(root).parts[0]) for file in root.rglob("*.ipynb"))

def said(**how):
    with redirect_stdout(io.StringIO()) as out:
        lab.cleanup(**how)
    return out.getvalue()

def there():
    return {
        "tables": sorted(t.full_name for s in w.schemas.list("main") for t in w.tables.list("main", s.name)),
        "models": sorted(m.name for m in uc.search_registered_models()),
        "old models": sorted(m.name for m in old.search_registered_models()),
        "stores": [s.name for s in w.feature_store.list_online_stores()],
        "experiments": sorted(e.name for e in MlflowClient().search_experiments()),
        "notebooks": notebooks(),
        "schemas": sorted(f"{c}.{s.name}" for c in ("main", *environments) for s in w.schemas.list(c) if s.name != "default"),
    }

answer = {"before": there(), "asked": said(), "after asking": there()}
spark.sql("DROP TABLE main.lakelab.no_key")  # half of it is gone
answer |= {"confirmed": said(confirm=True), "after": there(), "again": said(confirm=True)}
spark.sql("DROP TABLE main.lakelab.my_own")
w.tables.update("main.lakelab.carriers", owner=w.current_user.me().user_name)
uc.delete_registered_model("main.lakelab.my_model")
answer |= {"last": said(confirm=True), "at the end": there()}
mlflow.set_experiment(f"/Users/{w.current_user.me().user_name}/lakelab")  # its name is free
sys.__stdout__.write(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a notebook on a laptop says and finds, step by step."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "MLFLOW_"))}
    home = tmp_path_factory.mktemp("cleanup")
    run = subprocess.run(
        [sys.executable, "-c", SCENARIO],
        capture_output=True,
        encoding="utf-8",
        env={
            **clean,
            "LAKELAB_HOME": str(home),
            "LAKELAB_LESSON": "02_ml_runtimes",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONUTF8": "1",
        },
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_it_says_first_what_it_would_remove_and_removes_nothing(report):
    assert report["after asking"] == report["before"]
    asked = report["asked"]
    for line in (
        "online store: 1",
        "lakelab-online",
        "main.lakelab.flight_delay (versions: 1)",
        "table: 3",
        "main.lakelab.no_key",
        "main.lakelab.planes",
        "prod.lakelab.mlops_predictions",
        "workspace model: 1",
        "experiment: 2",
        "/lakelab_automl (AutoML's notebooks)",
        "schema: 3",
        "Nothing is removed yet. lab.cleanup(confirm=True)",
    ):
        assert line in asked, asked


def test_it_removes_what_the_course_made_and_nothing_else(report):
    after = dict(report["after"])
    experiments = [
        name.removeprefix(f"/Users/{DEFAULT_USER}/") for name in after.pop("experiments")
    ]
    assert "my_own" in experiments
    assert [name.partition("/")[0] for name in experiments if "/" in name] == ["databricks_automl"]
    assert "lakelab" not in experiments
    assert report["before"]["notebooks"] == ["databricks_automl", "lakelab_automl"]
    assert after.pop("notebooks") == ["databricks_automl"]
    assert after == {
        "tables": ["main.default.no_key", "main.lakelab.carriers", "main.lakelab.my_own"],
        "models": ["main.lakelab.my_model"],
        "old models": ["my_model"],
        "stores": [],
        "schemas": ["main.lakelab"],
    }


def test_it_tells_what_stays_and_why(report):
    assert (
        "Stays: table main.lakelab.carriers, which is colleague@example.com's"
        in report["confirmed"]
    )
    assert "what is not the course's: carriers, my_own, my_model" in report["confirmed"]


def test_a_second_call_finds_nothing(report):
    assert "Nothing to remove" in report["again"]


def test_a_schema_that_is_empty_goes(report):
    assert "main.lakelab" in report["last"]
    assert report["at the end"]["schemas"] == []
    assert report["at the end"]["tables"] == ["main.default.no_key"]


# ---- Databricks: what a laptop has not ----------------------------------------------------------------
class Workspace:
    """A workspace as far as the cleanup asks it; what was deleted is written down, in order."""

    def __init__(self, tables: tuple[Any, ...] = (), endpoints: tuple[Any, ...] = ()):
        self.gone: list[str] = []
        self.refused: set[str] = set()
        self.current_user = SimpleNamespace(me=lambda: SimpleNamespace(user_name=ME))
        self.schemas = SimpleNamespace(get=lambda name: name)
        self.tables = SimpleNamespace(list=lambda c, s: tables if s == "lakelab_ana" else ())
        models = [SimpleNamespace(name="flight_delay", created_by=ME, owner=ME)]
        self.registered_models = SimpleNamespace(
            list=lambda catalog_name, schema_name: models if schema_name == "lakelab_ana" else [],
            get=lambda name, include_aliases: SimpleNamespace(aliases=[]),
            delete=lambda name: self._delete("model"),
        )
        self.functions = SimpleNamespace(list=lambda catalog, schema: [])
        self.volumes = SimpleNamespace(list=lambda catalog, schema: [])
        self.model_versions = SimpleNamespace(list=lambda name: [])
        self.serving_endpoints = SimpleNamespace(
            list=lambda: endpoints, delete=lambda name: self._delete(f"endpoint {name}")
        )
        self.feature_store = SimpleNamespace(
            get_online_store=lambda name: SimpleNamespace(name=name, creator=ME),
            delete_online_store=lambda name: self._delete(f"store {name}"),
        )
        self.api_client = SimpleNamespace(
            do=lambda method, path: self._delete(f"online {path.rpartition('.')[2]}")
        )
        self.model_registry = SimpleNamespace(get_model=self.disabled)

    def sql(self, statement: str) -> None:
        self._delete(statement)

    def _delete(self, what: str) -> None:
        if any(word in what for word in self.refused):
            raise PermissionDenied("you are not its owner")
        self.gone.append(what)

    def disabled(self, name: str) -> Any:
        raise PermissionDenied("the workspace registry is disabled")


def scope_in(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, **how: Any) -> CleanupScope:
    monkeypatch.setattr("databricks.sdk.WorkspaceClient", lambda: workspace)
    monkeypatch.setattr(find_module, "_experiments", lambda user: iter(()))
    monkeypatch.setattr(find_module, "_automl", lambda w, user: iter(()))
    options = {"is_default_schema": True, "endpoints": True, "environments": {}, **how}
    return CleanupScope(workspace, "workspace", "lakelab_ana", **options)


def table(name: str, owner: str | None = ME) -> Any:
    return SimpleNamespace(name=name, created_by=owner, owner=owner)


def endpoint(model: str = "flight_delay", creator: str = ME) -> Any:
    return SimpleNamespace(name=f"workspace-lakelab_ana-{model}", creator=creator)


def test_what_depends_on_another_goes_first(monkeypatch, capsys):
    workspace = Workspace((table("planes"), table("planes_online")), (endpoint(),))
    run.cleanup(scope_in(workspace, monkeypatch), confirm=True)
    kinds = [what.partition(" ")[0] for what in workspace.gone]
    assert list(dict.fromkeys(kinds)) == ["endpoint", "online", "store", "model", "DROP"]
    assert workspace.gone[-2:] == [
        "DROP TABLE IF EXISTS `workspace`.`lakelab_ana`.`planes`",
        "DROP SCHEMA IF EXISTS `workspace`.`lakelab_ana` RESTRICT",
    ]
    assert "Not looked at" not in capsys.readouterr().out, "a disabled registry is nothing to tell"


def test_an_endpoint_of_another_user_or_model_stays(monkeypatch, capsys):
    workspace = Workspace((), (endpoint(creator=OTHER), endpoint("my_model")))
    run.cleanup(scope_in(workspace, monkeypatch), confirm=True)
    assert not [what for what in workspace.gone if what.startswith("endpoint")]
    assert f"which is {OTHER}'s" in capsys.readouterr().out


def test_a_schema_that_the_learner_named_stays(monkeypatch, capsys):
    workspace = Workspace((table("planes"),))
    environments = {"dev": "workspace.lakelab_ana_dev"}
    run.cleanup(
        scope_in(workspace, monkeypatch, is_default_schema=False, environments=environments),
        confirm=True,
    )
    assert not [what for what in workspace.gone if "SCHEMA" in what]
    assert capsys.readouterr().out.count("name is not the course's own") == 2


@pytest.mark.parametrize("kind", ["functions", "volumes"])
def test_a_schema_with_something_else_in_it_stays(kind, monkeypatch):
    workspace = Workspace((table("planes"),))
    setattr(workspace, kind, SimpleNamespace(list=lambda c, s: [SimpleNamespace(name="mine")]))
    found = find_module.find(scope_in(workspace, monkeypatch))
    assert "schema" not in [thing.kind for thing in found.objects]
    assert found.kept == [
        "schema workspace.lakelab_ana, for what is not the course's: mine",
    ]


def test_what_fails_does_not_stop_the_others_and_is_told(monkeypatch):
    workspace = Workspace((table("planes"), table("carriers")), (endpoint(),))
    workspace.refused = {"endpoint", "`planes`"}
    with pytest.raises(CleanupError) as error:
        run.cleanup(scope_in(workspace, monkeypatch), confirm=True)
    assert "serving endpoint workspace-lakelab_ana-flight_delay (PermissionDenied:" in str(
        error.value
    )
    assert "table workspace.lakelab_ana.planes" in str(error.value)
    assert "DROP TABLE IF EXISTS `workspace`.`lakelab_ana`.`carriers`" in workspace.gone


def test_what_cannot_be_looked_at_is_told_and_the_others_are_found(monkeypatch):
    workspace = Workspace((table("planes"),))
    workspace.serving_endpoints = SimpleNamespace(list=lambda: workspace.disabled("x"))
    found = find_module.find(scope_in(workspace, monkeypatch))
    assert [line.partition(" (")[0] for line in found.unchecked] == ["serving endpoints"]
    assert "table" in [thing.kind for thing in found.objects]


def test_what_is_gone_meanwhile_is_no_failure():
    def gone() -> None:
        raise NotFound("no such table")

    assert run.remove([CourseObject("table", "a.b.c", gone)]) == []
