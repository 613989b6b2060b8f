"""``INSERT`` into some of the columns: the other columns get their default, or null.

The engine fills a column that has a default, and requires the names of all other columns.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, unquote

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_INSERT = re.compile(
    rf"(?P<verb>INSERT\s+(?:INTO|OVERWRITE)(?:\s+TABLE)?\s+){QUALIFIED_NAME}\s*"
    rf"\((?P<columns>\s*{NAME}(?:\s*,\s*{NAME})*\s*)\)\s*"
    r"(?P<rows>(?:VALUES|SELECT|WITH|TABLE|FROM|\().*)",
    re.IGNORECASE | re.DOTALL,
)
_FILLED_BY_ENGINE = ("CURRENT_DEFAULT", "delta.generationExpression", "delta.identity.start")


def is_filled_by_engine(field: Mapping[str, Any]) -> bool:
    """Return whether the engine fills a column without a value: by a default, an identity or an expression.

    Parameters
    ----------
    field : mapping
        The column as the Delta log has it.

    Examples
    --------
    >>> is_filled_by_engine({"name": "x", "metadata": {"CURRENT_DEFAULT": "1"}})
    True
    """
    return any(key in field["metadata"] for key in _FILLED_BY_ENGINE)


def add_omitted_columns(session: Session, text: str) -> str:
    """Add the columns that an ``INSERT`` omits, with null as their value.

    Parameters
    ----------
    session : Session
    text : str
        The statement.

    Returns
    -------
    str
        The statement for the engine; the same text if no column is added.

    Raises
    ------
    UnityCatalogError
        If the statement names a column that the table does not have, or names a column twice.
    """
    match = _INSERT.fullmatch(text)
    if match is None:
        return text
    try:
        table = session.unity.table(session.resolve(match["name"]))
    except UnityCatalogError:
        return text  # a view or nothing: the engine runs or refuses the statement
    columns = [unquote(column) for column in re.findall(NAME, match["columns"])]
    _check_columns(table, columns)
    named = {column.lower() for column in columns}
    omitted = [
        field["name"]
        for field in table.fields
        if field["name"].lower() not in named and not is_filled_by_engine(field)
    ]
    if not omitted:
        return text
    rows = match["rows"].rstrip().removesuffix(";")
    names = ", ".join(quoted(column) for column in (*columns, *omitted))
    nulls = ", ".join(f"NULL AS {quoted(column)}" for column in omitted)
    return f"{match['verb']}{table.name.quoted} ({names}) SELECT *, {nulls} FROM ({rows})"


def _check_columns(table: UnityTable, columns: list[str]) -> None:
    named: set[str] = set()
    for column in columns:
        table.field(column)  # raises if the column does not exist
        if column.lower() in named:
            raise UnityCatalogError(
                f"The column `{column}` already exists: INSERT INTO {table.name} names it twice.",
                condition="COLUMN_ALREADY_EXISTS",
                sql_state="42711",
            )
        named.add(column.lower())
