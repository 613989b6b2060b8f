"""Columns of a table, as the Delta log holds them: name, type, nullable, metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import without
from lakelab.local.delta.metadata import Metadata


def find_column(fields: Sequence[dict[str, Any]], column: str, table: TableName) -> dict[str, Any]:
    """Return a column; upper and lower case do not matter.

    Raises
    ------
    NotFoundError
        If the table has no such column; the message lists the columns.
    """
    for field in fields:
        if field["name"].lower() == column.lower():
            return field
    names = ", ".join(field["name"] for field in fields)
    raise NotFoundError(
        f"Table '{table}' has no column '{column}'. It has: {names}.",
        condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
        sql_state="42703",
    )


def add_columns(
    metadata: Metadata,
    fields: Sequence[dict[str, Any]],
    after: Sequence[str | None],
    table: TableName,
) -> None:
    """Add columns to the metadata of a table.

    Parameters
    ----------
    metadata : Metadata
        Changed in place.
    fields : sequence of dict
        The columns as the Delta log has them.
    after : sequence of str or None
        For each, the column that it comes after: "" puts it first, None last.
    table : TableName
        The table, for messages.

    Raises
    ------
    AlreadyExistsError
        If there is a column of that name.
    """
    existing = list(metadata.fields)
    for field, previous in zip(fields, after, strict=True):
        names = [column["name"].lower() for column in metadata.fields]
        if field["name"].lower() in names:
            raise AlreadyExistsError(
                f"Cannot add column, because `{field['name']}` already exists in table '{table}'.",
                condition="FIELD_ALREADY_EXISTS",
                sql_state="42710",
            )
        position = len(names) if previous is None else 0
        if previous:
            position = names.index(find_column(existing, previous, table)["name"].lower()) + 1
        metadata.fields.insert(position, field)


def set_field_metadata(field: dict[str, Any], key: str, value: str | None) -> None:
    """Set an entry of a column's metadata, such as its comment; None removes the entry."""
    field["metadata"] = without(field["metadata"], [key])
    if value is not None:
        field["metadata"][key] = value
