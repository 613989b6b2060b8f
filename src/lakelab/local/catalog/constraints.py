"""Constraints and defaults of a table: PRIMARY KEY, CHECK, NOT NULL and DEFAULT.

Follows https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable

from lakelab.local.catalog import conditions
from lakelab.local.catalog.columns import find_column, set_field_metadata
from lakelab.local.catalog.errors import AlreadyExistsError, UnityCatalogError
from lakelab.local.catalog.names import TableName, quoted
from lakelab.local.catalog.properties import PRIMARY_KEY, user_properties, without
from lakelab.local.delta.metadata import Metadata

COLUMN_DEFAULTS = "delta.feature.allowColumnDefaults"
"""The property that allows columns to have defaults."""

_DEFAULT = "CURRENT_DEFAULT"
_CHECK_PREFIX = "delta.constraints."


# ---- PRIMARY KEY -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class PrimaryKey:
    """The primary key of a table.

    Attributes
    ----------
    name : str
        The name of the constraint.
    columns : tuple of str
        The key columns, in order.
    timeseries_column : str or None
        The key column that holds the time of a time series.
    """

    name: str
    columns: tuple[str, ...]
    timeseries_column: str | None = None

    @property
    def clause(self) -> str:
        """The key as a clause of ``CREATE TABLE``.

        Examples
        --------
        >>> PrimaryKey("weather_pk", ("origin", "ts"), "ts").clause
        'PRIMARY KEY (`origin`, `ts` TIMESERIES)'
        """
        columns = (
            quoted(c) + (" TIMESERIES" if c == self.timeseries_column else "") for c in self.columns
        )
        return f"PRIMARY KEY ({', '.join(columns)})"

    def to_json(self) -> str:
        """Serialize the key for the table property."""
        return json.dumps(
            {"name": self.name, "columns": self.columns, "timeseries": self.timeseries_column}
        )

    @classmethod
    def from_json(cls, text: str) -> PrimaryKey:
        """Parse the table property."""
        key = json.loads(text)
        return cls(key["name"], tuple(key["columns"]), key["timeseries"])


def primary_key(configuration: Mapping[str, str]) -> PrimaryKey | None:
    """Read the primary key of a table from its properties."""
    text = configuration.get(PRIMARY_KEY)
    return PrimaryKey.from_json(text) if text else None


def set_primary_key(metadata: Metadata, key: PrimaryKey | None, table: TableName) -> None:
    """Declare the primary key in the metadata of a table, or drop the key with None.

    Raises
    ------
    UnityCatalogError
        If a column is nullable, or the table already has a key.
    """
    declared = _canonical_key(metadata, key, table) if key else None
    metadata.configuration = without(metadata.configuration, [PRIMARY_KEY])
    if declared:
        metadata.configuration[PRIMARY_KEY] = declared.to_json()


def _canonical_key(metadata: Metadata, key: PrimaryKey, table: TableName) -> PrimaryKey:
    """Check a new key, and spell its columns as the table does."""
    if existing := primary_key(metadata.configuration):
        raise AlreadyExistsError(
            f"Table '{table}' already has the primary key '{existing.name}'. "
            f"Drop it first: ALTER TABLE {table} DROP CONSTRAINT {existing.name}."
        )
    columns = [find_column(metadata.fields, column, table) for column in key.columns]
    timeseries = key.timeseries_column
    if timeseries:
        timeseries = find_column(metadata.fields, timeseries, table)["name"]
    nullable = [column["name"] for column in columns if column["nullable"]]
    if nullable:
        raise UnityCatalogError(
            f"Cannot create the primary key `{key.name}` because its child column(s) "
            f"{', '.join(f'`{c}`' for c in nullable)} is nullable. Please change the column "
            f"nullability and retry: ALTER TABLE {table} ALTER COLUMN {nullable[0]} SET NOT NULL."
        )
    return PrimaryKey(key.name, tuple(column["name"] for column in columns), timeseries)


# ---- CHECK -----------------------------------------------------------------------------------------
def check_constraints(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the name and condition of each CHECK constraint."""
    return {
        name.removeprefix(_CHECK_PREFIX): condition
        for name, condition in configuration.items()
        if name.startswith(_CHECK_PREFIX)
    }


def without_checks(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of a table without its CHECK constraints."""
    return {k: v for k, v in configuration.items() if not k.startswith(_CHECK_PREFIX)}


def set_check(metadata: Metadata, name: str, condition: str) -> None:
    """Declare a CHECK constraint in the metadata of a table, with the condition as the user wrote it."""
    metadata.configuration[_CHECK_PREFIX + name] = condition


def drop_check(metadata: Metadata, name: str) -> None:
    """Drop a CHECK constraint from the metadata of a table."""
    metadata.configuration = without(metadata.configuration, [_CHECK_PREFIX + name])


# ---- NOT NULL --------------------------------------------------------------------------------------
def check_no_nulls(delta: DeltaTable, column: str, table: TableName) -> None:
    """Check that a column has no nulls, before it becomes NOT NULL.

    Raises
    ------
    UnityCatalogError
        If the column has nulls.
    """
    batches = delta.to_pyarrow_dataset().to_batches(columns=[column])
    nulls = sum(batch.column(0).null_count for batch in batches)
    if nulls:
        raise UnityCatalogError(
            f"Cannot set '{column}' of table '{table}' to NOT NULL: {nulls} of its rows "
            f"have null there. Fill or delete them first.",
            condition=conditions.DELTA_NEW_NOT_NULL_VIOLATION,
        )


# ---- DEFAULT ---------------------------------------------------------------------------------------
def default(field: dict[str, Any]) -> str | None:
    """Return the default of a column as it was declared, or None."""
    expression: str | None = field["metadata"].get(_DEFAULT)
    return expression


def set_default(metadata: Metadata, column: str, expression: str | None) -> None:
    """Declare the default of a column in the metadata of a table; None drops the default."""
    set_field_metadata(metadata.field(column), _DEFAULT, expression)


def allows_defaults(properties: Mapping[str, str]) -> bool:
    """Return whether properties allow columns to have defaults.

    Examples
    --------
    >>> allows_defaults({"delta.feature.allowColumnDefaults": "supported"})
    True
    """
    values = {name.lower(): value.lower() for name, value in properties.items()}
    return values.get(COLUMN_DEFAULTS.lower()) in ("supported", "enabled")


def check_allows_defaults(delta: DeltaTable, table: TableName) -> None:
    """Check that a table allows its columns to have defaults.

    Raises
    ------
    UnityCatalogError
        If neither a property nor the protocol of the table allows defaults.
    """
    features = delta.protocol().writer_features or ()
    properties = user_properties(delta.metadata().configuration)
    if COLUMN_DEFAULTS.split(".")[-1] not in features and not allows_defaults(properties):
        raise defaults_not_allowed("ALTER TABLE", table)


def defaults_not_allowed(statement: str, table: TableName) -> UnityCatalogError:
    """Return the error for a default in a table that does not allow defaults.

    Follows https://docs.databricks.com/aws/en/delta/default-columns
    """
    return UnityCatalogError(
        f"Failed to execute {statement} command because it assigned a column DEFAULT value, but the "
        f"corresponding table feature was not enabled. Please retry the command again after executing "
        f"ALTER TABLE {table} SET TBLPROPERTIES('{COLUMN_DEFAULTS}' = 'supported').",
        condition=conditions.WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED,
    )
