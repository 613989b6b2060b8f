"""``UNPIVOT``: an array with a struct for each column, which ``explode`` turns into rows.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-unpivot
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.rewrites.pivot import replace_pivots

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session


def rewrite_unpivot(session: Session, tree: exp.Expr) -> bool:
    """Replace each UNPIVOT of a statement by a subquery with a row for each column."""
    return replace_pivots(session, tree, unpivot=True)
