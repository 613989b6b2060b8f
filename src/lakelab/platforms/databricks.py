"""The course in a Databricks workspace: the workspace's own services, and the course's AutoML."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab.environments import environment_schemas
from lakelab.lab import Platform
from lakelab.platforms.automl_names import provide_automl
from lakelab.runtime import LabError, read_setting
from lakelab.workspaces import databricks_workspace

if TYPE_CHECKING:
    from lakelab.lessons.prepare import PreparedTables
    from lakelab.serving import Endpoint
    from lakelab.workspaces import Workspace


class Databricks(Platform):
    """A Databricks workspace.

    Parameters
    ----------
    spark, dbutils
        The notebook's own objects.
    user : str
        The user of the session.
    catalog, schema : str
        The course keeps its tables and models there.
    """

    has_serving_endpoints = True

    def __init__(self, spark: Any, dbutils: Any, user: str, catalog: str, schema: str):
        self.spark = spark
        self.catalog = catalog
        self.schema = schema
        self.is_default_schema = schema == default_schema(user)
        self.environments = environment_schemas(catalog, schema)
        self.place = f"Databricks {os.environ['DATABRICKS_RUNTIME_VERSION']}"
        self.storage = f"runs in {_experiment(user)}"
        self._dbutils = dbutils
        self._profile_of_b = read_setting("workspace_b", dbutils)

    @classmethod
    def start(cls, spark: Any, dbutils: Any) -> Databricks:
        """Create the course's schema, make it the current one, and set the experiment.

        Raises
        ------
        LabError
            If the current catalog is not in Unity Catalog.
        """
        user = spark.sql("SELECT current_user()").collect()[0][0]
        catalog = (
            read_setting("catalog", dbutils)
            or spark.sql("SELECT current_catalog()").collect()[0][0]
        )
        if catalog in ("hive_metastore", "spark_catalog"):
            raise LabError(
                f"the current catalog is {catalog}, and feature tables and models need Unity Catalog. "
                f"Name a catalog of yours: dbutils.widgets.text('catalog', '<catalog>'), then run again."
            )
        schema = read_setting("schema", dbutils) or default_schema(user)
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.`{schema}`")
        spark.sql(f"USE CATALOG `{catalog}`")
        spark.sql(f"USE SCHEMA `{schema}`")
        import mlflow

        mlflow.set_experiment(_experiment(user))
        provide_missing_automl(user)
        return cls(spark, dbutils, user, catalog, schema)

    def notebook_names(self) -> dict[str, Any]:
        return {"spark": self.spark, "dbutils": self._dbutils}

    def workspace(self, name: str) -> Workspace:
        return databricks_workspace(name, self._profile_of_b, self.spark)

    def ui(self, page: str) -> str:
        from databricks.sdk import WorkspaceClient

        return ui_address(str(WorkspaceClient().config.host), page)

    def serve(self, model_uri: str) -> Endpoint:
        from lakelab import serving

        try:
            return serving.serve_from_endpoint(self.spark, model_uri)
        except ValueError as error:
            raise LabError(str(error)) from error

    def prepared_tables(self) -> PreparedTables:
        """Return an empty record: all tables are compared at each start."""
        from lakelab.lessons.prepare import PreparedTables

        return PreparedTables()

    def prepare_lock(self) -> AbstractContextManager[Any]:
        """Return a lock that locks nothing: each user has a schema of their own."""
        return nullcontext()

    def before_preparing(self, need: str) -> None:
        """Return at once: a workspace's services are always running."""


def default_schema(user: str) -> str:
    """Return the course's schema for a user.

    Examples
    --------
    >>> default_schema("Ana.Garcia@example.com")
    'lakelab_ana_garcia'
    """
    return "lakelab_" + re.sub(r"\W+", "_", user.partition("@")[0].lower())


def ui_address(host: str, page: str) -> str:
    """Return the address in the workspace of a page of the open-source UI.

    The addresses are those that MLflow itself prints in a workspace.

    Examples
    --------
    >>> ui_address("https://dbc-1.cloud.databricks.com", "models/main.flights.delay/versions/3")
    'https://dbc-1.cloud.databricks.com/explore/data/models/main/flights/delay/version/3'
    """
    host = host.rstrip("/")
    model = re.fullmatch(r"models/([^/]+)(?:/versions/(\w+))?", page)
    if model is None:
        return f"{host}/ml/{page}".rstrip("/")
    version = f"/version/{model[2]}" if model[2] else ""
    return f"{host}/explore/data/models/{model[1].replace('.', '/')}{version}"


def notebook_path(dbutils: Any) -> str:
    """Return the path of the running notebook, or an empty string if this compute does not report it."""
    try:
        context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
        return str(context.notebookPath().get())
    except Exception:  # noqa: BLE001 - not a public API: after any error, everything is prepared
        return ""


def _experiment(user: str) -> str:
    return f"/Users/{user}/lakelab"


def provide_missing_automl(user: str) -> None:
    """Provide the course's AutoML on runtimes above 17.3 LTS ML and on serverless compute.

    They have no AutoML of their own.
    """
    if find_spec("databricks.automl") is None:
        provide_automl(user, Path(f"/Workspace/Users/{user}"))
