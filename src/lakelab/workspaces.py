"""Two workspaces of one account, for lessons about sharing.

On a laptop there are two, ``a`` and ``b``, each with its own experiments, its own workspace registry
and its own ``hive_metastore``, both on the same Unity Catalog. On Databricks ``a`` is the workspace of
the notebook. ``b`` is the workspace of a profile that the learner names; without one it is ``a``, too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakelab.local.spark.session import LocalSparkSession
    from lakelab.local.system.home import Home
    from lakelab.local.workspace import LocalWorkspace

COLLEAGUE = "colleague@example.com"
"""The user of workspace ``b`` on a laptop."""


@dataclass(frozen=True)
class Workspace:
    """The URIs, the profile and the session of a workspace, as MLflow and databricks-sdk name them.

    Parameters
    ----------
    name : str
        ``a`` or ``b``.
    user : str
        The user in that workspace.
    profile : str or None
        For ``WorkspaceClient(profile=...)``; None is the workspace of this process.
    tracking_uri : str
        The store of its experiments and runs.
    registry_uri : str
        Its workspace registry.
    unity_catalog_uri : str
        Unity Catalog's registry, as seen from there.

    Examples
    --------
    >>> Workspace.of_profile("b", "ana@example.com", "other").unity_catalog_uri
    'databricks-uc://other'
    >>> Workspace.of_profile("a", "ana@example.com", None).registry_uri
    'databricks'
    """

    name: str
    user: str
    profile: str | None
    tracking_uri: str
    registry_uri: str
    unity_catalog_uri: str
    _session: Callable[[], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def spark(self) -> SparkSession:
        """A Spark session of the workspace, as its user.

        On a laptop: a second session on the same engine. It sees the tables that the user was granted,
        and the workspace's own ``hive_metastore``. On Databricks: the notebook's session, or a session
        of Databricks Connect on the serverless compute of the profile's workspace. The documentation
        says that a notebook may open such a session
        (https://docs.databricks.com/aws/en/dev-tools/databricks-connect/python/notebooks); it was not
        tried with a profile.

        A session, and not the Statement Execution API, because a practitioner's code is the same
        with it in both workspaces: ``table``, ``sql``, DataFrames.
        """
        if self._session is None:
            raise ValueError(
                f"nothing says how to open a Spark session of workspace {self.name!r}."
            )
        return cast("SparkSession", self._session())

    @classmethod
    def of_profile(
        cls, name: str, user: str, profile: str | None, tracking_uri: str | None = None
    ) -> Workspace:
        """Return a workspace by its profile in the Databricks configuration file.

        Follows https://mlflow.org/docs/latest/api_reference/python_api/mlflow.html#mlflow.set_registry_uri
        """
        at = f"://{profile}" if profile else ""
        return cls(
            name,
            user,
            profile,
            tracking_uri or f"databricks{at}",
            f"databricks{at}",
            f"databricks-uc{at}",
        )


def databricks_workspace(name: str, profile_of_b: str | None, spark: Any = None) -> Workspace:
    """Return the notebook's workspace, or the workspace of the profile.

    Parameters
    ----------
    name : {"a", "b"}
    profile_of_b : str or None
        The profile of another workspace. Without one, ``b`` is the notebook's workspace, too.
    spark : SparkSession, optional
        The notebook's own session.
    """
    from databricks.sdk import WorkspaceClient

    profile = profile_of_b if name == "b" else None
    if name == "b" and profile is None:
        print(
            "No second workspace is named: what follows shows what can be seen from this one. To use "
            "two, name a profile of another workspace on the same metastore: "
            "dbutils.widgets.text('workspace_b', '<profile>')."
        )
        return databricks_workspace("a", None, spark)
    client = WorkspaceClient(profile=profile) if profile else WorkspaceClient()
    workspace = Workspace.of_profile(name, str(client.current_user.me().user_name), profile)
    return replace(workspace, _session=lambda: _session_of(profile) if profile else spark)


def _session_of(profile: str) -> Any:
    """Return the open session of another workspace, or open one."""
    # this package is part of each Databricks runtime, and is installed nowhere else
    connect: Any = importlib.import_module("databricks.connect")
    return connect.DatabricksSession.builder.profile(profile).serverless(True).getOrCreate()


class LocalWorkspaces:
    """The workspaces of this process. Workspace ``b`` starts at its first use.

    Parameters
    ----------
    home : Home
        Local state, which both share.
    first : LocalWorkspace
        Workspace ``a``, running.
    spark : LocalSparkSession
        The session of workspace ``a``.
    """

    def __init__(self, home: Home, first: LocalWorkspace, spark: LocalSparkSession):
        self._home = home
        self._first = first
        self._second: LocalWorkspace | None = None
        self._spark = spark
        self._second_spark: LocalSparkSession | None = None

    def workspace(self, name: str) -> Workspace:
        """Return workspace ``"a"`` or ``"b"``."""
        from lakelab.local.workspace import DEFAULT_USER

        if name == "a":
            first = Workspace.of_profile("a", DEFAULT_USER, None, self._first.tracking_uri)
            return replace(first, _session=lambda: self._spark)
        store = self._open_second()
        second = Workspace.of_profile("b", COLLEAGUE, "b", store)
        return replace(second, _session=self._session_of_second)

    def _session_of_second(self) -> LocalSparkSession:
        if self._second_spark is None:
            self._second_spark = self._spark.workspace_session("b", COLLEAGUE)
        return self._second_spark

    def _open_second(self) -> str:
        from lakelab.local.catalog.store import UnityCatalog
        from lakelab.local.notebook.client_env import Login, name_profiles
        from lakelab.local.workspace import start_workspace

        folder = self._home.workspace("b")
        store = f"sqlite:///{folder / 'mlflow.db'}"
        if self._second is None:
            folder.mkdir(parents=True, exist_ok=True)
            _open_store(store, str(folder / "artifacts"))
            self._second = start_workspace(
                self._home,
                UnityCatalog(self._home.warehouse),
                self._first.tracking_uri,
                name="b",
                own_store=store,
            )
            colleague = Login(self._second.url, self._second.token_for(COLLEAGUE))
            name_profiles({"DEFAULT": self._first, "b": colleague}, self._home)
        return store


def _open_store(store: str, artifacts: str) -> None:
    """Create the store of experiments, with one experiment for the user.

    The experiment has a folder of its own for artifacts, apart from those of workspace a.
    """
    from filelock import FileLock
    from mlflow import MlflowClient

    client, experiment = MlflowClient(store, store), f"/Users/{COLLEAGUE}/lakelab"
    with FileLock(f"{store.removeprefix('sqlite:///')}.lock"):
        if client.get_experiment_by_name(experiment) is None:
            client.create_experiment(experiment, artifact_location=artifacts)
