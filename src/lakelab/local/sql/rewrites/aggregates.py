"""Which expressions of a query aggregate rows.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-functions-builtin

Tested in ``tests/local/sql/rewrites/test_group_by_all.py``.
"""

from __future__ import annotations

from sqlglot import exp

_AGGREGATES = frozenset(
    [
        "any",
        "any_value",
        "approx_count_distinct",
        "approx_percentile",
        "approx_top_k",
        "array_agg",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bitmap_construct_agg",
        "bitmap_or_agg",
        "bool_and",
        "bool_or",
        "collect_list",
        "collect_set",
        "corr",
        "count",
        "count_if",
        "count_min_sketch",
        "covar_pop",
        "covar_samp",
        "every",
        "first",
        "first_value",
        "grouping",
        "grouping_id",
        "histogram_numeric",
        "hll_sketch_agg",
        "hll_union_agg",
        "kurtosis",
        "last",
        "last_value",
        "listagg",
        "max",
        "max_by",
        "mean",
        "median",
        "min",
        "min_by",
        "mode",
        "percentile",
        "percentile_approx",
        "percentile_cont",
        "percentile_disc",
        "regr_avgx",
        "regr_avgy",
        "regr_count",
        "regr_intercept",
        "regr_r2",
        "regr_slope",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "skewness",
        "some",
        "std",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "try_avg",
        "try_sum",
        "var_pop",
        "var_samp",
        "variance",
    ]
)


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a node is the call of an aggregate function, which is no window function.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> query = parse_expression("SELECT sum(x), sum(x) OVER (), upper(x)")
    >>> [has_aggregate(column) for column in query.expressions]
    [True, False, False]
    """
    if not isinstance(node, exp.Anonymous) or str(node.name).lower() not in _AGGREGATES:
        return False
    while isinstance(node.parent, exp.Filter | exp.WithinGroup) and node.arg_key == "this":
        node = node.parent
    return not (isinstance(node.parent, exp.Window) and node.arg_key == "this")


def has_aggregate(expression: exp.Expr) -> bool:
    """Return whether an expression aggregates rows, outside of its subqueries."""
    return any(
        is_aggregate(node) for node in expression.walk(prune=lambda n: isinstance(n, exp.Query))
    )
