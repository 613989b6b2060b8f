"""All rules about values, for statements and for plans of DataFrames alike.

Tested in ``tests/local/sql/rewrites/test_values.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites import (
    capitals,
    collections,
    date_parts,
    extremes,
    json_paths,
    json_texts,
    moving_sums,
    not_a_number,
    percentiles,
    refused_functions,
    replacements,
    rounding,
    typed_calls,
)
from lakelab.local.sql.rewrites.calls import Rule, rewrite_calls
from lakelab.local.sql.rewrites.coercion import coerce_operands
from lakelab.local.sql.rewrites.column_names import ColumnNames
from lakelab.local.sql.rewrites.date_arithmetic import correct_dates
from lakelab.local.sql.rewrites.equal_names import separate_names
from lakelab.local.sql.rewrites.expression_types import StatementTypes, Types
from lakelab.local.sql.rewrites.literals import write_literals
from lakelab.local.sql.rewrites.texts import write_texts
from lakelab.local.sql.rewrites.windows import refuse_windows

if TYPE_CHECKING:
    from sqlglot import exp

    from lakelab.local.sql.session import Session

RULES: dict[str, Rule] = {
    **capitals.RULES,
    **collections.RULES,
    **date_parts.RULES,
    **extremes.RULES,
    **json_paths.RULES,
    **json_texts.RULES,
    **moving_sums.RULES,
    **not_a_number.RULES,
    **percentiles.RULES,
    **refused_functions.RULES,
    **replacements.RULES,
    **rounding.RULES,
    **typed_calls.RULES,
}
"""The name of a function in lower case -> its rule."""


def correct_values(tree: exp.Expr, types: Types) -> bool:
    """Rewrite what the engine would compute otherwise than Spark.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed. It must not be an expression of its own.
    types : Types
        The types of its expressions.

    Returns
    -------
    bool
        Whether the tree was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the local engine does not have a function.
    """
    refuse_windows(tree)
    casts = rewrite_calls(tree, types, typed_calls.FIRST_RULES)
    casts |= coerce_operands(tree, types)
    dates = correct_dates(tree, types)
    literals = write_literals(tree)
    texts = write_texts(tree, types)
    calls = rewrite_calls(tree, types, RULES)
    names = separate_names(tree)
    return calls or casts or dates or literals or texts or names


def correct_statement(session: Session, tree: exp.Expr) -> bool:
    """Rewrite the expressions of a statement as :func:`correct_values` does; columns keep their names."""
    original = tree.copy()
    names = ColumnNames(original, tree)
    if not correct_values(tree, StatementTypes(session)):
        return False
    names.restore(session, to_sql(original))
    return True
