r"""Literals that the engine reads otherwise than Spark: ``'it''s'``, ``'\x41'``, ``-2147483648``.

The parser reads a text as Spark does, so the text has to be written anew. The smallest number of a type is one
literal in Spark; the engine reads a minus and a number of the next larger type.

Follows https://docs.databricks.com/aws/en/sql/language-manual/data-types/string-type and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-literals
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.grammar.expressions import IS_REWRITTEN

_SMALLEST = {"2147483648": "INT", "9223372036854775808": "BIGINT"}
"""The number after the minus, and the type that the smallest number has."""


def write_literals(tree: exp.Expr) -> bool:
    """Rewrite the literals of a tree that the engine reads otherwise.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed.

    Returns
    -------
    bool
        Whether the text of the tree has to be sent in place of the user's.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression, to_sql
    >>> tree = parse_expression("SELECT -2147483648")
    >>> write_literals(tree), to_sql(tree)
    (True, "SELECT CAST('-2147483648' AS INT)")
    """
    changed = _has_rewritten_text(tree)
    for node in list(tree.find_all(exp.Neg)):
        number = node.this
        if isinstance(number, exp.Literal) and number.is_int and number.name in _SMALLEST:
            text = exp.Literal.string(f"-{number.name}")
            node.replace(exp.cast(text, _SMALLEST[number.name]))
            changed = True
    return changed


def _has_rewritten_text(tree: exp.Expr) -> bool:
    inner = tree.this  # the parentheses around an expression of a plan
    return bool(
        tree.meta.get(IS_REWRITTEN)
        or (isinstance(inner, exp.Expr) and inner.meta.get(IS_REWRITTEN))
    )
