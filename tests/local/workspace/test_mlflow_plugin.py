"""MLflow's client of Unity Catalog uses our store, which keeps the models of this machine."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lakelab.mlflow_plugin import unity_catalog_store


def content(folder: str | Path) -> dict[str, bytes]:
    root = Path(folder)
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_mlflow_finds_the_plugin():
    found = entry_points(group="mlflow.model_registry_store")
    assert found["databricks-uc"].value == "lakelab.mlflow_plugin:unity_catalog_store"


@pytest.fixture
def logged(place, log_model):
    """A logged model, and a check that its files are the same as before."""
    model = log_model(2)
    folder = MlflowClient().get_logged_model(model.model_id).artifact_location
    before = content(folder)
    assert "MLmodel" in before
    yield model
    assert content(folder) == before


@pytest.mark.parametrize("scheme", ["models", "file", "runs"])
def test_registering_leaves_the_logged_model(place, schema, logged, scheme):
    folder = Path(MlflowClient().get_logged_model(logged.model_id).artifact_location)
    source = {
        "models": logged.model_uri,
        "file": folder.as_uri(),
        "runs": f"runs:/{logged.run_id}/model",
    }[scheme]
    client, name = MlflowClient(), f"{schema}.delay"
    client.create_registered_model(name)
    for number in ("1", "2"):
        assert client.create_model_version(name, source).version == number
    assert mlflow.pyfunc.load_model(f"models:/{name}/2") is not None


def test_a_refusal_leaves_the_logged_model(place, schema, logged):
    with pytest.raises(MlflowException, match="does not exist"):
        MlflowClient().create_model_version(f"{schema}.nothing", logged.model_uri)


def test_a_model_without_signature_is_refused_and_stays(place, schema, log_model):
    unsigned = log_model(2, signature=None)
    folder = MlflowClient().get_logged_model(unsigned.model_id).artifact_location
    with pytest.raises(MlflowException, match="did not contain any signature"):
        MlflowClient().create_model_version(f"{schema}.delay", unsigned.model_uri)
    assert "MLmodel" in content(folder)


@pytest.mark.parametrize("source", ["models:/m-" + "0" * 32, "runs:/" + "0" * 32 + "/model"])
def test_what_cannot_be_had_is_told_by_mlflow(place, schema, source):
    with pytest.raises(MlflowException, match=f"from source artifact location '{source}'"):
        MlflowClient().create_model_version(f"{schema}.delay", source)


def test_on_databricks_the_store_is_mlflows_own(monkeypatch):
    from mlflow.store._unity_catalog.registry.rest_store import UcModelRegistryStore

    uris = "databricks-uc", "databricks"
    assert type(unity_catalog_store(*uris)) is not UcModelRegistryStore
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "19")
    assert type(unity_catalog_store(*uris)) is UcModelRegistryStore


def test_the_plugin_brings_nothing_of_a_laptop_along():
    """The wheel is installed on Databricks, too, where MLflow loads the plugin as well."""
    program = (
        "import sys; from mlflow.tracking._model_registry import utils; "
        "utils._get_store_registry(); print([n for n in sys.modules if n.startswith('lakelab')])"
    )
    modules = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert "lakelab.mlflow_plugin" in modules
    assert "lakelab.local" not in modules
