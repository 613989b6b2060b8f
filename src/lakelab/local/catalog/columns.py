"""Columns of a table, as the Delta log holds them: name, type, nullable, metadata.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes and
https://docs.databricks.com/aws/en/delta/column-mapping
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import AlreadyExistsError, NotFoundError, UnityCatalogError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import without
from lakelab.local.delta.metadata import Metadata

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_INVALID_CHARACTERS = " ,;{}()\n\t="


def check_column_names(columns: StructType | Iterable[str | Mapping[str, Any]]) -> None:
    r"""Check that a table can have columns with these names, those of nested fields included.

    Parameters
    ----------
    columns : pyspark.sql.types.StructType or iterable of str or mapping
        A schema, the names of its columns, or the columns as the Delta log has them.

    Raises
    ------
    UnityCatalogError
        If two columns, or two fields of one struct, differ in case at most, or a name has a character that
        a table without column mapping cannot have.

    Examples
    --------
    >>> check_column_names(["x", "y"])
    >>> check_column_names(["x", "X"])
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: The column `x` already exists. Choose another name or rename the existing column.
    """
    fields = columns.jsonValue()["fields"] if hasattr(columns, "jsonValue") else list(columns)
    levels = list(_levels(fields))
    for names in levels:
        _check_duplicates(names)
    invalid = [n for names in levels for n in names if any(c in n for c in _INVALID_CHARACTERS)]
    if invalid:
        raise UnityCatalogError(
            "Found invalid character(s) among ' ,;{}()\\n\\t=' in the column names of your schema.\n"
            f"Invalid column names: {', '.join(invalid)}.\n"
            "Please use other characters and try again.\n"
            "Alternatively, enable Column Mapping to keep using these characters: that works on "
            "Databricks only.",
            condition=conditions.DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES,
        )


def _levels(fields: Iterable[str | Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield the names of the columns, then those of the fields of each struct in them."""
    fields = list(fields)
    yield [field if isinstance(field, str) else str(field["name"]) for field in fields]
    for field in fields:
        if not isinstance(field, str):
            yield from _levels_of_type(field["type"])


def _levels_of_type(kind: Any) -> Iterator[list[str]]:
    if not isinstance(kind, Mapping):
        return
    if kind["type"] == "struct":
        yield from _levels(kind["fields"])
    for part in ("elementType", "keyType", "valueType"):
        if part in kind:
            yield from _levels_of_type(kind[part])


def _check_duplicates(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise UnityCatalogError(
                f"The column `{name.lower()}` already exists. Choose another name or rename the existing "
                f"column.",
                condition=conditions.COLUMN_ALREADY_EXISTS,
            )
        seen.add(name.lower())


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
        condition=conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
    )


def add_columns(
    metadata: Metadata,
    fields: Sequence[dict[str, Any]],
    after: Sequence[str | None],
    table: TableName,
    parents: Sequence[Sequence[str]] | None = None,
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
    parents : sequence of sequence of str, optional
        For each, the path of the struct that gets it as a field: ``["s"]``, ``["a", "element"]`` for an
        array ``a`` of structs, ``["m", "value"]`` for a map ``m``. Empty for a column.

    Raises
    ------
    AlreadyExistsError
        If there is a column of that name.
    NotFoundError
        If there is no such struct.
    """
    paths = parents or [()] * len(fields)
    existing = {tuple(path): list(_fields_at(metadata.fields, path, table)) for path in paths}
    for field, previous, path in zip(fields, after, paths, strict=True):
        siblings = _fields_at(metadata.fields, path, table)
        names = [column["name"].lower() for column in siblings]
        if field["name"].lower() in names:
            full = ".".join(f"`{level}`" for level in (*path, field["name"]))
            raise AlreadyExistsError(
                f"Cannot add column, because {full} already exists in table '{table}'.",
                condition=conditions.FIELD_ALREADY_EXISTS,
            )
        position = len(names) if previous is None else 0
        if previous:
            position = (
                names.index(find_column(existing[tuple(path)], previous, table)["name"].lower()) + 1
            )
        check_column_names([field])
        siblings.insert(position, field)


def _fields_at(
    fields: list[dict[str, Any]], path: Sequence[str], table: TableName
) -> list[dict[str, Any]]:
    """Return the fields of the struct at a path, in which fields can be inserted; those of the table if empty."""
    kind: Any = {"type": "struct", "fields": fields}
    for depth, level in enumerate(path):
        kind = _child(kind, level, path[:depth], table)
    if _type_name(kind) != "struct":
        raise _no_struct(path, path, kind)
    found: list[dict[str, Any]] = kind["fields"]
    return found


def _child(kind: Any, level: str, parent: Sequence[str], table: TableName) -> Any:
    """Return the type of one level of a path."""
    if _type_name(kind) == "struct":
        return find_column(kind["fields"], level, table)["type"]
    part = {("array", "element"): "elementType", ("map", "key"): "keyType", ("map", "value"): "valueType"}.get(
        (_type_name(kind), level.lower())
    )  # fmt: skip
    if part is None:
        raise _no_struct((*parent, level), parent, kind)
    return kind[part]


def _type_name(kind: Any) -> str:
    return str(kind["type"]) if isinstance(kind, Mapping) else str(kind)


def _no_struct(name: Sequence[str], path: Sequence[str], kind: Any) -> UnityCatalogError:
    hint = {"array": " Its items are at `element`.", "map": " Its values are at `value`."}
    return UnityCatalogError(
        f"Field name {'.'.join(f'`{n}`' for n in name)} is invalid: {'.'.join(f'`{p}`' for p in path)} is "
        f"not a struct.{hint.get(_type_name(kind), '')}",
        condition=conditions.INVALID_FIELD_NAME,
    )


def set_field_metadata(field: dict[str, Any], key: str, value: str | None) -> None:
    """Set an entry of a column's metadata, such as its comment; None removes the entry."""
    field["metadata"] = without(field["metadata"], [key])
    if value is not None:
        field["metadata"][key] = value
