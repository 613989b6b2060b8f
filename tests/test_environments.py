"""Three environments: catalogs on a laptop, schemas of the learner's catalog on Databricks."""

from __future__ import annotations

from lakelab.environments import (
    ENVIRONMENTS,
    create_environments,
    environment_catalogs,
    environment_schemas,
)


class FakeSession:
    """A session that records its statements."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def sql(self, query: str) -> None:
        self.statements.append(query)


def test_on_a_laptop_each_environment_is_a_catalog():
    assert list(environment_catalogs("lakelab").items()) == [
        ("dev", "dev.lakelab"),
        ("staging", "staging.lakelab"),
        ("prod", "prod.lakelab"),
    ]


def test_on_databricks_each_environment_is_a_schema_of_the_learners_catalog():
    session = FakeSession()
    environments = environment_schemas("workspace", "lakelab_ana")
    assert list(environments.items()) == [
        ("dev", "workspace.lakelab_ana_dev"),
        ("staging", "workspace.lakelab_ana_staging"),
        ("prod", "workspace.lakelab_ana_prod"),
    ]
    create_environments(session, environments)
    assert session.statements == [
        f"CREATE SCHEMA IF NOT EXISTS `workspace`.`lakelab_ana_{name}`" for name in ENVIRONMENTS
    ]
