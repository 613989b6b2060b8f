"""Whose experiments, and in which folder the generated notebooks are."""

from __future__ import annotations

import getpass
import re
from pathlib import Path

DEFAULT_FOLDER = "databricks_automl"
"""Where Databricks' own AutoML keeps its records, below the user's folder."""

_told: dict[str, object] = {}


def keep_records_of(user: str, folder: Path) -> None:
    """Say whose experiments and where generated notebooks are kept, for all later calls.

    Parameters
    ----------
    user : str
        Experiments are below ``/Users/<user>``.
    folder : Path
        What is ``/Users/<user>`` of the workspace to this process: generated notebooks are below it.
    """
    _told.update(user=user, folder=folder)


def experiments_folder(experiment_dir: str | None = None) -> str:
    """Give the workspace folder of experiments: ``experiment_dir``, or the default one.

    Examples
    --------
    >>> experiments_folder("/Shared/flights/")
    '/Shared/flights'
    """
    return (experiment_dir or f"/Users/{user()}/{DEFAULT_FOLDER}").rstrip("/")


def notebooks_folder(experiment_dir: str | None = None) -> Path:
    """Give the folder of generated notebooks, which is that of the experiments as files.

    A folder that is not below the user's gets one below the user's, named after it.
    """
    told = _told.get("folder")
    of_user = told if isinstance(told, Path) else Path.home()
    inside = experiments_folder(experiment_dir).removeprefix(f"/Users/{user()}/")
    if inside.startswith("/") or ".." in inside.split("/"):
        inside = re.sub(r"[^\w-]+", "_", inside.strip("/"))
    return of_user / inside


def user() -> str:
    """Give the user whose experiments are made; the machine's by default."""
    return str(_told.get("user") or getpass.getuser())
