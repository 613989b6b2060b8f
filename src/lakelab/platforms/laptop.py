"""The course on a laptop: the local engine, workspace API, tracking store and online store."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

from lakelab.environments import environment_catalogs
from lakelab.lab import Platform
from lakelab.platforms.automl_names import provide_automl
from lakelab.platforms.local_tracking import LocalTracking, require_tracking_server
from lakelab.runtime import LabError, find_home, read_setting
from lakelab.workspaces import LocalWorkspaces

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakelab.lessons import Lesson
    from lakelab.lessons.prepare import PreparedTables
    from lakelab.local.notebook.dbutils import LocalDbUtils
    from lakelab.local.spark.session import LocalSparkSession
    from lakelab.local.system.home import Home
    from lakelab.local.workspace import LocalWorkspace
    from lakelab.serving import Endpoint
    from lakelab.workspaces import Workspace

DEFAULT_CATALOG, DEFAULT_SCHEMA = "main", "lakelab"

NEEDS_A_STORE = ("tracking", "champion", "study")
"""Needs of lessons that read or write the tracking store."""


class Laptop(Platform):
    """A laptop, with the services of :mod:`lakelab.local` in this process.

    Parameters
    ----------
    home : Home
        Local state.
    workspace : LocalWorkspace
        The workspace API, running.
    tracking : LocalTracking
    spark : LocalSparkSession
    dbutils : LocalDbUtils
    catalog, schema : str
        The course keeps its tables and models there.
    ignored : list of str
        Settings of another workspace that this process does not use.
    """

    has_serving_endpoints = False

    def __init__(
        self,
        home: Home,
        workspace: LocalWorkspace,
        tracking: LocalTracking,
        spark: LocalSparkSession,
        dbutils: LocalDbUtils,
        catalog: str,
        schema: str,
        ignored: list[str],
    ):
        self.spark = cast("SparkSession", spark)
        self.catalog = catalog
        self.schema = schema
        self.is_default_schema = schema == DEFAULT_SCHEMA
        self.environments = environment_catalogs(schema)
        self.place = "this machine"
        self.storage = f"kept in {home.real_path}"
        if ignored:
            self.storage += f" · not used here: {', '.join(ignored)}"
        self._home = home
        self._tracking = tracking
        self._dbutils = dbutils
        self._workspaces = LocalWorkspaces(home, workspace, spark)

    @classmethod
    def start(cls, lesson: Lesson | None) -> Laptop:
        """Start the services, and open what the lesson needs while the engine starts.

        Parameters
        ----------
        lesson : Lesson or None
            The lesson of the notebook, if it is known.

        Raises
        ------
        LabError
            If the local state, the tracking server or the engine is not usable.
        """
        from lakelab.local.catalog.errors import UnityCatalogError
        from lakelab.local.catalog.store import UnityCatalog
        from lakelab.local.notebook.client_env import point_clients_at
        from lakelab.local.notebook.dbutils import LocalDbUtils
        from lakelab.local.notebook.import_names import answer_official_names
        from lakelab.local.spark.engine import EngineError
        from lakelab.local.spark.session import start_spark
        from lakelab.local.system.home import HomeError, tracking_uri
        from lakelab.local.workspace import DEFAULT_USER, start_workspace

        try:
            home = find_home().prepare()
            require_tracking_server()
            # MLflow reads some of these variables only when it is imported: they are set before
            workspace = start_workspace(home, UnityCatalog(home.warehouse), tracking_uri(home))
            ignored = point_clients_at(workspace, home)
            _set_library_variables(DEFAULT_USER)
            tracking = LocalTracking(home)
            if lesson is None or "tracking" in lesson.needs:
                tracking.open_in_background(lesson is not None and "ui" in lesson.needs)
            spark = start_spark(home)
            dbutils = LocalDbUtils()
            catalog = read_setting("catalog", dbutils) or DEFAULT_CATALOG
            schema = read_setting("schema", dbutils) or DEFAULT_SCHEMA
            spark.unity.create_schema(catalog, schema)
            spark.sql(f"USE `{catalog}`.`{schema}`")
        except (EngineError, HomeError, UnityCatalogError) as error:
            raise LabError(str(error)) from error
        answer_official_names()
        provide_automl(DEFAULT_USER, home.user_folder)
        return cls(home, workspace, tracking, spark, dbutils, catalog, schema, ignored)

    def notebook_names(self) -> dict[str, Any]:
        from lakelab.local.notebook.display import display

        return {"spark": self.spark, "dbutils": self._dbutils, "display": display}

    def workspace(self, name: str) -> Workspace:
        return self._workspaces.workspace(name)

    def ui(self, page: str) -> str:
        return self._tracking.ui(page)

    def serve(self, model_uri: str) -> Endpoint:
        from lakelab import serving
        from lakelab.local.serving.model_server import ServingError

        try:
            return serving.serve_from_process(self._home, model_uri)
        except (ServingError, ValueError) as error:
            raise LabError(str(error)) from error

    def prepared_tables(self) -> PreparedTables:
        """Return the record of correct tables, which all notebooks of this machine share."""
        from lakelab.lessons.prepare import PreparedTables

        return PreparedTables(self._home.warehouse / ".prepared.json")

    def prepare_lock(self) -> AbstractContextManager[Any]:
        """Return a lock for all notebooks of this machine.

        A notebook that waited for it finds the tables prepared.
        """
        from filelock import FileLock

        return FileLock(self._home.root / ".prepare.lock")

    def before_preparing(self, need: str) -> None:
        """Wait until the tracking store is open, and check it, if the need uses it."""
        if need == "tracking":
            self._tracking.wait()
        if need in NEEDS_A_STORE:
            self._tracking.require_store()


def notebook_path() -> str:
    """Return the path of the notebook that VS Code runs, or an empty string."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return "" if shell is None else str(shell.user_ns.get("__vsc_ipynb_file__", ""))


def _set_library_variables(user: str) -> None:
    os.environ["MLFLOW_EXPERIMENT_NAME"] = f"/Users/{user}/lakelab"
    # these may come from another project, or from a parent process
    for variable in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"):
        os.environ.pop(variable, None)
    # scikit-learn's threads spin for long while they wait for each other. On a busy laptop, training
    # took ten times as long. A short spin costs nothing on an idle one.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
