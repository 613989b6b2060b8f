"""Start the lab: choose the platform, prepare what the lesson needs, and return the notebook's names."""

from __future__ import annotations

from typing import Any

from lakelab.lab import Lab, Platform
from lakelab.lessons import Lesson
from lakelab.lessons.current_lesson import current_lesson
from lakelab.runtime import on_databricks


def start(spark: Any = None, dbutils: Any = None) -> dict[str, Any]:
    """Start the lab, and print in one line where it runs and where it keeps tables and runs.

    Parameters
    ----------
    spark, dbutils
        The notebook's own objects: both on Databricks, neither on a laptop.

    Returns
    -------
    dict
        The names for the notebook: `spark`, `lab`, `CATALOG`, `SCHEMA`, `dbutils`, and on a laptop
        `display`.

    Raises
    ------
    LabError
        If something that the lab needs is missing or not usable.
    """
    if on_databricks():
        platform, lab = start_databricks(spark, dbutils)
    else:
        platform, lab = LAPTOP.start()
    prepare_lesson(platform, lab.lesson)
    print(lab)
    return {
        **platform.notebook_names(),
        "lab": lab,
        "CATALOG": platform.catalog,
        "SCHEMA": platform.schema,
    }


def start_databricks(spark: Any, dbutils: Any) -> tuple[Platform, Lab]:
    """Start the course in a Databricks workspace."""
    from lakelab.platforms.databricks import Databricks, notebook_path

    lesson = current_lesson(lambda: notebook_path(dbutils))
    platform = Databricks.start(spark, dbutils)
    return platform, Lab(platform, lesson)


class LaptopProcess:
    """The services and the lab of this process on a laptop, which start once.

    A second ``%run ./_lab`` in the same kernel gets the same session, servers and lab, and with the lab
    the number of hints that it has shown. After a failed start, the next one tries again.

    Attributes
    ----------
    platform : Platform or None
        None until the services run.
    """

    def __init__(self) -> None:
        self.platform: Platform | None = None
        self._lab: Lab | None = None

    def start(self) -> tuple[Platform, Lab]:
        """Start the services, unless they run already, and set the lab's lesson."""
        from lakelab.platforms.laptop import Laptop, notebook_path

        lesson = current_lesson(notebook_path)
        if self.platform is None:
            self.platform = Laptop.start(lesson)
        if self._lab is None:
            self._lab = Lab(self.platform)
        self._lab.lesson = lesson
        return self.platform, self._lab


LAPTOP = LaptopProcess()
"""The only one of this process: the engine, its session and the servers listen once per process."""


def prepare_lesson(platform: Platform, lesson: Lesson | None) -> None:
    """Prepare what a lesson needs. If the lesson is unknown, prepare what any lesson needs."""
    from lakelab.lessons.prepare import NEEDS, LessonSchema

    needs = lesson.needs if lesson else tuple(NEEDS)
    target = LessonSchema(
        platform.spark,
        platform.catalog,
        platform.schema,
        platform.prepared_tables(),
        platform.environments,
    )
    with platform.prepare_lock():
        for need in needs:
            platform.before_preparing(need)
            NEEDS[need](target)
