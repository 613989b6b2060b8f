"""Which function runs which statement of Unity Catalog and Delta.

A handler is registered by the class of the statement's node: `HANDLERS` of each module of
:mod:`lakelab.local.sql.statements`. It takes the session and the node, and returns the columns that Databricks
documents, or None for an empty result. Patterns come next, and their handlers take the match. The rest of ALTER,
CREATE and DROP TABLE has sqlglot's own nodes: these handlers take the session, the syntax tree and the text, and
return None if the engine runs the statement.

Follows https://docs.databricks.com/aws/en/sql/language-manual/

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lakelab.local.sql.handlers import Handlers
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

HANDLERS: Handlers = {
    **optimize.HANDLERS,
    **restore.HANDLERS,
    **truncate.HANDLERS,
    **vacuum.HANDLERS,
}
"""Class of a statement's node -> the function that runs the statement."""

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
    *history.STATEMENTS,
    *describe.STATEMENTS,
    *show_create_table.STATEMENTS,
    *show.STATEMENTS,
)
DEFINITION = re.compile(r"(?:ALTER|CREATE|DROP)\b", re.IGNORECASE)
"""ALTER, CREATE or DROP at the start of a statement."""


def run_node(session: Session, node: Any) -> DataFrame | None:
    """Run a statement by the class of its node; return None if no handler is registered for the class.

    Parameters
    ----------
    session : Session
    node : sqlglot.exp.Expr or None
        The tree of the statement.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog or Delta would refuse it.
    """
    handler = HANDLERS.get(type(node))
    if handler is None:
        return None
    result = handler(session, node)
    return empty_result(session) if result is None else result


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
