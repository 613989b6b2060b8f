"""The names of a query's columns, which rewritten expressions must not change.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.errors import PySparkException
from sqlglot import exp

from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.expression_types import StatementTypes
from lakelab.local.sql.spark_names.expressions import relations_of, spark_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_Place = tuple[exp.Select, int]


class ColumnNames:
    """The columns that a statement has without its rewrites.

    Parameters
    ----------
    original : sqlglot.exp.Expr
        The tree of the user's text.
    rewritten : sqlglot.exp.Expr
        A copy of it, before any rewrite.
    """

    def __init__(self, original: exp.Expr, rewritten: exp.Expr):
        self._original = original
        selects = zip(original.find_all(exp.Select), rewritten.find_all(exp.Select), strict=True)
        self._columns: list[tuple[exp.Expr, _Place]] = [
            (column, (copied, position))
            for select, copied in selects
            for position, column in enumerate(select.expressions)
            if not isinstance(column, exp.Alias | exp.Column | exp.Star)
        ]

    def restore(self, session: Session, text: str) -> None:
        """Alias each rewritten column with the name that the user's text gives it.

        Parameters
        ----------
        session : Session
        text : str
            The statement before its rewrites.
        """
        names: list[str] | None = None
        for column, (select, position) in self._columns:
            if len(column.parent.expressions if column.parent else ()) != len(select.expressions):
                continue  # another rewrite has expanded the columns
            current = select.expressions[position]
            if isinstance(current, exp.Alias) or not _differs(current, column):
                continue
            parent = column.parent
            name = spark_name(column, relations_of(parent)) if parent is not None else None
            if name is None and parent is self._original:
                names = self._result_names(session, text) if names is None else names
                name = names[position] if names else None
            if name is None:
                (name,) = StatementTypes(session).names([column])
            alias = exp.to_identifier(name or to_sql(column).replace("`", ""), quoted=True)
            _order_by_alias(select, current, alias)
            current.replace(exp.alias_(current.copy(), alias, copy=False))

    def _result_names(self, session: Session, text: str) -> list[str]:
        """Return the names of the statement's result; no name if the engine cannot analyze it."""
        try:
            with session.internal_queries():
                names = session.engine_sql(text).columns
        except PySparkException:
            return []
        return names if len(names) == len(self._original.expressions) else []


def _order_by_alias(select: exp.Select, column: exp.Expr, alias: exp.Identifier) -> None:
    """Sort by the alias of a column: with HAVING, the engine does not find the expression again."""
    order = select.args.get("order")
    for ordered in order.expressions if order else ():
        if ordered.this == column:
            ordered.set("this", exp.Column(this=alias.copy()))


def _differs(current: exp.Expr, column: exp.Expr) -> bool:
    """Return whether a column would get another name."""
    return to_sql(current) != to_sql(column)
