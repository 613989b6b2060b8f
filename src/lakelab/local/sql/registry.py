"""Which function runs which statement of Unity Catalog and Delta.

A handler is registered by the class of the statement's node: `HANDLERS` of each module of
:mod:`lakelab.local.sql.statements`. It takes the session and the node, and returns the columns that Databricks
documents, or None for an empty result. Patterns come next, and their handlers take the match.

Follows https://docs.databricks.com/aws/en/sql/language-manual/

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.statements import (
    alter_column,
    alter_table,
    cluster_by,
    comment,
    constraint,
    create_function,
    create_table,
    describe,
    drop_table,
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

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

MatchHandler = Callable[["Session", re.Match[str]], "DataFrame | None"]

HANDLERS: Handlers = {
    **alter_column.HANDLERS,
    **alter_table.HANDLERS,
    **cluster_by.HANDLERS,
    **constraint.HANDLERS,
    **create_table.HANDLERS,
    **drop_table.HANDLERS,
    **optimize.HANDLERS,
    **properties.HANDLERS,
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
    *owner.STATEMENTS,
    *truncate.STATEMENTS,
    *history.STATEMENTS,
    *describe.STATEMENTS,
    *show_create_table.STATEMENTS,
    *show.STATEMENTS,
)


def run_node(session: Session, node: Any) -> DataFrame | None:
    """Run a statement by the class of its node; return None if the engine runs the statement.

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
    try:
        result = handler(session, node)
    except RunOnEngine:
        return None
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
