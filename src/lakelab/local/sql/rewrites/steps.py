"""The rewrites of a statement for the engine, in their order.

A rewrite changes the tree in place, and returns whether it changed the tree. The engine gets the text of the user
unless a rewrite changed the tree. The columns of a query keep the names that the text of the user gives them.

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.rewrites.row_changes import complete_row_changes

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session

Rewrite = Callable[["Session", "exp.Expr"], bool]
"""It takes the session and a tree that it may change, and returns whether it changed the tree."""

REWRITES: tuple[Rewrite, ...] = (complete_row_changes,)
"""All rewrites; the first one runs first."""


def rewrite_for_engine(session: Session, text: str) -> str:
    """Return a statement as the engine reads it rightly.

    Parameters
    ----------
    session : Session
    text : str
        One statement.

    Returns
    -------
    str
        The same text if no rewrite changes the statement, or sqlglot does not parse it.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the engine would compute a wrong value, and no rewrite can mend it.
    """
    tree = parse(text).tree
    if tree is None:
        return text
    rewritten = tree.copy()
    changed = [rewrite(session, rewritten) for rewrite in REWRITES]
    return to_sql(rewritten) if any(changed) else text
