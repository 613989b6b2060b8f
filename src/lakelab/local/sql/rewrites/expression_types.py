"""The types and names that the engine gives the expressions of a statement.

A tree has no types: the columns belong to tables, views and subqueries. The engine analyzes a query that selects
the expressions from the same relations, and reads no row.

Tested in ``tests/local/sql/rewrites/test_expression_types.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pyspark.errors import PySparkException
from sqlglot import exp

from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.relations import common_tables

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructField

    from lakelab.local.sql.session import Session

_RELATIONS = ("from_", "joins", "laterals", "pivots")
_ROW_CLAUSES = (exp.Where, exp.Join, exp.Lateral, exp.Group)


class Types(Protocol):
    """The types of expressions, which belong to a statement or to a plan."""

    def of(self, expressions: Sequence[exp.Expr]) -> list[DataType | None]:
        """Return the type of each expression of the tree; None if the engine cannot tell."""
        ...

    def columns(self, columns: Sequence[exp.Expr]) -> list[DataType | None]:
        """Return the type of each column in the rows that a query reads; None if the engine cannot tell."""
        ...

    def result(self, query: exp.Expr) -> list[StructField]:
        """Return the columns of the result of a query in the tree; none if the engine cannot tell."""
        ...


class StatementTypes:
    """The types of the expressions of a statement.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session):
        self._session = session

    def of(self, expressions: Sequence[exp.Expr]) -> list[DataType | None]:
        """Return the type of each expression; None if the engine cannot tell.

        Parameters
        ----------
        expressions : sequence of sqlglot.exp.Expr
            Nodes of one tree, in the same clause of the same query.
        """
        return [None if field is None else field.dataType for field in self._fields(expressions)]

    def columns(self, columns: Sequence[exp.Expr]) -> list[DataType | None]:
        """Return the type of each column in the rows that its query reads, or a query around it.

        Parameters
        ----------
        columns : sequence of sqlglot.exp.Column
            Columns of one query.
        """
        texts = {to_sql(column): column for column in columns}
        known: dict[str, DataType | None] = {}
        scope = _scope_of(columns[0])
        while texts and scope is not None:
            fields = self._rows(list(texts.values()), scope)
            known |= {
                text: field.dataType for text, field in zip(texts, fields, strict=True) if field
            }
            texts = {text: column for text, column in texts.items() if text not in known}
            scope = _scope_of(scope)
        return [known.get(to_sql(column)) for column in columns]

    def result(self, query: exp.Expr) -> list[StructField]:
        """Return the columns of the result of a query; none if the engine cannot tell.

        Parameters
        ----------
        query : sqlglot.exp.Query
            A query in a tree.
        """
        inner = query.this if isinstance(query, exp.Subquery) else query
        alias = exp.TableAlias(this=exp.to_identifier("_query"))
        whole = exp.Select(
            expressions=[exp.Star()],
            from_=exp.From(this=exp.Subquery(this=inner.copy(), alias=alias)),
        )
        if tables := common_tables(query):
            whole.set("with_", exp.With(expressions=[table.copy() for table in tables]))
        return self._analyzed(whole)

    def _rows(self, columns: Sequence[exp.Expr], scope: exp.Expr) -> list[StructField | None]:
        """Return the fields of columns in the rows that a query reads."""
        if not scope.args.get("from_") and isinstance(scope, exp.Select):
            return [None for _ in columns]
        query = _selection(columns, named=True)
        _read_as(query, scope, _RELATIONS)
        if fields := self._analyzed(query):
            return list(fields)
        if len(columns) == 1:
            return [None]
        return [field for column in columns for field in self._rows([column], scope)]

    def _analyzed(self, query: exp.Expr) -> list[StructField]:
        """Return the columns of a query; none if the engine cannot analyze it.

        It cannot analyze a parameter, or a variable of a lambda, outside of its place.
        """
        try:
            with self._session.internal_queries():
                return list(self._session.engine_sql(to_sql(query)).schema.fields)
        except PySparkException:
            return []

    def names(self, expressions: Sequence[exp.Expr]) -> list[str | None]:
        """Return the name that each expression gives to a column of a result."""
        fields = self._fields(expressions, named=False)
        return [None if field is None else field.name for field in fields]

    def _fields(
        self, expressions: Sequence[exp.Expr], named: bool = True
    ) -> list[StructField | None]:
        if not expressions:
            return []
        query = _query_of(expressions, named)
        if fields := self._analyzed(query):
            return list(fields)
        if len(expressions) > 1:
            return [field for one in expressions for field in self._fields([one], named)]
        if query.args.get("group"):  # the x of `GROUP BY string(x)` is a column of a row
            query.set("group", None)
            return list(self._analyzed(query)) or [None]
        return [None]


