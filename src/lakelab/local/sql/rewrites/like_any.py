"""``LIKE ANY`` and ``LIKE ALL``: one comparison for each pattern.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/like
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def expand_like_any(session: Session, tree: exp.Expr) -> bool:
    """Replace a comparison with several patterns by comparisons with one pattern each."""
    changed = False
    for node in list(tree.find_all(exp.Like, exp.ILike)):
        patterns = node.expression
        if not isinstance(patterns, exp.Any | exp.All):
            continue
        values = patterns.this.unnest()
        items = list(values.expressions) if isinstance(values, exp.Tuple) else [values]
        single: list[exp.Expr] = [
            type(node)(this=node.this.copy(), expression=item.copy()) for item in items
        ]
        if node.args.get("negate"):  # `x NOT LIKE ALL (a, b)` is `x NOT LIKE a AND x NOT LIKE b`
            single = [exp.Not(this=one) for one in single]
        combine = exp.or_ if isinstance(patterns, exp.Any) else exp.and_
        node.replace(exp.paren(combine(*single, copy=False), copy=False))
        changed = True
    return changed
