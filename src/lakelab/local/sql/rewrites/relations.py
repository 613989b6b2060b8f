"""The columns of the relations that a query reads from.

Tested in ``tests/local/sql/rewrites/test_star_except.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException
from sqlglot import exp

from lakelab.local.sql.dialect import to_sql

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_RELATIONS = ("from_", "joins", "laterals")
_LEFT_ONLY = ("SEMI", "ANTI")


def relation_columns(session: Session, select: exp.Select) -> list[exp.Column]:
    """Return the columns of all relations of a query, as ``*`` lists them.

    Parameters
    ----------
    session : Session
    select : sqlglot.exp.Select
        A query of a statement; its subqueries are such that the engine reads them.

    Returns
    -------
    list of sqlglot.exp.Column
        With the name of the relation before each column, unless the query has one relation or joins by USING.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a relation does not exist.
    """
    sources = list(source_names(select))
    if len(sources) < 2 or None in sources or _joins_by_name(select):
        return [_column(name) for name in columns_of(session, select, exp.Star())]
    return [
        _column(name, source)
        for source in sources
        if source is not None
        for name in columns_of(session, select, exp.Column(this=exp.Star(), table=source.copy()))
    ]


def columns_of(session: Session, select: exp.Select, star: exp.Expr) -> list[str]:
    """Return the names that a star stands for in a query.

    Parameters
    ----------
    session : Session
    select : sqlglot.exp.Select
    star : sqlglot.exp.Expr
        ``*`` or ``relation.*``.
    """
    query = _same_relations(select, [star])
    with session.internal_queries():
        return list(session.engine_sql(to_sql(query)).columns)


def result_name(session: Session, select: exp.Select, expression: exp.Expr) -> str:
    """Return the name that the engine gives to a result column without an alias.

    Parameters
    ----------
    session : Session
    select : sqlglot.exp.Select
        The query.
    expression : sqlglot.exp.Expr
        A result column of it.
    """
    query = _same_relations(select, [expression.copy()])
    if (group := select.args.get("group")) is not None:
        query.set("group", group.copy())
    try:
        with session.internal_queries():
            return str(session.engine_sql(to_sql(query)).columns[0])
    except PySparkException:  # the whole statement will fail with a better message
        return to_sql(expression)


def known_columns(session: Session, select: exp.Select) -> set[str] | None:
    """Return the columns of a query's relations in lower case; None if the engine cannot analyze them."""
    try:
        return {name.lower() for name in columns_of(session, select, exp.Star())}
    except PySparkException:
        return None


def source_names(select: exp.Select) -> Iterator[exp.Identifier | None]:
    """Yield the name of each relation that ``*`` lists; None for a relation without a name."""
    from_ = select.args.get("from_")
    relations = [from_.this] if from_ is not None else []
    joins = [join for join in select.args.get("joins") or [] if join.kind not in _LEFT_ONLY]
    relations += [join.this for join in joins]
    relations += select.args.get("laterals") or []
    for relation in relations:
        name = relation.alias_or_name
        yield exp.to_identifier(name, quoted=True) if name else None


def common_tables(node: exp.Expr) -> list[exp.Expr]:
    """Return the common table expressions that a node may refer to, the outermost first."""
    tables: list[exp.Expr] = []
    current: exp.Expr | None = node
    inside: exp.Expr | None = None
    while current is not None:
        if isinstance(current, exp.CTE):
            inside = current
        with_ = current.args.get("with_")
        if isinstance(with_, exp.With):
            visible = list(with_.expressions)
            if inside is not None and inside.parent is with_:
                visible = visible[: visible.index(inside)]
            tables = [*visible, *tables]
        current = current.parent
    return tables


def _same_relations(select: exp.Select, columns: list[exp.Expr]) -> exp.Select:
    """Return a query of other columns from the relations of a query."""
    query = exp.Select(expressions=columns)
    for key in _RELATIONS:
        value = select.args.get(key)
        if isinstance(value, list):
            query.set(key, [part.copy() for part in value])
        elif value is not None:
            query.set(key, value.copy())
    if tables := common_tables(select):
        query.set("with_", exp.With(expressions=[table.copy() for table in tables]))
    return query


def _joins_by_name(select: exp.Select) -> bool:
    joins = select.args.get("joins") or []
    return any(join.args.get("using") or join.method == "NATURAL" for join in joins)


def _column(name: str, source: exp.Identifier | None = None) -> exp.Column:
    identifier = exp.to_identifier(name, quoted=True)
    return exp.Column(this=identifier, table=source.copy() if source is not None else None)