def _query_of(expressions: Sequence[exp.Expr], named: bool) -> exp.Select:
    """Return a query that selects expressions from the relations of their own query."""
    first = expressions[0]
    query = _selection(expressions, named)
    scope = _scope_of(first)
    if scope is not None:
        clause = first
        while clause.parent is not scope and clause.parent is not None:
            clause = clause.parent
        keys = _RELATIONS if isinstance(clause, _ROW_CLAUSES) else (*_RELATIONS, "group")
        _read_as(query, scope, keys)
    return query


def _selection(expressions: Sequence[exp.Expr], named: bool) -> exp.Select:
    """Return a query of expressions, without relations."""
    copies = [outside_of_lambdas(expression) for expression in expressions]
    columns = [
        exp.alias_(expression, f"_{number}", copy=False) if named else expression
        for number, expression in enumerate(copies)
    ]
    return exp.Select(expressions=columns)


def _scope_of(node: exp.Expr) -> exp.Expr | None:
    """Return the query or the change of rows that a node is in."""
    scope = node.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Merge)
    if isinstance(scope, exp.Update) and scope.this is None:  # WHEN MATCHED THEN UPDATE
        return scope.find_ancestor(exp.Merge)
    return scope


def _read_as(query: exp.Select, scope: exp.Expr, keys: tuple[str, ...]) -> None:
    """Make a query read what another query, or a change of rows, reads."""
    if isinstance(scope, exp.Select):
        for key in keys:
            if value := scope.args.get(key):
                query.set(
                    key, [v.copy() for v in value] if isinstance(value, list) else value.copy()
                )
    elif isinstance(scope, exp.Merge):
        query.set("from_", exp.From(this=scope.this.copy()))
        query.set("joins", [exp.Join(this=scope.args["using"].copy(), kind="CROSS")])
    else:
        query.set("from_", exp.From(this=scope.this.copy()))
    if tables := common_tables(scope):
        query.set("with_", exp.With(expressions=[table.copy() for table in tables]))


def outside_of_lambdas(expression: exp.Expr) -> exp.Expr:
    """Return a copy of an expression with elements of the arrays in place of a lambda's variables."""
    copy = exp.paren(expression.copy(), copy=False)
    lambda_ = expression.find_ancestor(exp.Lambda)
    while lambda_ is not None:
        call = lambda_.parent
        if not isinstance(call, exp.Anonymous):
            break
        values = _elements(str(call.name).lower(), list(call.expressions))
        names = [variable.name for variable in lambda_.expressions]
        variables = dict(zip(names, values, strict=False))
        for node in list(copy.find_all(exp.Identifier)):
            is_variable = not isinstance(node.parent, exp.Alias) and node.arg_key != "expression"
            if is_variable and not node.args.get("quoted") and node.name in variables:
                whole = node.parent if isinstance(node.parent, exp.Column) else node
                whole.replace(variables[node.name].copy())
        lambda_ = lambda_.find_ancestor(exp.Lambda)
    return copy


def _elements(name: str, arguments: list[exp.Expr]) -> list[exp.Expr]:
    """Return expressions of the types of a lambda's variables, for a higher-order function."""
    first = arguments[0]
    if name in ("map_filter", "transform_keys", "transform_values"):
        return [_first(_call("map_keys", first)), _first(_call("map_values", first))]
    if name == "zip_with":
        return [_first(first), _first(arguments[1])]
    if name in ("aggregate", "reduce"):
        return [arguments[1].copy(), _first(first)]
    second = _first(first) if name == "array_sort" else exp.convert(0)
    return [_first(first), second]


def _first(array: exp.Expr) -> exp.Expr:
    return _call("get", array, exp.convert(0))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def types_by_clause(nodes: Sequence[exp.Expr], types: Types) -> dict[int, DataType | None]:
    """Return the type of each node by the node's id; the engine is asked once for each clause of a query.

    Parameters
    ----------
    nodes : sequence of sqlglot.exp.Expr
        Nodes of one tree. Nodes are equal if their text is, so the id tells them apart.
    types : Types
    """
    clauses: dict[tuple[int, int], list[exp.Expr]] = {}
    for node in nodes:
        clauses.setdefault(_clause(node), []).append(node)
    return {
        id(node): kind
        for clause in clauses.values()
        for node, kind in zip(clause, types.of(clause), strict=True)
    }


def _clause(node: exp.Expr) -> tuple[int, int]:
    """Return what identifies the query and the clause of a node."""
    clause = node
    while clause.parent is not None and not isinstance(clause.parent, exp.Query | exp.DML):
        clause = clause.parent
    return id(clause.parent), id(type(clause))
