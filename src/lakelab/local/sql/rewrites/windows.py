"""Window functions that Spark refuses and the engine computes: without an order, or of DISTINCT values.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes#window_function_frame_not_ordered
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error

_ORDERED = frozenset(
    [
        "cume_dist",
        "dense_rank",
        "lag",
        "lead",
        "nth_value",
        "ntile",
        "percent_rank",
        "rank",
        "row_number",
    ]
)


def refuse_windows(tree: exp.Expr) -> None:
    """Raise what Spark raises for the window functions of a tree.

    Parameters
    ----------
    tree : sqlglot.exp.Expr

    Raises
    ------
    pyspark.errors.AnalysisException
        If a function has no order and needs one, or has DISTINCT.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> refuse_windows(parse_expression("SELECT rank() OVER (PARTITION BY x)"))
    Traceback (most recent call last):
    ...
    pyspark.errors.exceptions.connect.AnalysisException: [WINDOW_FUNCTION_FRAME_NOT_ORDERED] The window function rank needs an order: add ORDER BY to its window. SQLSTATE: 42601
    """
    for window in tree.find_all(exp.Window):
        call = window.this
        while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            call = call.this
        if isinstance(call, exp.Anonymous):
            _refuse(window, call)


def _refuse(window: exp.Window, call: exp.Anonymous) -> None:
    name = str(call.name).lower()
    if any(isinstance(argument, exp.Distinct) for argument in call.expressions):
        raise analysis_error(
            conditions.DISTINCT_WINDOW_FUNCTION_UNSUPPORTED,
            f"Distinct window functions are not supported: {name}(DISTINCT ...) OVER. Use "
            f"size(collect_set(x) OVER ...), or join the result of a query with GROUP BY.",
        )
    if name in _ORDERED and not _is_ordered(window):
        raise analysis_error(
            conditions.WINDOW_FUNCTION_FRAME_NOT_ORDERED,
            f"The window function {name} needs an order: add ORDER BY to its window.",
        )


def _is_ordered(window: exp.Window) -> bool:
    if window.args.get("order") is not None:
        return True
    name = window.args.get("alias")
    select = window.find_ancestor(exp.Select)
    if name is None or select is None:
        return False
    named = [one for one in select.args.get("windows") or [] if one.name == name.name]
    return any(_is_ordered(one) for one in named)
