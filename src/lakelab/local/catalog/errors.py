"""The errors of Unity Catalog, with the conditions under which Databricks documents them.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from deltalake.exceptions import DeltaError


class UnityCatalogError(Exception):
    """Unity Catalog refuses a name or an object; the message says what to do.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    condition, sql_state : str, optional
        The error condition under which Databricks documents the error, and its SQLSTATE:
        https://docs.databricks.com/aws/en/error-messages/error-classes
    """

    def __init__(self, message: str, *, condition: str | None = None, sql_state: str | None = None):
        super().__init__(message)
        self.condition = condition
        self.sql_state = sql_state


class NotFoundError(UnityCatalogError):
    """The catalog, schema or table does not exist."""


class AlreadyExistsError(UnityCatalogError):
    """The catalog, schema or table exists already."""


class DamagedTableError(UnityCatalogError, DeltaError):
    """The Delta log of a table cannot be read."""


_STATUS = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "CATALOG_DOES_NOT_EXIST": 404,
    "SCHEMA_DOES_NOT_EXIST": 404,
    "TABLE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
}


class ApiError(Exception):
    """The workspace refuses a call of its API.

    Parameters
    ----------
    code : str
        Databricks' error code, such as ``RESOURCE_DOES_NOT_EXIST``.
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
        return _STATUS.get(self.code, 400)


class InsufficientPermissionsError(UnityCatalogError):
    """The user lacks a privilege; the message is the one of Databricks' error class."""


def insufficient_permissions(message: str) -> InsufficientPermissionsError:
    r"""Return the error for a missing privilege, in the words of Databricks.

    Follows https://docs.databricks.com/aws/en/error-messages/error-classes#insufficient_permissions

    Examples
    --------
    >>> str(insufficient_permissions("User does not have SELECT on Table 'main.flights.weather'."))
    "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have SELECT on Table 'main.flights.weather'. SQLSTATE: 42501"
    """
    return InsufficientPermissionsError(
        f"[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n{message} SQLSTATE: 42501"
    )
