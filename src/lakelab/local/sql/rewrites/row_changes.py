"""``DELETE`` without ``FROM``, ``INSERT`` without ``INTO``, and ``WITH ... INSERT``, which the engine does not read.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-delete-from and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.grammar.row_changes import IS_SHORT
from lakelab.local.sql.session import Session


def complete_row_changes(session: Session, tree: exp.Expr) -> bool:
    """Complete the keywords of a DELETE or INSERT, and move the WITH of an INSERT to its query.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse, to_sql
    >>> tree = parse("WITH s AS (SELECT 1) INSERT INTO t SELECT * FROM s").tree.copy()
    >>> complete_row_changes(None, tree), to_sql(tree)
    (True, 'INSERT INTO t WITH s AS (SELECT 1) SELECT * FROM s')
    """
    is_short = bool(tree.meta.get(IS_SHORT))  # SQL text of a tree has the keywords
    common = tree.args.get("with_") if isinstance(tree, exp.Insert) else None
    query = tree.args.get("expression")
    if common is None or not isinstance(query, exp.Query) or query.args.get("with_"):
        return is_short
    tree.set("with_", None)
    query.set("with_", common)
    return True
