"""The errors of Unity Catalog, with the conditions under which Databricks documents them.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from deltalake.exceptions import DeltaError

from lakelab.local.catalog import conditions
from lakelab.local.catalog.conditions import Condition


class UnityCatalogError(Exception):
    """Unity Catalog refuses a name or an object; the message says what to do.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    condition : str, optional
        The error condition: one of :mod:`lakelab.local.catalog.conditions`.
    sql_state : str, optional
        The SQLSTATE of a condition that is not there.
    """

    def __init__(self, message: str, *, condition: str | None = None, sql_state: str | None = None):
        super().__init__(message)
        self.condition = condition
        self.sql_state: str | None = getattr(condition, "sql_state", sql_state)

    @property
    def rest_code(self) -> Condition:
        """The code with which REST answers the error."""
        rest: Condition = getattr(self.condition, "rest", conditions.INVALID_PARAMETER_VALUE)
        return rest

    @property
    def rest_message(self) -> str:
        """The message with which REST answers the error."""
        return str(self)


class NotFoundError(UnityCatalogError):
    """The catalog, schema or table does not exist."""

    @property
    def rest_code(self) -> Condition:
        """The code with which REST answers the error."""
        return conditions.RESOURCE_DOES_NOT_EXIST


class AlreadyExistsError(UnityCatalogError):
    """The catalog, schema or table exists already."""

    @property
    def rest_code(self) -> Condition:
        """The code with which REST answers the error."""
        rest: Condition = getattr(self.condition, "rest", conditions.RESOURCE_ALREADY_EXISTS)
        return rest


class DamagedTableError(UnityCatalogError, DeltaError):
    """The Delta log of a table cannot be read."""


class ApiError(Exception):
    """The workspace refuses a call of its API.

    Parameters
    ----------
    code : str
        Databricks' error code: one of :mod:`lakelab.local.catalog.conditions`, or one of MLflow's.
    message : str
        What the caller passed, what was expected and what to do.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status. Never 429 or 5xx: the clients would silently retry these for minutes."""
        return conditions.status_of(self.code)


class InsufficientPermissionsError(UnityCatalogError):
    r"""The user lacks a privilege; the text is the one of Databricks' error class.

    Follows https://docs.databricks.com/aws/en/error-messages/error-classes#insufficient_permissions

    Parameters
    ----------
    message : str
        The privilege, and what it is missing on: REST answers with this.

    Examples
    --------
    >>> str(InsufficientPermissionsError("User does not have SELECT on Table 'main.flights.weather'."))
    "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have SELECT on Table 'main.flights.weather'. SQLSTATE: 42501"
    """

    def __init__(self, message: str):
        condition = conditions.INSUFFICIENT_PERMISSIONS
        text = f"[{condition}] Insufficient privileges:\n{message} SQLSTATE: {condition.sql_state}"
        super().__init__(text, condition=condition)
        self.message = message

    @property
    def rest_message(self) -> str:
        """The message with which REST answers the error."""
        return self.message
