"""The rewrites of a statement for the engine, in their order.

A rewrite changes the tree in place, and returns whether it changed the tree. The engine gets the text of the user
unless a rewrite changed the tree. Before all of them, the columns that the engine would name otherwise than Spark get
aliases.

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.rewrites.assigned_values import cast_assigned_values
from lakelab.local.sql.rewrites.group_by_all import expand_group_by_all, expand_order_by_all
from lakelab.local.sql.rewrites.json_fields import extract_json_fields
from lakelab.local.sql.rewrites.lateral_aliases import replace_lateral_aliases
from lakelab.local.sql.rewrites.like_any import expand_like_any
from lakelab.local.sql.rewrites.merges import prepare_merge
from lakelab.local.sql.rewrites.pivot import rewrite_pivot
from lakelab.local.sql.rewrites.qualify import rewrite_qualify
from lakelab.local.sql.rewrites.result_names import (
    insert_aliases,
    name_result_columns,
    order_by_aliases,
)
from lakelab.local.sql.rewrites.row_changes import complete_row_changes
from lakelab.local.sql.rewrites.star_except import expand_star_except
from lakelab.local.sql.rewrites.subqueries import compute_subqueries
from lakelab.local.sql.rewrites.unpivot import rewrite_unpivot
from lakelab.local.sql.rewrites.values import correct_statement

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

Rewrite = Callable[["Session", "exp.Expr"], bool]
"""It takes the session and a tree that it may change, and returns whether it changed the tree."""

REWRITES: tuple[Rewrite, ...] = (
    complete_row_changes,
    prepare_merge,
    extract_json_fields,
    expand_like_any,
    rewrite_unpivot,
    rewrite_pivot,
    expand_star_except,
    replace_lateral_aliases,
    expand_group_by_all,
    rewrite_qualify,
    expand_order_by_all,
    order_by_aliases,
    compute_subqueries,
    cast_assigned_values,
    correct_statement,
)
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
        The same text, with aliases where the engine needs them, if no rewrite changes the statement; the same text
        if sqlglot does not parse it.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the engine would compute a wrong value, and no rewrite can mend it.
    """
    tree = parse(text).tree
    if tree is None:
        return text
    rewritten = tree.copy()
    aliases = name_result_columns(session, rewritten)
    whole = exp.Paren(this=rewritten)  # a parent: a rewrite may replace the tree
    changed = [rewrite(session, whole.this) for rewrite in REWRITES]
    return to_sql(whole.this) if any(changed) else insert_aliases(text, aliases)
