"""Names and values as they stand in a SQL statement, patterns of statements, and the empty answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

NAME = r"(?:`(?:[^`]|``)+`|[^\s;`(),.'\"]+)"
"""A pattern of one level of a name, in backticks or not."""

LEADING = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
"""A pattern of the space and comments before a statement."""

QUALIFIED_NAME = rf"(?P<name>{NAME}(?:\.{NAME})*)"
"""A pattern of a name of one or more levels."""

STRING = r"(?:r?'(?:[^'\\]|\\.|'')*'|r?\"(?:[^\"\\]|\\.)*\")"
"""A pattern of a string."""


def statement_pattern(text: str) -> re.Pattern[str]:
    r"""Make a pattern of a whole statement, in any case; a space in it stands for any space.

    Examples
    --------
    >>> statement_pattern(rf"SHOW TBLPROPERTIES {QUALIFIED_NAME}").match("show  tblproperties main.`a b`.t ;")["name"]
    'main.`a b`.t'
    """
    return re.compile(text.replace(" ", r"\s+") + r"\s*;?\s*\Z", re.IGNORECASE | re.DOTALL)


def unquote(name: str) -> str:
    """Read one level of a name, in backticks or not.

    Examples
    --------
    >>> unquote("`a``b`"), unquote("ab")
    ('a`b', 'ab')
    """
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def split_name(name: str) -> list[str]:
    """Read the levels of a name.

    Examples
    --------
    >>> split_name("Main.`a.b`")
    ['Main', 'a.b']
    """
    return [unquote(level) for level in re.findall(NAME, name)]


def parse_string(text: str) -> str:
    r"""Read a string as it stands in a statement.

    Examples
    --------
    >>> parse_string(r"'it\'s'"), parse_string('"so"')
    ("it's", 'so')
    """
    from sqlglot import parse_one

    return str(parse_one(text, dialect="databricks").name)


def sql_literal(value: Any) -> str:
    r"""Write a value.

    Examples
    --------
    >>> sql_literal("it's"), sql_literal(2.5), sql_literal(None)
    ("'it\\'s'", '2.5', 'NULL')
    """
    from sqlglot import exp

    return exp.convert(value).sql("databricks")


def empty_result(session: Session) -> DataFrame:
    """Give the empty answer of a statement that only does something."""
    return session.createDataFrame([], "result string").drop("result")
