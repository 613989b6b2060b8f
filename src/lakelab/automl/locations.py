"""The workspace folders of AutoML: experiments, and generated notebooks.

Two environment variables hold the user and the folder for the process, as MLflow's variables do for
its tracking server: the calls of ``databricks.automl`` have no parameter for either.
"""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path

DEFAULT_FOLDER = "databricks_automl"
"""The folder below the user's folder where Databricks' own AutoML keeps its records."""

USER_VARIABLE = "LAKELAB_AUTOML_USER"
FOLDER_VARIABLE = "LAKELAB_AUTOML_FOLDER"


def set_record_locations(user: str, folder: Path) -> None:
    """Set the owner of experiments and the folder of generated notebooks, for all later calls.

    Parameters
    ----------
    user : str
        Experiments are below ``/Users/<user>``.
    folder : Path
        The path under which this process sees ``/Users/<user>`` of the workspace. Generated notebooks
        are below it.
    """
    os.environ[USER_VARIABLE] = user
    os.environ[FOLDER_VARIABLE] = str(folder)


def experiments_folder(experiment_dir: str | None = None) -> str:
    """Return the workspace folder of experiments: ``experiment_dir``, or the default one.

    Examples
    --------
    >>> experiments_folder("/Shared/flights/")
    '/Shared/flights'
    """
    return (experiment_dir or f"/Users/{current_user()}/{DEFAULT_FOLDER}").rstrip("/")


def notebooks_folder(experiment_dir: str | None = None) -> Path:
    """Return the folder of generated notebooks, which is the experiments' folder as files.

    A folder outside the user's folder gets a folder of a similar name below the user's.
    """
    user_folder = Path(os.environ.get(FOLDER_VARIABLE) or Path.home())
    relative = experiments_folder(experiment_dir).removeprefix(f"/Users/{current_user()}/")
    if relative.startswith("/") or ".." in relative.split("/"):
        relative = re.sub(r"[^\w-]+", "_", relative.strip("/"))
    return user_folder / relative


def current_user() -> str:
    """Return the owner of new experiments; the user of this machine by default."""
    return os.environ.get(USER_VARIABLE) or getpass.getuser()
