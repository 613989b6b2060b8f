"""Expressions of DataFrames that the engine computes otherwise than Spark.

The rules of :mod:`lakelab.local.sql.rewrites.values` hold for ``F.weekday(...)`` in a plan, and for the texts of
``expr``, ``selectExpr`` and ``filter``, as they hold for statements. Columns keep their names.

Follows https://spark.apache.org/docs/latest/spark-connect-overview.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql.connect.proto import expressions_pb2, relations_pb2
from sqlglot import exp
from sqlglot.errors import SqlglotError

from lakelab.local.spark.given_plan import plan_schema
from lakelab.local.spark.plan_expressions import leaf_message, to_message, to_tree
from lakelab.local.spark.plan_names import plan_name, relation_names
from lakelab.local.spark.plan_set_operations import coerce_inputs
from lakelab.local.spark.plans import messages
from lakelab.local.sql.dialect import parse_expression, to_sql
from lakelab.local.sql.grammar.expressions import IS_REWRITTEN
from lakelab.local.sql.rewrites.expression_types import outside_of_lambdas
from lakelab.local.sql.rewrites.values import correct_values
from lakelab.local.sql.spark_names.functions import makes_rows

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructField, StructType

    from lakelab.local.sql.session import Session

_RESULTS = {
    ("project", "expressions"),
    ("aggregate", "aggregate_expressions"),
    ("aggregate", "grouping_expressions"),
}
"""Relations, and the fields with their result columns."""


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
    results: dict[int, StructType] = {}
    for relation, expressions in _relations(plan, None):
        if expressions:
            _correct(session, relation, expressions)
        if relation is not None and relation.HasField("set_op"):
            coerce_inputs(session, relation, results)


def _relations(message: Any, relation: Any) -> Iterator[tuple[Any, list[tuple[str, Any]]]]:
    """Yield the relations of a plan, each with its expressions and their fields, the inner ones first.

    The types of the outer expressions depend on the inner ones. Expressions of a command have no relation.
    """
    expressions: list[tuple[str, Any]] = []
    yield from _inner_relations(message, relation, expressions)
    if message.DESCRIPTOR.name == "Relation" or relation is None:
        yield (message if message.DESCRIPTOR.name == "Relation" else None), expressions


def _inner_relations(
    message: Any, relation: Any, expressions: list[tuple[str, Any]]
) -> Iterator[tuple[Any, list[tuple[str, Any]]]]:
    """Yield the relations within a message, and collect the expressions of its own."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for part in _parts(value):
            if part.DESCRIPTOR.name == "Expression":
                expressions.append((field.name, part))
            elif part.DESCRIPTOR.name == "Relation":
                yield from _relations(part, part)
            else:
                yield from _inner_relations(part, relation, expressions)


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
        for node in map(outside_of_lambdas, expressions):
            message = expressions_pb2.Expression()
            if any(
                isinstance(part, exp.Column) for part in node.walk()
            ):  # the text of an expression
                message.expression_string.expression = to_sql(node)
            else:
                message.CopyFrom(to_message(node))
            messages.append(message)
        rows = self._fields(messages, self._rows)
        if self._relation is not None and self._relation.HasField("aggregate"):
            # what the rows do not have is made of groups
            places = [place for place, field in enumerate(rows) if field is None]
            groups = self._fields([messages[place] for place in places], self._query)
            for place, field in zip(places, groups, strict=True):
                rows[place] = field
        return [None if field is None else field.dataType for field in rows]

    def columns(self, columns: Sequence[exp.Expr]) -> list[DataType | None]:
        """Return the types of columns, which the text of an expression names."""
        return self.of(columns)

    def result(self, query: exp.Expr) -> list[StructField]:
        """Return nothing: a plan has no queries in its expressions."""
        return []

    def fields(self, messages: list[Any]) -> list[StructField | None]:
        """Return the columns that expressions make; None for one that the engine cannot analyze."""
        return self._fields(messages, self._query)

    def _fields(
        self, messages: list[Any], select: Callable[[list[Any]], Any]
    ) -> list[StructField | None]:
        query = select(messages) if self._relation is not None else None
        if query is None or not messages:
            return [None for _ in messages]
        try:
            return [*plan_schema(self._session, query).fields[-len(messages) :]]
        except PySparkException:
            if len(messages) == 1:
                return [None]
        return [field for one in messages for field in self._fields([one], select)]

    def _query(self, messages: list[Any]) -> Any:
        """Return a relation with expressions in the place of the results of the relation."""
        if not self._relation.HasField("aggregate"):
            return self._rows(messages)
        query = relations_pb2.Relation()
        query.CopyFrom(self._relation)
        del query.aggregate.aggregate_expressions[:]
        query.aggregate.aggregate_expressions.extend(messages)
        return query

    def _rows(self, messages: list[Any]) -> Any:
        """Return a relation that selects expressions from the inputs of the relation; None for other relations."""
        query = relations_pb2.Relation()
        kind = self._relation.WhichOneof("rel_type")
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


def _correct(session: Session, relation: Any, expressions: list[tuple[str, Any]]) -> None:
    """Rewrite the expressions of one relation."""
    types = _PlanTypes(session, relation)
    for _, message in expressions:
        _correct_texts(message, types)
    read = [(field, message, _tree(message)) for field, message in expressions]
    trees = [tree for _, _, tree in read if tree is not None]
    originals = [tree.copy() for tree in trees]
    whole = exp.Tuple(expressions=trees)  # a parent for the nodes that are replaced
    changed = bool(trees) and correct_values(whole, types)
    if not changed and not any(map(_has_rewritten_literals, trees)):
        return
    kind = relation.WhichOneof("rel_type") if relation is not None else ""
    fields = [(field, message) for field, message, tree in read if tree is not None]
    for (field, message), original, tree in zip(fields, originals, whole.expressions, strict=True):
        corrected = _message(message, tree)
        if corrected == _message(message, original) and not _has_rewritten_literals(original):
            continue
        if (kind, field) in _RESULTS and not isinstance(tree, exp.Alias) and not makes_rows(tree):
            name = plan_name(message, relation_names(relation)) or _engine_name(
                types.fields([message])[0], original
            )
            corrected = _named(corrected, name)
        message.CopyFrom(corrected)


def _has_rewritten_literals(tree: exp.Expr) -> bool:
    """Return whether the text of a tree has literals that the engine reads otherwise than the parser."""
    return bool(tree.meta.get(IS_REWRITTEN))


def _tree(message: Any) -> exp.Expr | None:
    """Return the tree of an expression; None if it is a text that sqlglot does not parse."""
    if not message.HasField("expression_string"):
        return to_tree(message)
    try:
        return parse_expression(message.expression_string.expression)
    except SqlglotError:
        return None  # the engine's own error names the position


def _message(message: Any, tree: exp.Expr) -> Any:
    """Return the message of a tree, which is a text as the given message is one."""
    if not message.HasField("expression_string"):
        return to_message(tree)
    text = expressions_pb2.Expression()
    text.expression_string.expression = to_sql(tree)
    return text


def _engine_name(column: StructField | None, original: exp.Expr) -> str:
    return column.name if column else _name(original)


def _named(message: Any, name: str) -> Any:
    named = expressions_pb2.Expression()
    named.alias.expr.CopyFrom(message)
    named.alias.name.append(name)
    return named


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
