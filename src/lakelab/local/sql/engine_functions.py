"""The functions that the engine of a session has: built-in, temporary, and registered from Unity Catalog."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from lakelab.local.catalog.functions import UnityFunction
    from lakelab.local.sql.session import Session


class EngineFunctions:
    """The functions of one engine.

    A session makes a new object for each engine that it connects to: a new engine has no function of
    the former one.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session):
        self._session = session
        self._built_in: set[str] | None = None
        self._registered: set[str] = set()

    def has(self, name: str) -> bool:
        """Return whether the engine has a built-in or temporary function.

        Parameters
        ----------
        name : str
            The name of one level, in lower case.
        """
        # the temporary functions may change at any time: the notebook registers them
        return name in self._built_in_names() or name in self._names("USER")

    def register(self, function: UnityFunction) -> str:
        """Register a Python function, under a name that no other definition has.

        Parameters
        ----------
        function : UnityFunction
            A function in Python.

        Returns
        -------
        str
            The name in the engine.
        """
        digest = hashlib.sha256(function.to_json().encode()).hexdigest()[:16]
        last_level = function.name.table
        name = f"{last_level}_{digest}" if last_level.isidentifier() else f"f_{digest}"
        if name not in self._registered:
            self._session.udf.register(name, PythonFunction(function), function.return_type)
            self._registered.add(name)
        return name

    def _built_in_names(self) -> set[str]:
        if self._built_in is None:
            self._built_in = self._names("SYSTEM")
        return self._built_in

    def _names(self, kind: str) -> set[str]:
        rows = self._session.engine_sql(f"SHOW {kind} FUNCTIONS").collect()
        return {row[0].lower() for row in rows}
