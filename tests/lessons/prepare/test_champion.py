"""The model with the alias `Champion`."""

from __future__ import annotations

from types import SimpleNamespace

from lakelab.lessons.prepare import champion as champion_module
from lakelab.lessons.prepare.champion import PREPARED, champion


class Registry:
    """The part of MLflow's client that `champion` calls."""

    def __init__(self):
        self.tags: dict[str, dict[str, str]] = {}
        self.aliases: dict[str, str] = {}

    def search_model_versions(self, filter_string):
        return [SimpleNamespace(version=version) for version in self.tags]

    def get_model_version(self, name, version):
        return SimpleNamespace(tags=self.tags[version])

    def get_registered_model(self, name):
        return SimpleNamespace(aliases=dict(self.aliases))

    def set_registered_model_alias(self, name, alias, version):
        self.aliases[alias] = version

    def delete_registered_model_alias(self, name, alias):
        del self.aliases[alias]


def test_a_new_champion_is_registered_if_its_feature_table_was_created_again(target, monkeypatch):
    def register(target, name, features):
        version = str(len(registry.tags) + 1)
        registry.tags[version] = {PREPARED: features}
        return version

    def create():
        columns = (
            "origin STRING NOT NULL, ts TIMESTAMP NOT NULL, PRIMARY KEY (origin, ts TIMESERIES)"
        )
        target.spark.sql(f"CREATE TABLE {target.name('airport_weather')} ({columns})")

    registry = Registry()
    monkeypatch.setattr("mlflow.MlflowClient", lambda: registry)
    monkeypatch.setattr("mlflow.set_registry_uri", lambda uri: None)
    monkeypatch.setattr(champion_module, "_register_champion", register)
    create()
    champion(target)
    registry.tags["2"] = {}  # a lesson's own version takes the alias, and gives another one
    registry.aliases = {"Champion": "2", "Challenger": "1"}
    champion(target)
    assert (list(registry.tags), registry.aliases) == (["1", "2"], {"Champion": "1"})

    target.spark.sql(f"DROP TABLE {target.name('airport_weather')}")
    create()
    champion(target)
    assert (list(registry.tags), registry.aliases) == (["1", "2", "3"], {"Champion": "3"})
    champion(target)
    assert list(registry.tags) == ["1", "2", "3"]
