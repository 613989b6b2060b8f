"""Start the lab: where am I, which catalog and schema, and what does this lesson need?

Decides once whether this is a Databricks workspace or a laptop. On Databricks it adds nothing to
what is there but the course; on a laptop it starts what :mod:`lakelab.local` answers for.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lakelab import workspaces
from lakelab.lessons import Lesson, NoSuchLessonError, find_lesson
from lakelab.runtime import LabError, find_home, on_databricks, read_setting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakelab.local.notebook.mlflow_ui import Ui
    from lakelab.local.system.home import Home
    from lakelab.serving import Endpoint
    from lakelab.workspaces import Workspace


LOCAL_CATALOG, LOCAL_SCHEMA = "main", "lakelab"

AUTOML = {"databricks.automl": "lakelab.automl"}
"""Official package name -> what answers for it, where it is absent."""


class Lab:
    """What a lesson is given as ``lab``: the study helpers.

    Attributes
    ----------
    catalog, schema : str
        Where the course keeps its tables and models.
    lesson : Lesson or None
        The lesson that this notebook is, if the notebook's name could be told.
    """

    def __init__(self, spark: SparkSession, catalog: str, schema: str, where: str, kept: str):
        self.spark = spark
        self.catalog = catalog
        self.schema = schema
        self.lesson: Lesson | None = None
        self._workspaces: Callable[[str], Workspace]
        self._ui: Callable[[str], str]
        self._serve: Callable[[str], Endpoint]
        self._own_schema = False
        self._where = where
        self._kept = kept

    def __repr__(self) -> str:
        lesson = f"lesson {self.lesson.number}" if self.lesson else "no lesson"
        return (
            f"lakelab on {self._where}, {lesson} · tables and models in {self.catalog}.{self.schema}"
            f" · {self._kept}"
        )

    def workspace(self, name: str) -> Workspace:
        """Give one of two workspaces on the same Unity Catalog, ``"a"`` (this one) or ``"b"``.

        Raises
        ------
        LabError
            If there is no such workspace.
        """
        if name not in ("a", "b"):
            raise LabError(f'there is no workspace {name!r}: there are "a" and "b".')
        return self._workspaces(name)

    def ui(self, page: str = "") -> str:
        """Give the address of the MLflow UI, or of a page of it; on a laptop, start it if need be.

        Parameters
        ----------
        page : str
            The page as the open-source UI names it: ``experiments/<id>``,
            ``experiments/<id>/runs/<run id>``, ``models/<name>/versions/<version>``.

        Raises
        ------
        LabError
            If the UI cannot be started.
        """
        return self._ui(page)

    def serve(self, model_uri: str) -> Endpoint:
        """Serve a model that looks its features up online, such as ``"models:/<name>@Champion"``.

        On a laptop this process answers, until it ends; on Databricks a serving endpoint does, which
        takes minutes to start and costs until it is stopped.

        Raises
        ------
        LabError
            If the model cannot be served.
        """
        return self._serve(model_uri)

    def environments(self) -> dict[str, str]:
        """Say which schema stands for `dev`, `staging` and `prod`; each is there afterwards."""
        from lakelab.environments import environments

        return environments(self.spark, self.catalog, self.schema)

    def cleanup(self, confirm: bool = False) -> None:
        """Say what the course made here; with ``confirm=True``, remove it.

        That is: serving endpoints, online tables and stores, models, tables, experiments, and the
        course's schemas if nothing else is in them. What is not the course's, or not yours, stays.

        Parameters
        ----------
        confirm : bool
            Without it nothing is removed: call once to read, and once more to remove.

        Raises
        ------
        LabError
            If some of it could not be removed; everything else is gone then.
        """
        from lakelab import cleanup, environments

        place = cleanup.Place(
            self.spark,
            self.catalog,
            self.schema,
            environments.schemas(self.catalog, self.schema),
            own_schema=self._own_schema,
            endpoints=on_databricks(),
        )
        try:
            cleanup.cleanup(place, confirm)
        except cleanup.CleanupError as error:
            raise LabError(str(error)) from error

    def check(self, exercise: str, *answer: Any) -> None:
        """Check an exercise, such as ``lab.check("06.1", table_name)``, and say what is still wrong."""
        from lakelab.study import exercises

        exercises.check(self, exercise, *answer)

    def hint(self, exercise: str) -> None:
        """Show the next hint for an exercise."""
        from lakelab.study import exercises

        exercises.hint(exercise)

    def solution(self, exercise: str) -> None:
        """Show a solution of an exercise."""
        from lakelab.study import exercises

        exercises.solution(exercise)

    def quiz(self, lesson: str, answers: str | None = None) -> None:
        """Show the quiz of a lesson; with answers such as ``"bacd"``, say which are right."""
        from lakelab.study import quiz

        quiz.quiz(lesson, answers)

    def flashcards(self, lesson: str) -> None:
        """Show the flashcards of a lesson."""
        from lakelab.study import quiz

        quiz.flashcards(lesson)


def start(spark: Any = None, dbutils: Any = None) -> dict[str, Any]:
    """Start the lab, and say in one line where it runs and where things are kept.

    Parameters
    ----------
    spark, dbutils
        What the notebook has already: both on Databricks, neither on a laptop.

    Returns
    -------
    dict
        The names to leave in the notebook: `spark`, `lab`, `CATALOG`, `SCHEMA`, and `dbutils` and
        `display` where they are absent.

    Raises
    ------
    LabError
        If something that the lab needs is not there or not usable.
    """
    lesson = _this_lesson(dbutils)
    names = _start_on_databricks(spark, dbutils) if on_databricks() else _start_on_laptop(lesson)
    lab: Lab = names["lab"]
    lab.lesson = lesson
    _prepare(lab)
    print(lab)
    return names


# ---- Databricks ------------------------------------------------------------------------------------
def _start_on_databricks(spark: Any, dbutils: Any) -> dict[str, Any]:
    user = spark.sql("SELECT current_user()").collect()[0][0]
    own = re.sub(r"\W+", "_", user.partition("@")[0].lower())
    catalog = (
        read_setting("catalog", dbutils) or spark.sql("SELECT current_catalog()").collect()[0][0]
    )
    if catalog in ("hive_metastore", "spark_catalog"):
        raise LabError(
            f"the current catalog is {catalog}, and feature tables and models need Unity Catalog. "
            f"Name a catalog of yours: dbutils.widgets.text('catalog', '<catalog>'), then run again."
        )
    default = f"lakelab_{own}"
    schema = read_setting("schema", dbutils) or default
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.`{schema}`")
    spark.sql(f"USE CATALOG `{catalog}`")
    spark.sql(f"USE SCHEMA `{schema}`")
    import mlflow

    experiment = f"/Users/{user}/lakelab"
    mlflow.set_experiment(experiment)
    _answer_automl_where_it_is_absent(user)
    version = os.environ["DATABRICKS_RUNTIME_VERSION"]
    lab = Lab(spark, catalog, schema, f"Databricks {version}", f"runs in {experiment}")
    lab._workspaces = partial(
        workspaces.on_databricks, profile_of_b=read_setting("workspace_b", dbutils), spark=spark
    )
    lab._ui = _ui_on_databricks
    lab._own_schema = schema == default
    lab._serve = partial(_serve_on_databricks, spark)
    return {"spark": spark, "dbutils": dbutils, "lab": lab, "CATALOG": catalog, "SCHEMA": schema}


def _answer_automl_where_it_is_absent(user: str) -> None:
    """Runtimes above 17.3 LTS ML and serverless compute have no AutoML: there ours answers."""
    from lakelab.automl.locations import set_record_locations
    from lakelab.local.notebook.import_names import answer_official_names

    if find_spec("databricks.automl") is None:
        answer_official_names(AUTOML)
        set_record_locations(user, Path(f"/Workspace/Users/{user}"))


def _ui_on_databricks(page: str) -> str:
    """Find a page of the open-source UI in the workspace, by the addresses that MLflow itself prints."""
    from databricks.sdk import WorkspaceClient

    host = str(WorkspaceClient().config.host).rstrip("/")
    model = re.fullmatch(r"models/([^/]+)(?:/versions/(\w+))?", page)
    if model is None:
        return f"{host}/ml/{page}".rstrip("/")
    version = f"/version/{model[2]}" if model[2] else ""
    return f"{host}/explore/data/models/{model[1].replace('.', '/')}{version}"


def _serve_on_databricks(spark: Any, model_uri: str) -> Endpoint:
    from lakelab import serving

    try:
        return serving.on_databricks(spark, model_uri)
    except ValueError as error:
        raise LabError(str(error)) from error


# ---- laptop ----------------------------------------------------------------------------------------
_names: dict[str, Any] | None = None


def _start_on_laptop(lesson: Lesson | None) -> dict[str, Any]:
    """Start everything once in a process; a second ``%run ./_lab`` only prepares again."""
    global _names
    if _names is None:
        _names = _start_services(lesson)
    return dict(_names)


def _start_services(lesson: Lesson | None) -> dict[str, Any]:
    from lakelab.automl.locations import set_record_locations
    from lakelab.local.catalog.errors import UnityCatalogError
    from lakelab.local.catalog.store import UnityCatalog
    from lakelab.local.notebook.client_env import point_clients_at
    from lakelab.local.notebook.dbutils import LocalDbUtils
    from lakelab.local.notebook.display import display
    from lakelab.local.notebook.import_names import ANSWERS, answer_official_names
    from lakelab.local.spark.session import EngineError, start_spark
    from lakelab.local.system.home import HomeError, tracking_uri
    from lakelab.local.workspace import DEFAULT_USER, start_workspace

    global _meanwhile
    try:
        home = find_home().prepare()
        require_tracking_server()
        # before MLflow is imported: it reads some of what this sets only then
        workspace = start_workspace(home, UnityCatalog(home.warehouse), tracking_uri(home))
        ignored = point_clients_at(workspace, home)
        os.environ["MLFLOW_EXPERIMENT_NAME"] = f"/Users/{DEFAULT_USER}/lakelab"
        for other in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"):  # of another project, or a parent's
            os.environ.pop(other, None)
        # scikit-learn's threads wait for each other busily, for long: on a laptop that is busy itself
        # training took ten times as long. A short wait costs nothing on an idle one.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        if lesson is None or "tracking" in lesson.needs:
            and_ui = lesson is not None and "ui" in lesson.needs
            _meanwhile = threading.Thread(
                target=_open_tracking_meanwhile, args=[home, and_ui], daemon=True
            )
            _meanwhile.start()
        spark = start_spark(home)
        dbutils = LocalDbUtils()
        catalog = read_setting("catalog", dbutils) or LOCAL_CATALOG
        schema = read_setting("schema", dbutils) or LOCAL_SCHEMA
        spark.unity.create_schema(catalog, schema)
        spark.sql(f"USE `{catalog}`.`{schema}`")
    except (EngineError, HomeError, UnityCatalogError) as error:
        raise LabError(str(error)) from error
    answer_official_names({**ANSWERS, **AUTOML})
    set_record_locations(DEFAULT_USER, home.user_folder)
    kept = f"kept in {home.real_path}"
    if ignored:
        kept += f" · not used here: {', '.join(ignored)}"
    lab = Lab(cast("SparkSession", spark), catalog, schema, "this machine", kept)
    lab._workspaces = workspaces.LocalWorkspaces(home, workspace, spark)
    lab._ui = partial(_ui_on_laptop, home)
    lab._own_schema = schema == LOCAL_SCHEMA
    lab._serve = partial(_serve_on_laptop, home)
    return {
        "spark": spark,
        "dbutils": dbutils,
        "display": display,
        "lab": lab,
        "CATALOG": catalog,
        "SCHEMA": schema,
    }


_meanwhile: threading.Thread | None = None


def _open_tracking_meanwhile(home: Home, and_ui: bool) -> None:
    """Import what takes longest, and make the store for runs, while the engine starts."""
    from filelock import FileLock

    lock = FileLock(home.root / ".tracking.lock")
    # whatever goes wrong here goes wrong once more in the foreground, where it is seen
    with suppress(Exception):
        with lock:  # nobody is about to make it
            there = (home.mlflow / "mlflow.db").is_file()
        if and_ui and there:
            _start_own_ui(home)
        for slow in ("mlflow.sklearn", "databricks.sdk", "sklearn.ensemble"):
            importlib.import_module(slow)
        # MLflow itself lets two processes that make the same new store break each other
        with lock:
            importlib.import_module("mlflow").MlflowClient().search_experiments(max_results=1)
        if and_ui:
            _start_own_ui(home)


def _start_own_ui(home: Home) -> Ui | None:
    """Start the UI on the local store; None where runs are tracked by a server, which has its own."""
    from lakelab.local.notebook.mlflow_ui import start_ui
    from lakelab.local.system.home import tracking_uri

    return start_ui(home) if tracking_uri(home) == home.mlflow_uri else None


def _ui_on_laptop(home: Home, page: str) -> str:
    from lakelab.local.notebook.mlflow_ui import UiError, page_address
    from lakelab.local.system.home import tracking_uri

    try:
        own = _start_own_ui(home)
        return page_address(own.wait() if own else tracking_uri(home), page)
    except UiError as error:
        raise LabError(str(error)) from error


def _serve_on_laptop(home: Home, model_uri: str) -> Endpoint:
    from lakelab import serving
    from lakelab.local.serving.model_server import ServingError

    try:
        return serving.on_laptop(home, model_uri)
    except (ServingError, ValueError) as error:
        raise LabError(str(error)) from error


def require_tracking_server() -> None:
    """Look whether the server that ``MLFLOW_TRACKING_URI`` names answers.

    Raises
    ------
    LabError
        If it does not; MLflow itself would go on trying for minutes.
    """
    import http.client
    import urllib.request

    told = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not told.startswith(("http://", "https://")):
        return
    try:
        with urllib.request.urlopen(f"{told.rstrip('/')}/health", timeout=5):
            pass
    except (OSError, ValueError, http.client.InvalidURL) as error:
        raise LabError(
            f"no MLflow server answers at MLFLOW_TRACKING_URI={told} ({error}). "
            f"Start it, or unset MLFLOW_TRACKING_URI to track in a file of your own."
        ) from error


# ---- the lesson ------------------------------------------------------------------------------------
def _this_lesson(dbutils: Any) -> Lesson | None:
    """Tell the lesson by the notebook's name, where something knows it."""
    for told in _notebook_names(dbutils):
        found = re.match(r"(\d\d)_", told.replace("\\", "/").rpartition("/")[2])
        if found:
            try:
                return find_lesson(found[1])
            except NoSuchLessonError:
                return None
    return None


