"""The type of the functions that run statements.

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

Handler = Callable[["Session", Any], "DataFrame | None"]
"""It takes the session and the statement's node; None is an empty result.

It raises `RunOnEngine` if the engine runs the statement.
"""


class RunOnEngine(Exception):
    """The engine runs the statement, for example ``CREATE VIEW``."""


Handlers = dict[type, Handler]
"""Class of a statement's node -> the function that runs the statement."""
