"""Result columns get the names that Spark gives them, where the engine names them otherwise.

A column that the engine names as Spark does stays as it is. All others get an alias: in the tree, for the rewrites
that follow, and in the text of the user, which the engine gets if no rewrite changes the tree.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyspark.sql.types import DateType
from sqlglot import exp

from lakelab.local.sql.grammar.expressions import END
from lakelab.local.sql.rewrites.expression_types import StatementTypes
from lakelab.local.sql.spark_names.engine import engine_agrees
from lakelab.local.sql.spark_names.expressions import KindOf, relations_of, spark_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_CLAUSES = ("group", "having")

GENERATED = "is_generated"
"""Mark of an alias that the user did not write."""

Place = tuple[int, str]
"""A position in the text of a statement, and the alias that belongs there."""


def name_result_columns(session: Session, tree: exp.Expr) -> list[Place]:
    """Alias the result columns that the engine names otherwise than Spark.

    Parameters
    ----------
    session : Session
    tree : sqlglot.exp.Expr
        The tree of a statement; it is changed.

    Returns
    -------
    list of tuple of int and str
        Where the text of the statement needs an alias, and which one.
    """
    places = []
    for select in _named_queries(tree):
        relations: set[str] | None = None
        for column in list(select.expressions):
            if isinstance(column, exp.Alias | exp.Star) or _is_plain(column):
                continue
            relations = _visible_relations(select) if relations is None else relations
            if engine_agrees(column, relations):
                continue
            name = spark_name(column, relations, _kind_of(session))
            if name is None:
                continue
            alias = exp.to_identifier(name, quoted=True)
            places.append((column.meta.get(END, 0), f" AS `{name.replace('`', '``')}`"))
            named = exp.Alias(this=column.copy(), alias=alias)
            named.meta[GENERATED] = True
            column.replace(named)
    return places


def order_by_aliases(session: Session, tree: exp.Expr) -> bool:
    """Replace the expressions of ORDER BY, in a query with GROUP BY or HAVING, by the aliases of its result columns.

    The engine does not find the expression of a column again if the column has an alias, or if there is a HAVING.
    """
    changed = False
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        if order is None or not any(select.args.get(clause) for clause in _CLAUSES):
            continue
        for node in list(order.walk()):
            if isinstance(node, exp.Column | exp.Literal | exp.Ordered | exp.Order):
                continue
            alias = _alias_of(select, node)
            if alias is not None:
                node.replace(exp.Column(this=exp.to_identifier(alias, quoted=True)))
                changed = True
    return changed


def _alias_of(select: exp.Select, node: exp.Expr) -> str | None:
    """Return the alias of the result column that is an expression of ORDER BY; None if there is none."""
    found = next((column for column in select.expressions if column.unalias() == node), None)
    if found is None:
        return None
    if not isinstance(found, exp.Alias):
        name = spark_name(found, _visible_relations(select)) if select.args.get("having") else None
        if name is None:
            return None
        alias = exp.to_identifier(name, quoted=True)
        named = exp.Alias(this=found.copy(), alias=alias)
        found.replace(named)
        found = named
    name = str(found.alias)
    names = [column.alias_or_name.lower() for column in select.expressions]
    is_whole = isinstance(node.parent, exp.Ordered)
    if names.count(name.lower()) > 1 or not (is_whole or not _is_column_of(select, name)):
        return None
    return name


def insert_aliases(text: str, places: list[Place]) -> str:
    """Return a statement with aliases in some places; all else stays as the user wrote it.

    Parameters
    ----------
    text : str
        The text that was parsed.
    places : list of tuple of int and str
        What :func:`name_result_columns` returned.

    Examples
    --------
    >>> insert_aliases("SELECT -1 /* one */ FROM t", [(9, " AS `-1`")])
    'SELECT -1 AS `-1` /* one */ FROM t'
    """
    for position, alias in sorted(places, reverse=True):
        text = f"{text[:position]}{alias}{text[position:]}"
    return text


def _is_column_of(select: exp.Select, name: str) -> bool:
    return any(column.name.lower() == name.lower() for column in select.find_all(exp.Column))


def _is_plain(column: exp.Expr) -> bool:
    return isinstance(column, exp.Column) and not column.table


def _named_queries(tree: exp.Expr) -> Iterator[exp.Select]:
    """Yield the queries whose column names are seen outside of them."""
    for select in tree.find_all(exp.Select):
        if _is_named(select):
            yield select


def _is_named(select: exp.Select) -> bool:
    node: exp.Expr = select
    while isinstance(node.parent, exp.SetOperation | exp.Subquery):
        if isinstance(node.parent, exp.SetOperation) and node.arg_key != "this":
            return False  # the first query of a UNION names the columns
        node = node.parent
    parent = node.parent
    if isinstance(node, exp.Subquery):
        return parent is None or isinstance(parent, exp.From | exp.Join | exp.Merge | exp.Create)
    return parent is None or isinstance(parent, exp.CTE | exp.Create | exp.Cache)


def _visible_relations(select: exp.Select) -> set[str]:
    """Return the names of the relations of a query and of the queries around it, in lower case."""
    relations: set[str] = set()
    query: exp.Expr | None = select
    while query is not None:
        relations |= relations_of(query)
        query = query.find_ancestor(exp.Select)
    return relations


def _kind_of(session: Session) -> KindOf:
    def kind_of(node: exp.Expr) -> str | None:
        (found,) = StatementTypes(session).of([node])
        if found is None:
            return None
        return "DATE" if isinstance(found, DateType) else "OTHER"

    return kind_of
