"""``GROUP BY ALL`` and ``ORDER BY ALL``: the clause gets the result columns.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-groupby and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-orderby
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.aggregates import has_aggregate, is_aggregate
from lakelab.local.sql.rewrites.relations import columns_of, known_columns, relation_columns

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def expand_group_by_all(session: Session, tree: exp.Expr) -> bool:
    """Replace ``GROUP BY ALL`` by the result columns that do not aggregate.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a result column uses an aggregate function and other columns.
    """
    changed = False
    for select in reversed(list(tree.find_all(exp.Select))):
        group = select.args.get("group")
        if group is None or not _is_all(group) or "all" in (known_columns(session, select) or ()):
            continue
        _expand_stars(session, select)
        columns = _grouping_columns(select)
        select.set("group", exp.Group(expressions=columns) if columns else None)
        changed = True
    return changed


def expand_order_by_all(session: Session, tree: exp.Expr) -> bool:
    """Replace ``ORDER BY ALL`` by the numbers of all result columns."""
    changed = False
    for order in list(tree.find_all(exp.Order)):
        query = order.parent
        if not isinstance(query, exp.Query) or len(order.expressions) != 1:
            continue
        (ordered,) = order.expressions
        if not (isinstance(ordered.this, exp.Var) and ordered.this.name.upper() == "ALL"):
            continue
        items = []
        for number in range(1, _column_count(session, query) + 1):
            item = ordered.copy()
            item.set("this", exp.Literal.number(number))
            items.append(item)
        order.set("expressions", items)
        changed = True
    return changed


def _is_all(group: exp.Group) -> bool:
    if group.args.get("all") and not group.expressions:
        return True
    return len(group.expressions) == 1 and (
        isinstance(group.expressions[0], exp.Column) and group.expressions[0].sql().upper() == "ALL"
    )


def _expand_stars(session: Session, select: exp.Select) -> None:
    """Replace a star by its columns: the engine has no star beside GROUP BY."""
    columns: list[exp.Expr] = []
    for column in select.expressions:
        is_star = column.is_star and not has_aggregate(column)
        columns += relation_columns(session, select) if is_star else [column]
    select.set("expressions", columns)


def _grouping_columns(select: exp.Select) -> list[exp.Expr]:
    columns: list[exp.Expr] = []
    for column in select.expressions:
        expression = column.unalias()
        if not has_aggregate(expression):
            if not isinstance(expression, exp.Literal | exp.Boolean | exp.Null):
                columns.append(expression.copy())
        elif _has_other_column(expression):
            raise analysis_error(
                conditions.UNRESOLVED_ALL_IN_GROUP_BY,
                f"Cannot infer grouping columns for GROUP BY ALL: {to_sql(expression)} uses "
                f"an aggregate function and other columns. Name the grouping columns.",
            )
    return columns


def _has_other_column(expression: exp.Expr) -> bool:
    """Return whether an expression with an aggregate has a column outside of it."""

    def is_whole_aggregate(node: exp.Expr) -> bool:
        while isinstance(node, exp.Filter | exp.WithinGroup):
            node = node.this
        return is_aggregate(node)

    return any(isinstance(node, exp.Column) for node in expression.walk(prune=is_whole_aggregate))


def _column_count(session: Session, query: exp.Query) -> int:
    select = query if isinstance(query, exp.Select) else query.find(exp.Select)
    if select is None:
        return len(query.selects)
    return sum(
        len(columns_of(session, select, column.copy())) if column.is_star else 1
        for column in select.expressions
    )