def _notebook_names(dbutils: Any) -> Iterable[str]:
    yield os.environ.get("LAKELAB_LESSON", "")  # lakelab run, and the tests
    yield os.environ.get("JPY_SESSION_NAME", "")  # Jupyter
    if on_databricks():
        yield _databricks_notebook(dbutils)
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        yield str(shell.user_ns.get("__vsc_ipynb_file__", ""))  # VS Code


def _databricks_notebook(dbutils: Any) -> str:
    """Ask for the path of the running notebook, where this kind of compute tells it."""
    try:
        context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
        return context.notebookPath().get()
    except Exception:  # noqa: BLE001 - not a public API: whatever it raises, everything is prepared
        return ""


def _prepare(lab: Lab) -> None:
    """Make what the lesson needs; where the lesson is not known, what any lesson needs."""
    from lakelab.lessons import prepare
    from lakelab.lessons.prepare.prepared_tables import Remembered

    needs = lab.lesson.needs if lab.lesson else tuple(prepare.NEEDS)
    file = None if on_databricks() else find_home().warehouse / ".prepared.json"
    place = prepare.Place(lab.spark, lab.catalog, lab.schema, Remembered(file))
    with _one_at_a_time():
        for need in needs:
            if need == "tracking" and _meanwhile:
                _meanwhile.join()
            if need in ("tracking", "champion", "study") and not on_databricks():
                _require_store()
            prepare.NEEDS[need](place)


def _require_store() -> None:
    from lakelab.local.system.home import HomeError, tracking_uri

    home = find_home()
    try:
        if tracking_uri(home) == home.mlflow_uri:
            home.check_store()
    except HomeError as error:
        raise LabError(str(error)) from error


def _one_at_a_time() -> AbstractContextManager[Any]:
    """Let one notebook of this machine prepare at a time: the next finds everything done."""
    if on_databricks():
        return nullcontext()
    from filelock import FileLock

    return FileLock(find_home().root / ".prepare.lock")
