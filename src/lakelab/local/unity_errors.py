"""The errors of Unity Catalog: what they are about, and under which condition Databricks documents them.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from deltalake.exceptions import DeltaError


class UnityCatalogError(Exception):
    """A name or an object that Unity Catalog would refuse; the message says what to do.

    Parameters
    ----------
    message : str
        What is wrong.
    condition, sql_state : str, optional
        Under which error condition Databricks documents it, and its SQLSTATE:
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
