"""Two workspaces: each its own experiments and workspace registry, one Unity Catalog."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lakelab import workspaces

PROBE = """
import json, os, stat
from lakelab.start import start
lab = start()["lab"]
a, b = lab.workspace("a"), lab.workspace("b")
assert lab.workspace("b") == b
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
from pathlib import Path
def experiments(workspace):
    found = MlflowClient(workspace.tracking_uri).search_experiments()
    return {e.name: e.artifact_location for e in found}
MlflowClient(a.tracking_uri, a.registry_uri).create_registered_model("of a")
MlflowClient(a.tracking_uri, a.unity_catalog_uri).create_registered_model("main.lakelab.shared")
def models(workspace):
    found = MlflowClient(workspace.tracking_uri, workspace.registry_uri).search_registered_models()
    return [m.name for m in found]
def refused(ask):
    try:
        ask()
    except Exception as error:
        return str(error)
a.spark.range(3).write.saveAsTable("main.lakelab.of_a")
a.spark.range(3).write.saveAsTable("hive_metastore.default.of_a")
w = WorkspaceClient(profile=b.profile)
config = Path(os.environ["DATABRICKS_CONFIG_FILE"])
print(json.dumps({
    "a": WorkspaceClient().current_user.me().user_name,
    "b": w.current_user.me().user_name,
    "users": [a.user, b.user],
    "experiments of b": experiments(b),
    "models": [models(a), models(b)],
    "b sees": [m.full_name for m in w.registered_models.list(catalog_name="main", schema_name="lakelab")],
    "owner": WorkspaceClient().registered_models.get("main.lakelab.shared").owner,
    "config": [str(config), stat.S_IMODE(config.stat().st_mode)],
    "same token": "token" in os.environ,
    "spark users": [s.sql("SELECT current_user()").collect()[0][0] for s in (a.spark, b.spark)],
    "one session": b.spark is lab.workspace("b").spark and a.spark is lab.spark,
    "not granted": refused(lambda: b.spark.table("main.lakelab.of_a").count()),
    "not there": refused(lambda: b.spark.table("hive_metastore.default.of_a").count()),
    "metastores": [x.metastores.current().metastore_id for x in (WorkspaceClient(), w)],
}))
"""


def test_two_workspaces_on_a_laptop(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "MLFLOW_"))}
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, "LAKELAB_HOME": str(tmp_path), "LAKELAB_LESSON": "12_log_manually"},
    )
    state = json.loads(run.stdout.splitlines()[-1])
    assert state["a"] == state["users"][0] == "learner@example.com"
    assert state["b"] == state["users"][1] == "colleague@example.com"
    place = state["experiments of b"]["/Users/colleague@example.com/lakelab"]
    assert Path(place) == tmp_path / "workspace" / "workspaces" / "b" / "artifacts"
    assert state["models"] == [["of a"], []]
    assert state["b sees"] == [], "nothing was granted to the colleague"
    assert state["owner"] == "learner@example.com"
    file, mode = state["config"]
    assert mode == 0o600
    assert Path(file).is_relative_to(tmp_path)
    assert not Path(file).exists(), "it goes with the process"
    assert state["spark users"] == state["users"]
    assert state["one session"]
    assert "User does not have USE CATALOG on Catalog 'main'" in state["not granted"]
    assert "TABLE_OR_VIEW_NOT_FOUND" in state["not there"]
    assert len(set(state["metastores"])) == 1
    assert state["metastores"][0]


@pytest.fixture
def databricks(monkeypatch):
    """`databricks.sdk` as it is in a workspace: the user depends on the profile."""

    def client(profile=None):
        user = "ana@example.com" if profile is None else f"ana of {profile}"
        me = SimpleNamespace(me=lambda: SimpleNamespace(user_name=user))
        return SimpleNamespace(current_user=me)

    monkeypatch.setattr("databricks.sdk.WorkspaceClient", client)


def test_on_databricks_a_is_the_workspace_itself(databricks):
    a = workspaces.databricks_workspace("a", "other")
    assert (a.user, a.profile) == ("ana@example.com", None)
    assert (a.tracking_uri, a.registry_uri) == ("databricks", "databricks")
    assert a.unity_catalog_uri == "databricks-uc"


def test_on_databricks_b_is_the_one_of_the_profile(databricks, capsys):
    b = workspaces.databricks_workspace("b", "other")
    assert (b.name, b.user, b.profile) == ("b", "ana of other", "other")
    assert (b.tracking_uri, b.registry_uri) == ("databricks://other", "databricks://other")
    assert b.unity_catalog_uri == "databricks-uc://other"
    assert capsys.readouterr().out == ""


def test_on_databricks_without_a_profile_b_is_a_and_says_so(databricks, capsys):
    assert workspaces.databricks_workspace("b", None) == workspaces.databricks_workspace("a", None)
    assert "No second workspace is named" in capsys.readouterr().out


def test_on_databricks_the_session_of_a_is_the_notebooks(databricks, capsys):
    spark = object()
    assert workspaces.databricks_workspace("a", "other", spark).spark is spark
    assert workspaces.databricks_workspace("b", None, spark).spark is spark


def test_on_databricks_the_session_of_b_is_databricks_connects(databricks, monkeypatch):
    calls = []

    class Builder:
        def profile(self, name):
            calls.append(name)
            return self

        def serverless(self, on):
            calls.append(on)
            return self

        def getOrCreate(self):
            return "a session of b"

    connect = SimpleNamespace(DatabricksSession=SimpleNamespace(builder=Builder()))
    monkeypatch.setitem(sys.modules, "databricks.connect", connect)
    assert workspaces.databricks_workspace("b", "other", object()).spark == "a session of b"
    assert calls == ["other", True]


def test_a_workspace_that_has_no_session_says_so():
    with pytest.raises(ValueError, match="nothing says how to open a Spark session"):
        _ = workspaces.Workspace.of_profile("b", "ana@example.com", "other").spark
