"""Three environments, dev, staging and prod, for lessons about promotion.

At work, an environment is a catalog of its own. On a laptop it is a catalog, too. On Databricks three
schemas of the learner's catalog stand in for them, since an account decides who may create a catalog.

Follows https://docs.databricks.com/aws/en/machine-learning/mlops/deployment-patterns
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENVIRONMENTS = ("dev", "staging", "prod")
"""In the order of promotion. The targets of ``databricks.yml`` have the same names."""


def environment_catalogs(schema: str) -> dict[str, str]:
    """Return the schema of each environment if each one is a catalog.

    Examples
    --------
    >>> environment_catalogs("lakelab")["prod"]
    'prod.lakelab'
    """
    return {name: f"{name}.{schema}" for name in ENVIRONMENTS}


def environment_schemas(catalog: str, schema: str) -> dict[str, str]:
    """Return the schema of each environment if all of them are in one catalog.

    Examples
    --------
    >>> environment_schemas("workspace", "lakelab_ana")["prod"]
    'workspace.lakelab_ana_prod'
    """
    return {name: f"{catalog}.{schema}_{name}" for name in ENVIRONMENTS}


def create_environments(spark: SparkSession, environments: Mapping[str, str]) -> None:
    """Create the schemas of the environments that do not exist.

    Parameters
    ----------
    spark : SparkSession
    environments : mapping of str to str
        Environment -> ``catalog.schema``.
    """
    for name in environments.values():
        catalog, _, schema = name.partition(".")
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.`{schema}`")
