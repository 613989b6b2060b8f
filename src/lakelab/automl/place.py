"""Whose experiments, and in which folder the generated notebooks are."""

from __future__ import annotations

import getpass
from pathlib import Path

_told: dict[str, object] = {}


def keep_records_of(user: str, folder: Path) -> None:
    """Say whose experiments and where generated notebooks are kept, for all later calls.

    Parameters
    ----------
    user : str
        Experiments are below ``/Users/<user>/databricks_automl``.
    folder : Path
        Generated notebooks are below it.
    """
    _told.update(user=user, folder=folder)


def notebooks_folder() -> Path:
    """Give the folder for generated notebooks; the home folder's ``databricks_automl`` by default."""
    folder = _told.get("folder")
    return folder if isinstance(folder, Path) else Path.home() / "databricks_automl"


def user() -> str:
    """Give the user whose experiments are made; the machine's by default."""
    return str(_told.get("user") or getpass.getuser())
