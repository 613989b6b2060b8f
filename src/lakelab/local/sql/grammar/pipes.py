"""Queries with ``|>``, and queries that begin with FROM: each becomes a query with SELECT.

sqlglot translates pipes, too, but puts a WHERE behind a LIMIT before it. Here an operator that cannot be a clause of
the query before it reads from that query as a subquery.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-pipeline and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-query

Tested in ``tests/local/sql/grammar/test_pipes.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import StatementError

OTHER_FORM = "is_other_form"
"""Mark of a query that the engine reads only in its standard form."""

_CLOSING = (
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "distinct",
    "qualify",
    "windows",
    "sample",
    "pivots",
)
"""Clauses after which WHERE, JOIN and the columns are those of another query."""


class PipeParser(DatabricksParser):
    """Parse queries with ``|>``."""

    PIPES: ClassVar[dict[str, Callable[[Any, exp.Query], exp.Query]]] = {
        "SELECT": lambda self, query: self._pipe_select(query),
        "EXTEND": lambda self, query: self._pipe_extend(query),
        "WHERE": lambda self, query: self._pipe_where(query),
        "AGGREGATE": lambda self, query: self._pipe_aggregate(query),
        "ORDER BY": lambda self, query: self._pipe_order(query),
        "LIMIT": lambda self, query: self._pipe_limit(query),
        "OFFSET": lambda self, query: self._pipe_limit(query),
        "AS": lambda self, query: self._pipe_alias(query),
        "DROP": lambda self, query: self._pipe_drop(query),
        "PIVOT": lambda self, query: self._pipe_pivot(query),
        "UNPIVOT": lambda self, query: self._pipe_pivot(query),
    }

    def _parse_pipe_syntax_query(self, query: exp.Query) -> exp.Query:
        if not isinstance(query, exp.Select | exp.SetOperation):
            query = _wrapped(query)
        while self._match(TokenType.PIPE_GT):
            parse = self.PIPES.get(self._curr.text.upper()) if self._curr else None
            query = parse(self, query) if parse is not None else self._pipe_join_or_set(query)
        query.meta[OTHER_FORM] = True
        return query

    def _pipe_select(self, query: exp.Query) -> exp.Query:
        select = self._parse_select(consume_pipe=False)
        clauses = ("from_", "where", *_CLOSING)
        has_clauses = select is not None and any(
            select.args.get(key) for key in clauses if key != "distinct"
        )
        if not isinstance(select, exp.Select) or has_clauses:
            raise StatementError("the pipe operator SELECT has columns only")
        base = query if _is_open(query) else _wrapped(query)
        base.set("expressions", select.expressions)
        base.set("distinct", select.args.get("distinct"))
        return base

    def _pipe_extend(self, query: exp.Query) -> exp.Query:
        self._advance()
        base = query if _is_open(query) else _wrapped(query)
        base.set("expressions", [exp.Star(), *self._parse_expressions()])
        return base

    def _pipe_where(self, query: exp.Query) -> exp.Query:
        base = query if _is_open(query) else _wrapped(query)
        where = self._parse_where()
        if where is None:
            raise StatementError("expected a condition")
        before = base.args.get("where")
        condition = exp.and_(before.this, where.this) if before else where.this
        base.set("where", exp.Where(this=condition))
        return base

    def _pipe_aggregate(self, query: exp.Query) -> exp.Query:
        self._advance()
        values = [] if self._is_group() else self._parse_expressions()
        keys = self._parse_expressions() if self._match(TokenType.GROUP_BY) else []
        if any(isinstance(key, exp.Literal) for key in keys):
            self.raise_error("a number in GROUP BY of AGGREGATE is not supported: write the column")
        base = query if _is_open(query) else _wrapped(query)
        base.set("expressions", [*(key.copy() for key in keys), *values])
        if keys:
            base.set("group", exp.Group(expressions=[key.unalias() for key in keys]))
        return base

    def _is_group(self) -> bool:
        return bool(self._curr) and self._curr.token_type == TokenType.GROUP_BY

    def _pipe_order(self, query: exp.Query) -> exp.Query:
        base = query if _is_open(query) else _wrapped(query)
        base.set("order", self._parse_order())
        return base

    def _pipe_limit(self, query: exp.Query) -> exp.Query:
        base = _wrapped(query) if query.args.get("limit") or query.args.get("offset") else query
        if limit := self._parse_limit():
            base.set("limit", limit)
        if offset := self._parse_offset():
            base.set("offset", offset)
        return base

    def _pipe_alias(self, query: exp.Query) -> exp.Query:
        self._advance()
        return _wrapped(query, self._parse_id_var())

    def _pipe_drop(self, query: exp.Query) -> exp.Query:
        self._advance()
        base = query if _is_open(query) else _wrapped(query)
        base.set("expressions", [exp.Star(except_=self._parse_csv(self._parse_id_var))])
        return base

    def _pipe_pivot(self, query: exp.Query) -> exp.Query:
        base = _wrapped(query)
        base.args["from_"].this.set("pivots", self._parse_pivots())
        return base

    def _pipe_join_or_set(self, query: exp.Query) -> exp.Query:
        united = self._parse_set_operations(query)
        if isinstance(united, exp.Query) and united is not query:
            return united
        join = self._parse_join()
        if join is None:
            self.raise_error(
                f"the pipe operator {self._curr.text if self._curr else ''} is not supported"
            )
        base = query if _is_open(query) and not query.args.get("where") else _wrapped(query)
        base.append("joins", join)
        return base


def _is_open(query: exp.Query) -> bool:
    """Return whether a query has all columns of its relations, and no clause that ends it."""
    if not isinstance(query, exp.Select) or any(query.args.get(key) for key in _CLOSING):
        return False
    columns = query.expressions
    return (
        len(columns) == 1
        and isinstance(columns[0], exp.Star)
        and not columns[0].args.get("except_")
    )


def _wrapped(query: exp.Expr, alias: exp.Expr | None = None) -> exp.Select:
    """Return a query of all columns of a query, under the name of its only relation."""
    if isinstance(query, exp.Subquery) and alias is None and query.alias:
        return exp.Select(expressions=[exp.Star()]).from_(query)
    source = query.this if isinstance(query, exp.Subquery) else query
    if alias is None and (name := _only_relation(source)):
        alias = exp.to_identifier(name, quoted=True)
    named = exp.TableAlias(this=alias) if alias is not None else None
    return exp.Select(
        expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=source, alias=named))
    )


def _only_relation(query: exp.Expr) -> str:
    """Return the name of the only relation of a query that has all its columns; empty for any other query."""
    if not isinstance(query, exp.Select) or query.args.get("joins") or query.args.get("laterals"):
        return ""
    from_ = query.args.get("from_")
    has_star = any(isinstance(column, exp.Star) for column in query.expressions)
    return str(from_.this.alias_or_name) if from_ is not None and has_star else ""
