"""The condition of a write that replaces some rows: ``replaceWhere``, ``REPLACE WHERE`` and ``writeTo().overwrite()``.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite#arbitrary-selective-overwrite-with-replacewhere

Tested in ``tests/local/spark/test_delta_writes.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql.connect import functions as F
from pyspark.sql.connect.column import Column
from pyspark.sql.connect.expressions import Expression
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse_expression

if TYPE_CHECKING:
    from pyspark.sql.connect import proto
    from pyspark.sql.connect.client import SparkConnectClient

_OPERATORS = {
    "==": "=",
    "=": "=",
    "<=>": "<=>",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "and": "AND",
    "or": "OR",
    "+": "+",
    "-": "-",
    "*": "*",
    "/": "/",
}


@dataclass(frozen=True)
class Condition:
    """The condition of the rows that a write replaces; all rows that it brings must meet it.

    Parameters
    ----------
    text : str
        The condition as the history and the messages have it.
    column : Column
        The condition for the engine.
    columns : tuple of str
        The columns of the table that the condition names.
    """

    text: str
    column: Any
    columns: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, columns: Sequence[str]) -> Condition:
        """Parse a condition in SQL.

        Parameters
        ----------
        text : str
        columns : sequence of str
            The columns of the table; upper and lower case do not matter.

        Raises
        ------
        UnityCatalogError
            If it is not a condition, or names a column that the table does not have.

        Examples
        --------
        >>> Condition.parse("G = 'a' AND g < id", ["id", "g"]).columns
        ('g', 'id')
        >>> Condition.parse("g = ", ["g"])
        Traceback (most recent call last):
        ...
        lakelab.local.catalog.errors.UnityCatalogError: Cannot recognize the predicate 'g = '
        """
        try:
            tree = parse_expression(text)
        except SqlglotError as error:
            raise _not_recognized(text) from error
        if isinstance(tree, exp.Alias) or tree.find(exp.Query):
            raise _not_recognized(text)
        named = [column.parts[0].name for column in tree.find_all(exp.Column)]
        return cls(text.strip(), F.expr(text), _canonical(named, columns))

    @classmethod
    def of_expression(cls, expression: proto.Expression, columns: Sequence[str]) -> Condition:
        """Return the condition of ``writeTo(...).overwrite(condition)``.

        Parameters
        ----------
        expression : pyspark.sql.connect.proto.Expression
        columns : sequence of str
            The columns of the table; upper and lower case do not matter.

        Raises
        ------
        UnityCatalogError
            If it names a column that the table does not have.
        """
        if expression.HasField("expression_string"):
            return cls.parse(expression.expression_string.expression, columns)
        named: list[str] = []
        for message in messages(expression):
            kind = message.DESCRIPTOR.full_name
            if kind.endswith(".UnresolvedAttribute"):
                text = message.unparsed_identifier
                named.append(_first_level(text))
            elif kind.endswith(".ExpressionString"):
                named += cls.parse(message.expression, columns).columns
        column = Column(_Ready(expression))
        return cls(_text(expression), column, _canonical(named, columns))


class _Ready(Expression):
    """An expression of a plan that was built already."""

    def __init__(self, message: proto.Expression):
        super().__init__()
        self._message = message

    def to_plan(self, session: SparkConnectClient) -> proto.Expression:
        return self._message

    def __repr__(self) -> str:
        return _text(self._message)


def _first_level(name: str) -> str:
    """Return the column of the name of a column or of a field in it."""
    tree = parse_expression(name)
    return str(tree.parts[0].name) if isinstance(tree, exp.Column | exp.Dot) else name


def _canonical(named: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    by_name = {column.lower(): column for column in columns}
    for name in named:
        if name.lower() not in by_name:
            raise UnityCatalogError(
                f"A column, variable, or function parameter with name `{name}` cannot be resolved. Did "
                f"you mean one of the following? [{', '.join(f'`{column}`' for column in columns)}].",
                condition=conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
            )
    return tuple(dict.fromkeys(by_name[name.lower()] for name in named))


def _text(expression: proto.Expression) -> str:
    """Return an expression of a plan as text for the history and for messages."""
    kind = expression.WhichOneof("expr_type")
    if kind == "literal":
        literal = expression.literal
        value = getattr(literal, literal.WhichOneof("literal_type") or "null")
        return f"'{value}'" if isinstance(value, str) else str(value).lower()
    if kind == "unresolved_attribute":
        return str(expression.unresolved_attribute.unparsed_identifier)
    if kind == "expression_string":
        return str(expression.expression_string.expression)
    if kind == "unresolved_function":
        function = expression.unresolved_function
        arguments = [_text(argument) for argument in function.arguments]
        operator = _OPERATORS.get(function.function_name)
        if operator and len(arguments) > 1:
            return f"({f' {operator} '.join(arguments)})"
        return f"{function.function_name}({', '.join(arguments)})"
    return str(kind)


def _not_recognized(text: str) -> UnityCatalogError:
    return UnityCatalogError(
        f"Cannot recognize the predicate '{text}'",
        condition=conditions.DELTA_FAILED_RECOGNIZE_PREDICATE,
    )
