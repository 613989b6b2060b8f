"""Names and values as they stand in a SQL statement."""

from __future__ import annotations

from typing import Any


def literal(value: Any) -> str:
    r"""Write a value.

    Examples
    --------
    >>> literal("it's"), literal(2.5), literal(None)
    ("'it\\'s'", '2.5', 'NULL')
    """
    from sqlglot import exp

    return exp.convert(value).sql("databricks")


def quoted(name: str) -> str:
    """Write the name of a column or constraint.

    Examples
    --------
    >>> quoted("wind gust")
    '`wind gust`'
    """
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql("databricks")
