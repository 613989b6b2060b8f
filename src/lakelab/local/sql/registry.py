"""Which function runs which statement of Unity Catalog and Delta.

Patterns are tried first, and their handlers take the match. The rest of ALTER, CREATE and DROP TABLE is parsed
with sqlglot: these handlers take the session, the syntax tree and the text. A handler returns the columns that
Databricks documents. A handler of a match returns None for an empty result; a handler of a tree returns None if
the engine runs the statement.

Follows https://docs.databricks.com/aws/en/sql/language-manual/

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lakelab.local.sql.results import empty_result
from lakelab.local.sql.statements import (
    alter_column,
    cluster_by,
    comment,
    constraint,
    create_function,
    describe,
    function,
    grant,
    history,
    optimize,
    owner,
    properties,
    restore,
    schema,
    show,
    show_create_table,
    tags,
    truncate,
    use,
    vacuum,
)
from lakelab.local.sql.statements.alter_table import alter_table
from lakelab.local.sql.statements.create_table import create_table
from lakelab.local.sql.statements.drop_table import drop_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

MatchHandler = Callable[["Session", re.Match[str]], "DataFrame | None"]

# the first pattern that matches decides: DESCRIBE FUNCTION stands before DESCRIBE
_PATTERNS: tuple[tuple[re.Pattern[str], MatchHandler], ...] = (
    *create_function.STATEMENTS,
    *function.STATEMENTS,
    *grant.STATEMENTS,
    *use.STATEMENTS,
    *schema.STATEMENTS,
    *comment.STATEMENTS,
    *tags.STATEMENTS,
    *constraint.STATEMENTS,
    *properties.STATEMENTS,
    *alter_column.STATEMENTS,
    *owner.STATEMENTS,
    *cluster_by.STATEMENTS,
    *truncate.STATEMENTS,
    *optimize.STATEMENTS,
    *vacuum.STATEMENTS,
    *restore.STATEMENTS,
    *history.STATEMENTS,
    *describe.STATEMENTS,
    *show_create_table.STATEMENTS,
    *show.STATEMENTS,
)
DEFINITION = re.compile(r"(?:ALTER|CREATE|DROP)\b", re.IGNORECASE)
"""ALTER, CREATE or DROP at the start of a statement."""


def run_matched(session: Session, text: str) -> DataFrame | None:
    """Run a statement that a pattern recognises; return None for any other statement.

    Parameters
    ----------
    session : Session
    text : str
        One statement, without comments before it.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog or Delta would refuse it.
    """
    for pattern, handler in _PATTERNS:
        if match := pattern.match(text):
            result = handler(session, match)
            return empty_result(session) if result is None else result
    return None


def run_parsed(session: Session, text: str) -> DataFrame | None:
    """Run ``ALTER TABLE``, ``CREATE TABLE`` or ``DROP TABLE``; return None if the engine runs the statement.

    Parameters
    ----------
    session : Session
    text : str
        One statement, without comments before it.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog or Delta would refuse it.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if not DEFINITION.match(text):
        return None
    try:
        statement = sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError:
        return None  # the engine's own error names the position
    handlers: dict[type, Callable[[Session, Any, str], DataFrame | None]] = {
        exp.Alter: alter_table,
        exp.Create: create_table,
        exp.Drop: drop_table,
    }
    handler = handlers.get(type(statement))
    return handler(session, statement, text) if handler else None
