"""The variables that a session has.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-variables

Tested in ``tests/local/sql/statements/test_variable.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError

if TYPE_CHECKING:
    from pyspark.sql.types import DataType
    from sqlglot import exp

SESSION_LEVELS = ("system", "session")
"""The levels before the name of a temporary object."""


@dataclass(frozen=True)
class Variable:
    """A variable of a session.

    Attributes
    ----------
    name : str
        In lower case.
    kind : DataType
    value : sqlglot.exp.Expr
        The value as an expression of the type.
    default : str
        The expression of the default, as text.
    """

    name: str
    kind: DataType
    value: exp.Expr
    default: str


class SessionVariables:
    """The variables of one session, by their names."""

    def __init__(self) -> None:
        self._variables: dict[str, Variable] = {}

    def __bool__(self) -> bool:
        return bool(self._variables)

    def get(self, name: str) -> Variable | None:
        """Return a variable; upper and lower case are the same."""
        return self._variables.get(name.lower())

    def set(self, variable: Variable) -> None:
        """Create or replace a variable."""
        self._variables[variable.name] = variable

    def drop(self, name: str) -> bool:
        """Drop a variable; return whether there was one."""
        return self._variables.pop(name.lower(), None) is not None

    def find(self, levels: list[str]) -> Variable:
        """Return the variable of a name of one to three levels.

        Raises
        ------
        UnityCatalogError
            If there is no such variable.
        """
        name = variable_name(levels)
        found = self.get(name) if name is not None else None
        if found is None:
            path = ".".join(f"`{level}`" for level in levels)
            raise UnityCatalogError(
                f"Cannot resolve variable {path} on search path [`system`.`session`].",
                condition=conditions.UNRESOLVED_VARIABLE,
            )
        return found


def variable_name(levels: list[str]) -> str | None:
    """Return the name of a variable without ``session`` or ``system.session`` before it; None for other levels.

    Examples
    --------
    >>> variable_name(["system", "Session", "x"]), variable_name(["x"]), variable_name(["main", "x"])
    ('x', 'x', None)
    """
    before = [level.lower() for level in levels[:-1]]
    return levels[-1] if before in ([], [SESSION_LEVELS[1]], list(SESSION_LEVELS)) else None
