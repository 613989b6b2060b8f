"""Expressions of DataFrames that the engine computes otherwise than Spark.

The rules of :mod:`lakelab.local.sql.rewrites.values` hold for ``F.weekday(...)`` in a plan, and for the texts of
``expr``, ``selectExpr`` and ``filter``, as they hold for statements. Columns keep their names.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.plan import LogicalPlan
from pyspark.sql.connect.proto import expressions_pb2, relations_pb2
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakelab.local.spark.plan_expressions import leaf_message, to_message, to_tree
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse_expression, to_sql
from lakelab.local.sql.rewrites.values import correct_values

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructField

    from lakelab.local.sql.session import Session

_RESULTS = {
    ("project", "expressions"),
    ("aggregate", "aggregate_expressions"),
    ("aggregate", "grouping_expressions"),
}
"""Relations, and the fields with their result columns."""


class GivenPlan(LogicalPlan):
    """A plan that is a message already.

    Parameters
    ----------
    relation : pyspark.sql.connect.proto.Relation
    """

    def __init__(self, relation: Any):
        super().__init__(None)
        self._relation = relation

    def plan(self, session: Any) -> Any:
        """Return the message."""
        return self._relation


def correct_plan(session: Session, plan: Any) -> None:
    """Rewrite the expressions of a plan that the engine would compute otherwise than Spark.

    Parameters
    ----------
    session : Session
    plan : google.protobuf.message.Message
        The request; it is changed where there is such an expression.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the local engine does not have a function.
    """
    # the inner relations first: the types of the outer ones depend on them
    for relation, field, expression in reversed(list(_expressions(plan, None))):
        _correct(session, relation, field, expression)


def _expressions(message: Any, relation: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield the whole expressions of a plan, each with its relation and the field that it is in."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for part in _parts(value):
            name = part.DESCRIPTOR.name
            if name == "Expression":
                yield relation, field.name, part
            else:
                yield from _expressions(part, part if name == "Relation" else relation)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [part for part in value.values() if hasattr(part, "ListFields")]
    return [value] if hasattr(value, "ListFields") else list(value)


class _PlanTypes:
    """The types of the expressions of a relation."""

    def __init__(self, session: Session, relation: Any):
        self._session = session
        self._relation = relation

    def of(self, expressions: Sequence[exp.Expr]) -> list[DataType | None]:
        messages = []
        for node in expressions:
            message = expressions_pb2.Expression()
            if any(
                isinstance(part, exp.Column) for part in node.walk()
            ):  # the text of an expression
                message.expression_string.expression = to_sql(node)
            else:
                message.CopyFrom(to_message(node))
            messages.append(message)
        return [None if field is None else field.dataType for field in self.fields(messages)]

    def fields(self, messages: list[Any]) -> list[StructField | None]:
        """Return the columns that expressions make; None for one that the engine cannot analyze."""
        query = self._query(messages) if self._relation is not None else None
        if query is None or not messages:
            return [None for _ in messages]
        try:
            schema = DataFrame(GivenPlan(query), self._session).schema  # type: ignore[arg-type]
            return [*schema.fields[-len(messages) :]]
        except PySparkException:
            if len(messages) == 1:
                return [None]
        return [field for one in messages for field in self.fields([one])]

    def _query(self, messages: list[Any]) -> Any:
        """Return a relation that selects expressions from the inputs of the relation."""
        query = relations_pb2.Relation()
        kind = self._relation.WhichOneof("rel_type")
        if kind == "aggregate":
            query.CopyFrom(self._relation)
            del query.aggregate.aggregate_expressions[:]
            query.aggregate.aggregate_expressions.extend(messages)
            return query
        inner = getattr(self._relation, kind)
        names = inner.DESCRIPTOR.fields_by_name
        if "input" in names:
            query.project.input.CopyFrom(inner.input)
        elif kind == "join":
            both = query.project.input.join
            both.left.CopyFrom(inner.left)
            both.right.CopyFrom(inner.right)
            both.join_type = relations_pb2.Join.JOIN_TYPE_CROSS
        else:
            return None
        query.project.expressions.extend(messages)
        return query


def _correct_texts(message: Any, types: _PlanTypes) -> None:
    """Rewrite the texts of ``expr`` within an expression: ``expr("weekday(d)").alias("x")``."""
    for part in messages(message):
        if part.DESCRIPTOR.name != "Expression" or not part.HasField("expression_string"):
            continue
        if part is message:
            continue
        try:
            whole = exp.paren(parse_expression(part.expression_string.expression), copy=False)
        except SqlglotError:
            continue  # the engine's own error names the position
        if correct_values(whole, types):
            part.expression_string.expression = to_sql(whole.this)


def _correct(session: Session, relation: Any, field: str, message: Any) -> None:
    types = _PlanTypes(session, relation)
    _correct_texts(message, types)
    is_text = message.HasField("expression_string")
    if is_text:
        try:
            tree = parse_expression(message.expression_string.expression)
        except SqlglotError:
            return  # the engine's own error names the position
    else:
        tree = to_tree(message)
    whole = exp.paren(tree, copy=False)  # a parent for the nodes that are replaced
    if not correct_values(whole, types):
        return
    corrected = expressions_pb2.Expression()
    if is_text:
        corrected.expression_string.expression = to_sql(whole.this)
    else:
        corrected.CopyFrom(to_message(whole.this))
    kind = relation.WhichOneof("rel_type") if relation is not None else ""
    if (kind, field) in _RESULTS and not isinstance(whole.this, exp.Alias):
        (column,) = types.fields([message])
        named = expressions_pb2.Expression()
        named.alias.expr.CopyFrom(corrected)
        named.alias.name.append(column.name if column else _name(tree))
        corrected = named
    message.CopyFrom(corrected)


def _name(tree: exp.Expr) -> str:
    """Return the name of a column that the engine cannot name."""
    copy = exp.paren(tree.copy(), copy=False)
    for node in list(copy.walk()):
        message = leaf_message(node)
        if message is None:
            continue
        if message.HasField("literal"):
            literal = message.literal
            text = str(getattr(literal, literal.WhichOneof("literal_type")))
        else:
            text = message.unresolved_attribute.unparsed_identifier or "value"
        node.replace(exp.Var(this=text))
    return to_sql(copy.this).replace("`", "")
