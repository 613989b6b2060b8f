"""Names and values in the text of a SQL statement, and patterns of statements."""

from __future__ import annotations

import re
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

STRING = r"(?:r?'(?:[^'\\]|\\.|'')*'|r?\"(?:[^\"\\]|\\.)*\")"
"""A pattern of a string."""

DESCRIBE = r"DESC(?:RIBE)?"
"""A pattern of the keyword DESCRIBE."""


def statement_pattern(text: str) -> re.Pattern[str]:
    r"""Compile a pattern of a whole statement.

    The pattern ignores case. A space in it matches any space, and a semicolon may end the statement.

    Parameters
    ----------
    text : str
        The pattern.

    Examples
    --------
    >>> pattern = statement_pattern(rf"SHOW TBLPROPERTIES {QUALIFIED_NAME}")
    >>> pattern.match("show  tblproperties main.`a b`.t ;")["name"]
    'main.`a b`.t'
    """
    return re.compile(text.replace(" ", r"\s+") + r"\s*;?\s*\Z", re.IGNORECASE | re.DOTALL)


def unquote(name: str) -> str:
    """Return one level of a name without its backticks.

    Examples
    --------
    >>> unquote("`a``b`"), unquote("ab")
    ('a`b', 'ab')
    """
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def split_name(name: str) -> list[str]:
    """Return the levels of a name.

    Examples
    --------
    >>> split_name("Main.`a.b`")
    ['Main', 'a.b']
    """
    return [unquote(level) for level in re.findall(NAME, name)]


def parse_string(text: str) -> str:
    r"""Return the value of a string literal.

    Examples
    --------
    >>> parse_string(r"'it\'s'"), parse_string('"so"')
    ("it's", 'so')
    """
    from sqlglot import parse_one

    return str(parse_one(text, dialect="databricks").name)


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
