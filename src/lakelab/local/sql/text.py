"""Names and values in the text of a SQL statement."""

from __future__ import annotations

from typing import Any

BACKTICKED = r"`(?:[^`]|``)+`"
"""A pattern of a name in backticks."""

NAME = rf"(?:{BACKTICKED}|[^\s;`(),.'\"]+)"
"""A pattern of one level of a name, with or without backticks."""

LEADING = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
"""A pattern of the space and comments before a statement."""

LEVELS = rf"{NAME}(?:\.{NAME})*"
"""A pattern of a name of one or more levels."""

QUALIFIED_NAME = rf"(?P<name>{LEVELS})"
"""A pattern of a name of one or more levels, as the group ``name``."""


def unquote(name: str) -> str:
    """Return one level of a name without its backticks.

    Examples
    --------
    >>> unquote("`a``b`"), unquote("ab")
    ('a`b', 'ab')
    """
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


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
