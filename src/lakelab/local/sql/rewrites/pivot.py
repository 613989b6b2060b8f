"""``PIVOT``: two aggregations, the second of which has a column for each value.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-pivot
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.relations import columns_of
from lakelab.local.sql.spark_names.expressions import spark_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def rewrite_pivot(session: Session, tree: exp.Expr) -> bool:
    """Replace each PIVOT of a statement by a subquery that aggregates."""
    return replace_pivots(session, tree, unpivot=False)


def replace_pivots(session: Session, tree: exp.Expr, *, unpivot: bool) -> bool:
    """Replace the PIVOT or UNPIVOT clauses of a statement, the innermost first."""
    pivots = [pivot for pivot in tree.find_all(exp.Pivot) if bool(pivot.args["unpivot"]) == unpivot]
    for pivot in reversed(pivots):
        relation = pivot.parent
        if relation is None:
            raise AssertionError("a PIVOT belongs to a relation")
        source = relation.copy()
        source.set("pivots", None)
        scope = relation.find_ancestor(exp.Select)
        names = _columns(session, source, scope)
        query = _unpivoted(source, pivot, names) if unpivot else _pivoted(source, pivot, names)
        alias = pivot.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_pivoted"))
        relation.replace(exp.Subquery(this=query, alias=alias.copy()))
    return bool(pivots)


def _columns(session: Session, source: exp.Expr, scope: exp.Select | None) -> list[str]:
    """Return the columns of a relation in its place in a statement."""
    probe = exp.Select(expressions=[exp.Star()], from_=exp.From(this=source.copy()))
    # common table expressions are visible from its place
    probe.parent = scope
    return columns_of(session, probe, exp.Star())


# ---- PIVOT -----------------------------------------------------------------------------------------
def _pivoted(source: exp.Expr, pivot: exp.Pivot, names: list[str]) -> exp.Select:
    (field,) = pivot.args["fields"]
    keys = [column.copy() for column in _items(field.this)]
    aggregates = [aggregate.unalias().copy() for aggregate in pivot.expressions]
    used = {column.name.lower() for node in (*keys, *aggregates) for column in _columns_in(node)}
    grouping = [_column(name) for name in names if name.lower() not in used]
    inner = exp.Select(
        expressions=[
            *(column.copy() for column in grouping),
            *(_alias(key, f"_key_{number}") for number, key in enumerate(keys)),
            *(_alias(value, f"_value_{number}") for number, value in enumerate(aggregates)),
        ],
        from_=exp.From(this=source),
        group=exp.Group(expressions=[*(c.copy() for c in grouping), *(k.copy() for k in keys)]),
    )
    results = [
        _alias(_value_where(items, number), _result_name(value, aggregate, pivot))
        for value in field.expressions
        for items in [_items(value.this if isinstance(value, exp.PivotAlias) else value)]
        for number, aggregate in enumerate(pivot.expressions)
    ]
    inner_query = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("_groups")))
    outer = exp.Select(
        expressions=[*(column.copy() for column in grouping), *results],
        from_=exp.From(this=inner_query),
    )
    if grouping:
        outer.set("group", exp.Group(expressions=[column.copy() for column in grouping]))
    return outer


def _value_where(items: list[exp.Expr], number: int) -> exp.Expr:
    """Return an aggregate of the inner query for the rows with the values of one result column."""
    matches = [
        exp.NullSafeEQ(this=_column(f"_key_{position}"), expression=item.copy())
        for position, item in enumerate(items)
    ]
    found = exp.Case().when(exp.and_(*matches, copy=False), _column(f"_value_{number}"))
    return exp.Anonymous(this="first", expressions=[found, exp.true()])


def _result_name(value: exp.Expr, aggregate: exp.Expr, pivot: exp.Pivot) -> str:
    name = value.alias if isinstance(value, exp.PivotAlias) else _text(value)
    if len(pivot.expressions) == 1:
        return name
    return f"{name}_{aggregate.alias or spark_name(aggregate) or to_sql(aggregate)}"


def _text(value: exp.Expr) -> str:
    """Return a value as Spark writes it into a column's name."""
    if isinstance(value, exp.Tuple):
        return "{" + ", ".join(_text(item) for item in value.expressions) + "}"
    if isinstance(value, exp.Cast):
        return _text(value.this)
    return value.name if isinstance(value, exp.Literal) else to_sql(value).lower()


# ---- UNPIVOT ---------------------------------------------------------------------------------------
def _unpivoted(source: exp.Expr, pivot: exp.Pivot, names: list[str]) -> exp.Select:
    (field,) = pivot.args["fields"]
    values = [item.name for value in pivot.expressions for item in _items(value)]
    sets = [_column_set(item) for item in field.expressions]
    moved = {column.name.lower() for _, columns in sets for column in columns}
    others = [_column(name) for name in names if name.lower() not in moved]
    rows = [
        exp.Anonymous(
            this="struct",
            expressions=[
                _alias(exp.Literal.string(label), field.this.name),
                *(_alias(c.copy(), value) for c, value in zip(columns, values, strict=True)),
            ],
        )
        for label, columns in sets
    ]
    array = exp.Anonymous(this="array", expressions=rows)
    exploded = _alias(exp.Anonymous(this="explode", expressions=[array]), "_row")
    inner = exp.Select(
        expressions=[*(column.copy() for column in others), exploded], from_=exp.From(this=source)
    )
    row = exp.to_identifier("_row")
    results = [
        _alias(
            exp.Column(this=exp.to_identifier(name, quoted=True), table=row.copy()),
            name,
        )
        for name in (field.this.name, *values)
    ]
    query = exp.Select(
        expressions=[*others, *results],
        from_=exp.From(
            this=exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("_rows")))
        ),
    )
    if not pivot.args.get("include_nulls"):
        filled = [
            exp.Not(this=exp.Is(this=result.this.copy(), expression=exp.Null()))
            for result in results[1:]
        ]
        query.set("where", exp.Where(this=exp.or_(*filled, copy=False)))
    return query


def _column_set(item: exp.Expr) -> tuple[str, list[exp.Expr]]:
    """Return the label and the columns of one item of UNPIVOT's IN list."""
    columns = _items(item.this if isinstance(item, exp.PivotAlias) else item)
    if isinstance(item, exp.PivotAlias):
        return item.alias, columns
    return "_".join(column.name for column in columns), columns


# ---- nodes -----------------------------------------------------------------------------------------
def _items(node: exp.Expr) -> list[exp.Expr]:
    """Return the items of a list in parentheses, or the node itself."""
    if isinstance(node, exp.Paren):
        return _items(node.this)
    return list(node.expressions) if isinstance(node, exp.Tuple) else [node]


def _columns_in(node: exp.Expr) -> list[exp.Column]:
    return list(node.find_all(exp.Column))


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def _alias(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression, exp.to_identifier(name, quoted=True), copy=False)
