"""Names and values in the text of a SQL statement."""

from __future__ import annotations

from typing import Any


def sql_literal(value: Any) -> str:
    r"""Return a value as a SQL literal.

    Examples
    --------
    >>> sql_literal("it's"), sql_literal(2.5), sql_literal(None)
    ("'it\\'s'", '2.5', 'NULL')
    """
    from sqlglot import exp

    return exp.convert(value).sql("databricks")


def statement_start(text: str) -> str:
    r"""Return the first 80 characters of a statement, on one line, for an error message.

    Examples
    --------
    >>> statement_start("SELECT  1,\n  2")
    'SELECT 1, 2'
    """
    return " ".join(text.split())[:80]
