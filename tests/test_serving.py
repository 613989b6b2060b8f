"""``lab.serve``: from this process on a laptop, by a serving endpoint on Databricks."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import databricks.sdk
import pytest
from databricks.sdk.service.serving import ServingEndpointsAPI
from mlflow import MlflowClient

from lakelab import serving


class Api:
    """Stands in for the SDK's serving endpoints: records the calls, and holds them to its signatures."""

    def __init__(self, *there: str):
        self.there = there
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        real = inspect.signature(getattr(ServingEndpointsAPI, name))

        def call(*args: Any, **kwargs: Any) -> Any:
            real.bind(None, *args, **kwargs)
            self.calls.append((name, args, kwargs))
            answers = {
                "list": [SimpleNamespace(name=name) for name in self.there],
                "query": SimpleNamespace(predictions=[1]),
            }
            return answers.get(name)

        return call


@pytest.fixture
def databricks_with(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # off Databricks, MLflow's client makes a store where it stands

    def make(*there: str) -> Api:
        api = Api(*there)
        client = SimpleNamespace(
            serving_endpoints=api, config=SimpleNamespace(host="https://work.example.com/")
        )
        monkeypatch.setattr(databricks.sdk, "WorkspaceClient", lambda: client)
        version = SimpleNamespace(version=4)
        monkeypatch.setattr(MlflowClient, "get_model_version_by_alias", lambda *a: version)
        return api

    return make


def test_a_new_endpoint_serves_the_version_of_the_alias(databricks_with) -> None:
    api = databricks_with()
    endpoint = serving.serve_from_endpoint(None, "models:/main.lab_ana.delay@Champion")
    assert endpoint.name == "main-lab_ana-delay"
    assert (
        endpoint.url == "https://work.example.com/serving-endpoints/main-lab_ana-delay/invocations"
    )
    name, (given,), options = api.calls[-1]
    assert (name, given) == ("create_and_wait", endpoint.name)
    (entity,) = options["config"].served_entities
    assert (entity.entity_name, entity.entity_version) == ("main.lab_ana.delay", "4")
    assert entity.scale_to_zero_enabled
    assert endpoint.predict([{"origin": "JFK"}]) == [1]
    assert api.calls[-1] == ("query", (endpoint.name,), {"dataframe_records": [{"origin": "JFK"}]})
    with endpoint:
        pass
    assert api.calls[-1][:2] == ("delete", (endpoint.name,))


def test_an_endpoint_that_is_there_gets_the_version(databricks_with) -> None:
    api = databricks_with("other", "main-lab-delay")
    serving.serve_from_endpoint(None, "models:/main.lab.delay/7")
    name, _, options = api.calls[-1]
    assert name == "update_config_and_wait"
    assert options["served_entities"][0].entity_version == "7"


def test_a_uri_that_is_no_registered_model_is_refused(databricks_with) -> None:
    databricks_with()
    with pytest.raises(ValueError, match="is no registered model: give models:/<name>@<alias>"):
        serving.serve_from_endpoint(None, "runs:/1/model")
