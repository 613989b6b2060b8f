"""Models of Unity Catalog as the unmodified `databricks.sdk` sees them."""

from __future__ import annotations

import mlflow
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.catalog import (
    ModelVersionInfoStatus,
)
from mlflow import MlflowClient


@pytest.fixture
def client(place) -> WorkspaceClient:
    return WorkspaceClient()


def test_models(client, schema, saved_models):
    name = f"{schema}.delay"
    catalog, schema_name, _ = name.split(".")
    created = client.registered_models.create(
        catalog_name=catalog, schema_name=schema_name, name="delay", comment="Delays"
    )
    assert created.full_name == name
    version = mlflow.register_model(str(saved_models[0]), name)
    alias = client.registered_models.set_alias(name, "Champion", int(version.version))
    assert (alias.alias_name, alias.version_num) == ("Champion", 1)
    listed = list(client.registered_models.list(catalog_name=catalog, schema_name=schema_name))
    assert [model.full_name for model in listed] == [name]
    model = client.registered_models.get(name)
    assert (model.comment, model.owner) == ("Delays", "learner@example.com")
    assert [(a.alias_name, a.version_num) for a in model.aliases] == [("Champion", 1)]
    assert client.registered_models.update(name, comment="Late").comment == "Late"
    (one,) = client.model_versions.list(name)
    assert (one.version, one.status) == (1, ModelVersionInfoStatus.READY)
    assert client.model_versions.get_by_alias(name, "Champion").version == 1
    client.model_versions.update(name, 1, comment="First")
    assert client.model_versions.get(name, 1).comment == "First"
    client.registered_models.delete_alias(name, "Champion")
    with pytest.raises(NotFound):
        client.model_versions.get_by_alias(name, "Champion")
    client.model_versions.delete(name, 1)
    client.registered_models.delete(name)
    with pytest.raises(NotFound, match="does not exist"):
        client.registered_models.get(name)


def test_a_version_tells_the_feature_tables_that_it_was_packaged_with(
    any_place, any_schema, saved_models, tmp_path
):
    import shutil

    from databricks.sdk import WorkspaceClient

    folder, name = tmp_path / "packaged", f"{any_schema}.delay"
    shutil.copytree(saved_models[0], folder)
    spec = folder / "data" / "feature_store" / "feature_spec.yaml"
    spec.parent.mkdir(parents=True)
    spec.write_text("input_tables:\n- main.a.weather:\n    table_id: x\n- main.a.planes: {}\n")
    mlflow.register_model(str(folder), name)
    MlflowClient().copy_model_version(f"models:/{name}/1", f"{name}_copy")
    mlflow.register_model(str(saved_models[0]), name)
    MlflowClient().set_registered_model_alias(name, "Champion", "1")

    versions, models = WorkspaceClient().model_versions, WorkspaceClient().registered_models
    for version in (
        versions.get(name, 1),
        versions.get(f"{name}_copy", 1),
        versions.get_by_alias(name, "Champion"),
    ):
        tables = [d.table.table_full_name for d in version.model_version_dependencies.dependencies]
        assert tables == ["main.a.weather", "main.a.planes"]
    assert versions.get(name, 2).model_version_dependencies is None
    assert models.get(name).full_name == name
