"""Three environments, dev, staging and prod: what lessons about promotion need.

At work an environment is a catalog of its own. On a laptop it is one, too. On Databricks three schemas
of the learner's catalog stand in: who may create a catalog is the account's business.

Follows https://docs.databricks.com/aws/en/machine-learning/mlops/deployment-patterns
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.runtime import on_databricks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENVIRONMENTS = ("dev", "staging", "prod")
"""In the order in which one promotes; the targets of ``databricks.yml`` have the same names."""


def environments(spark: SparkSession, catalog: str, schema: str) -> dict[str, str]:
    """Say which schema stands for each environment, and create those that are missing.

    Parameters
    ----------
    spark : SparkSession
    catalog, schema : str
        Where the course keeps its tables and models.

    Returns
    -------
    dict of str to str
        Environment -> ``catalog.schema``, in the order dev, staging, prod.
    """
    places = schemas(catalog, schema)
    for place in places.values():
        of_environment, _, its_schema = place.partition(".")
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{of_environment}`.`{its_schema}`")
    return places


def schemas(catalog: str, schema: str) -> dict[str, str]:
    """Name the schema that stands for each environment, whether it is there or not."""
    if on_databricks():
        return {name: f"{catalog}.{schema}_{name}" for name in ENVIRONMENTS}
    return {name: f"{name}.{schema}" for name in ENVIRONMENTS}
