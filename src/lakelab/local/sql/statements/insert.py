"""``INSERT`` that names some of the columns: the others get their default, or null.

The engine fills a column that has a default, and wants all others named.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, unquote

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_INSERT = re.compile(
    rf"(?P<verb>INSERT\s+(?:INTO|OVERWRITE)(?:\s+TABLE)?\s+){QUALIFIED_NAME}\s*"
    rf"\((?P<columns>\s*{NAME}(?:\s*,\s*{NAME})*\s*)\)\s*(?P<rows>(?:VALUES|SELECT|WITH|TABLE|FROM|\().*)",
    re.IGNORECASE | re.DOTALL,
)
_FILLED_BY_THE_ENGINE = ("CURRENT_DEFAULT", "delta.generationExpression", "delta.identity.start")


def is_filled_by_engine(field: Mapping[str, Any]) -> bool:
    """Say whether a column gets a value where none is given: a default, a number, a computed one.

    Parameters
    ----------
    field : mapping
        The column as the Delta log has it.

    Examples
    --------
    >>> is_filled_by_engine({"name": "x", "metadata": {"CURRENT_DEFAULT": "1"}})
    True
    """
    return any(key in field["metadata"] for key in _FILLED_BY_THE_ENGINE)


def add_omitted_columns(session: Session, text: str) -> str:
    """Name the columns that an ``INSERT`` leaves out, with null for their value.

    Parameters
    ----------
    session : Session
    text : str
        The statement.

    Returns
    -------
    str
        The statement for the engine; as it was if there is nothing to add.

    Raises
    ------
    UnityCatalogError
        If it names a column that the table does not have, or one twice.
    """
    told = _INSERT.fullmatch(text)
    if told is None:
        return text
    try:
        table = session.unity.table(session.resolve(told["name"]))
    except UnityCatalogError:
        return text  # the engine says what is there instead
    columns = [unquote(column) for column in re.findall(NAME, told["columns"])]
    given: set[str] = set()
    for column in columns:
        table.field(column)  # is there
        if column.lower() in given:
            raise UnityCatalogError(
                f"The column `{column}` already exists: INSERT INTO {table.name} names it twice.",
                condition="COLUMN_ALREADY_EXISTS",
                sql_state="42711",
            )
        given.add(column.lower())
    absent = [
        field["name"]
        for field in table.fields
        if field["name"].lower() not in given and not is_filled_by_engine(field)
    ]
    if not absent:
        return text
    rows = told["rows"].rstrip().removesuffix(";")
    names = ", ".join(quoted(column) for column in (*columns, *absent))
    nulls = ", ".join(f"NULL AS {quoted(column)}" for column in absent)
    return f"{told['verb']}{table.name.quoted} ({names}) SELECT *, {nulls} FROM ({rows})"
