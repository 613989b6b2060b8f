"""Three environments: catalogs on a laptop, schemas of the learner's catalog on Databricks."""

from __future__ import annotations

from lakelab.environments import ENVIRONMENTS
from lakelab.lab import Lab


class FakeSession:
    """A session of a workspace, as far as the lab asks it: what it was told is written down."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def sql(self, query: str) -> None:
        self.said.append(query)


def test_on_a_laptop_each_environment_is_a_catalog(spark, schema):
    name = schema.partition(".")[2]
    lab = Lab(spark, "main", name, "test", "test")
    try:
        told = lab.environments()
        assert list(told.items()) == [
            ("dev", f"dev.{name}"),
            ("staging", f"staging.{name}"),
            ("prod", f"prod.{name}"),
        ]
        for environment in told:
            assert name in spark.unity.schemas(environment)
        assert lab.environments() == told, "a second call finds them"
        assert spark.catalog.currentCatalog() == "main", "where the learner is does not change"
    finally:
        for environment in ENVIRONMENTS:
            spark.sql(f"DROP SCHEMA IF EXISTS {environment}.{name} CASCADE")


def test_on_databricks_each_environment_is_a_schema_of_the_learners_catalog(monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    session = FakeSession()
    told = Lab(session, "workspace", "lakelab_ana", "test", "test").environments()
    assert list(told.items()) == [
        ("dev", "workspace.lakelab_ana_dev"),
        ("staging", "workspace.lakelab_ana_staging"),
        ("prod", "workspace.lakelab_ana_prod"),
    ]
    assert session.said == [
        f"CREATE SCHEMA IF NOT EXISTS `workspace`.`lakelab_ana_{name}`" for name in ENVIRONMENTS
    ]
