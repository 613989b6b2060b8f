"""The official import name of AutoML, served by the course's own AutoML.

Tested in ``tests/platforms/test_databricks.py``.
"""

from __future__ import annotations

from pathlib import Path

OFFICIAL_NAMES = {"databricks.automl": "lakelab.automl"}
"""Official package name -> the package that is imported instead."""


def provide_automl(user: str, user_folder: Path) -> None:
    """Import the course's AutoML under the official name, from now on in this process.

    Parameters
    ----------
    user : str
        The owner of AutoML's experiments.
    user_folder : Path
        The path under which this process sees the user's workspace folder. AutoML writes its notebooks
        below it.
    """
    from lakelab.automl.locations import set_record_locations
    from lakelab.local.notebook.import_names import answer_official_names

    answer_official_names(OFFICIAL_NAMES)
    set_record_locations(user, user_folder)
