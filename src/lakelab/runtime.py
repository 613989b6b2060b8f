"""Facts about the process: the kind of compute, settings, and the folder for local state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakelab.local.system.home import Home


class LabError(Exception):
    """The lab cannot do what was requested; the message says what to do.

    A notebook shows only that line, without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"lakelab: {self}"]


def on_databricks() -> bool:
    """Return whether this process runs on a Databricks cluster or on serverless compute."""
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def read_setting(name: str, dbutils: Any = None) -> str | None:
    """Read a setting from the notebook's widgets, else from the environment.

    Parameters
    ----------
    name : str
        Name of the widget or job parameter. The environment variable is ``LAKELAB_`` and this name in
        upper case, such as ``LAKELAB_CATALOG``.
    dbutils : optional
        The notebook's ``dbutils``. Without it, only the environment is read.

    Returns
    -------
    str or None
        None if the setting is missing or empty in both places.
    """
    value: str | None = None
    if dbutils is not None:
        value = dict(dbutils.widgets.getAll()).get(name)
    return value or os.environ.get(f"LAKELAB_{name.upper()}") or None


def project_root() -> Path | None:
    """Return the folder that contains ``notebooks/_lab.py``, or None outside of a clone."""
    here = Path(__file__).resolve()
    for folder in (*here.parents, Path.cwd(), *Path.cwd().parents):
        if (folder / "notebooks" / "_lab.py").is_file():
            return folder
    return None


def find_home() -> Home:
    """Return the folder for local state: ``LAKELAB_HOME``, else the project, else the home folder."""
    from lakelab.local.system.home import Home

    if folder := os.environ.get("LAKELAB_HOME"):
        return Home.at(Path(folder))
    return Home.at((project_root() or Path.home()) / ".lakelab")
