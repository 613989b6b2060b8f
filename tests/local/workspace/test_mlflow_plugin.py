"""MLflow's client of Unity Catalog finds our store, and leaves the models of this machine alone."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def content(folder: str | Path) -> dict[str, bytes]:
    root = Path(folder)
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_mlflow_finds_the_plugin():
    found = entry_points(group="mlflow.model_registry_store")
    assert found["databricks-uc"].value == "lakelab.local.mlflow_plugin:unity_catalog_store"


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
