"""The object ``lab`` of a lesson, and the interface of the platforms on which it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from lakelab.runtime import LabError
from lakelab.study import exercises, quiz

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakelab.lessons import Lesson
    from lakelab.lessons.prepare import PreparedTables
    from lakelab.serving import Endpoint
    from lakelab.workspaces import Workspace


class Platform(ABC):
    """The services that the lab needs of the place where it runs.

    Attributes
    ----------
    spark : SparkSession
    catalog, schema : str
        The course keeps its tables and models there.
    is_default_schema : bool
        Whether the schema has the course's default name, and not one that the learner chose.
    environments : mapping of str to str
        Environment -> ``catalog.schema``, in the order dev, staging, prod.
    place : str
        The platform in a few words: ``this machine``.
    storage : str
        Where the course keeps its state, in a few words.
    has_serving_endpoints : bool
        Whether models are served by endpoints, which continue after the notebook ends.
    """

    spark: SparkSession
    catalog: str
    schema: str
    is_default_schema: bool
    environments: Mapping[str, str]
    place: str
    storage: str
    has_serving_endpoints: bool

    @abstractmethod
    def notebook_names(self) -> dict[str, Any]:
        """Return the names that the notebook gets beside `lab`, `CATALOG` and `SCHEMA`."""

    @abstractmethod
    def workspace(self, name: str) -> Workspace:
        """Return workspace ``"a"`` or ``"b"``."""

    @abstractmethod
    def ui(self, page: str) -> str:
        """Return the address of a page of the MLflow UI."""

    @abstractmethod
    def serve(self, model_uri: str) -> Endpoint:
        """Serve a registered model."""

    @abstractmethod
    def prepared_tables(self) -> PreparedTables:
        """Return the record of tables that are known to be correct."""

    @abstractmethod
    def prepare_lock(self) -> AbstractContextManager[Any]:
        """Return a lock that is held while a lesson is prepared."""

    @abstractmethod
    def before_preparing(self, need: str) -> None:
        """Wait for the services that a need of a lesson uses, and check them."""


class Lab:
    """The object ``lab`` of a lesson: study helpers, and services of the platform.

    Parameters
    ----------
    platform : Platform
    lesson : Lesson, optional

    Attributes
    ----------
    spark : SparkSession
        The notebook's session.
    catalog, schema : str
        The course keeps its tables and models there.
    lesson : Lesson or None
        The lesson of this notebook, if its name is known.
    """

    def __init__(self, platform: Platform, lesson: Lesson | None = None):
        self.spark = platform.spark
        self.catalog = platform.catalog
        self.schema = platform.schema
        self.lesson = lesson
        self._platform = platform
        self._hints = exercises.HintCounter()

    def __repr__(self) -> str:
        lesson = f"lesson {self.lesson.number}" if self.lesson else "no lesson"
        return (
            f"lakelab on {self._platform.place}, {lesson} · "
            f"tables and models in {self.catalog}.{self.schema} · {self._platform.storage}"
        )

    def workspace(self, name: str) -> Workspace:
        """Return one of two workspaces on the same Unity Catalog.

        Parameters
        ----------
        name : {"a", "b"}
            ``"a"`` is this workspace.

        Raises
        ------
        LabError
            If there is no such workspace.
        """
        if name not in ("a", "b"):
            raise LabError(f'there is no workspace {name!r}: there are "a" and "b".')
        return self._platform.workspace(name)

    def ui(self, page: str = "") -> str:
        """Return the address of the MLflow UI, or of a page of it. On a laptop, start it if necessary.

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
        return self._platform.ui(page)

    def serve(self, model_uri: str) -> Endpoint:
        """Serve a model that looks up its features online, such as ``"models:/<name>@Champion"``.

        On a laptop this process serves the model until it ends. On Databricks a serving endpoint does,
        which takes minutes to start and costs until it is stopped.

        Raises
        ------
        LabError
            If the model cannot be served.
        """
        return self._platform.serve(model_uri)

    def environments(self) -> dict[str, str]:
        """Return the schema of `dev`, `staging` and `prod`; create those that do not exist.

        Returns
        -------
        dict of str to str
            Environment -> ``catalog.schema``, in the order dev, staging, prod.
        """
        from lakelab.environments import create_environments

        create_environments(self.spark, self._platform.environments)
        return dict(self._platform.environments)

    def cleanup(self, confirm: bool = False) -> None:
        """List what the course created here; with ``confirm=True``, remove it.

        That is: serving endpoints, online tables and stores, models, tables, experiments, and the
        course's schemas if they contain nothing else. Objects of others, and your own, stay.

        Parameters
        ----------
        confirm : bool
            Without it nothing is removed: call once to read, and once more to remove.

        Raises
        ------
        LabError
            If some objects could not be removed. All others are removed then.
        """
        from lakelab import cleanup

        scope = cleanup.CleanupScope(
            self.spark,
            self.catalog,
            self.schema,
            self._platform.environments,
            is_default_schema=self._platform.is_default_schema,
            endpoints=self._platform.has_serving_endpoints,
        )
        try:
            cleanup.cleanup(scope, confirm)
        except cleanup.CleanupError as error:
            raise LabError(str(error)) from error

    def check(self, exercise: str, *answer: Any) -> None:
        """Check an exercise, such as ``lab.check("06.1", table_name)``, and print what is still wrong."""
        exercises.check(self, exercise, *answer)

    def hint(self, exercise: str) -> None:
        """Show the next hint for an exercise."""
        self._hints.show_next(exercise)

    def solution(self, exercise: str) -> None:
        """Show a solution of an exercise."""
        exercises.solution(exercise)

    def quiz(self, lesson: str, answers: str | None = None) -> None:
        """Show the quiz of a lesson; with answers such as ``"bacd"``, print which are right."""
        quiz.quiz(lesson, answers)

    def flashcards(self, lesson: str) -> None:
        """Show the flashcards of a lesson."""
        quiz.flashcards(lesson)
