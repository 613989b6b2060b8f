"""``union``, ``intersect`` and ``subtract`` of DataFrames: the columns of both sides are cast to their common types.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.unionByName.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import relations_pb2
from pyspark.sql.types import NullType, StructField, StructType

from lakelab.local.spark.given_plan import frame_of, plan_schema, replace
from lakelab.local.sql.rewrites.casts import same_type
from lakelab.local.sql.rewrites.set_operations import common_column

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def coerce_inputs(session: Session, relation: Any, known: dict[int, StructType]) -> None:
    """Cast the columns of both inputs of a set operation to their common types.

    Parameters
    ----------
    session : Session
    relation : pyspark.sql.connect.proto.Relation
        A set operation, which is changed; its inputs are such that the engine computes them rightly.
    known : dict of int to pyspark.sql.types.StructType
        The results of set operations that were read before, by the ids of their messages; this one is added.

    Raises
    ------
    pyspark.errors.AnalysisException
        If Spark refuses the types beside each other.
    """
    operation = relation.set_op
    try:
        left, right = (
            known.get(id(side)) or plan_schema(session, side)
            for side in (operation.left_input, operation.right_input)
        )
    except PySparkException:
        return  # the whole plan fails with a better message
    pairs = _pairs(operation, left, right)
    if pairs is None:
        return
    found = [_common(one, other) for one, other in pairs]
    result = [field for field in found if field is not None]
    if len(result) < len(found):
        return
    known[id(relation)] = StructType(result)
    for side, place in ((operation.left_input, 0), (operation.right_input, 1)):
        columns = [(pair[place], field) for pair, field in zip(pairs, result, strict=True)]
        names = [field.name for field in (left, right)[place].fields]
        if any(
            own is None or not same_type(own.dataType, field.dataType) for own, field in columns
        ) or (operation.by_name and [own.name for own, _ in columns if own] != names):
            _select(side, names, columns)
    operation.by_name = False
    operation.allow_missing_columns = False
    if operation.is_all and operation.set_op_type == operation.SET_OP_TYPE_INTERSECT:
        _count_rows(session, relation, [field.name for field in result])


def _count_rows(session: Session, relation: Any, names: list[str]) -> None:
    """Replace ``intersectAll`` by an intersection of rows with their numbers: the engine does not count rows."""
    operation = relation.set_op
    places = [f"_{place}" for place in range(len(names))]
    left, right = (
        frame_of(session, side)
        .toDF(*places)
        .withColumn("_row", F.row_number().over(Window.partitionBy(*places).orderBy(F.lit(1))))
        for side in (operation.left_input, operation.right_input)
    )
    replace(session, relation, left.intersect(right).select(*places).toDF(*names))


def _pairs(
    operation: Any, left: StructType, right: StructType
) -> list[tuple[StructField | None, StructField | None]] | None:
    """Return the columns of both inputs that become one; None if the engine refuses the inputs."""
    if not operation.by_name:
        same = len(left) == len(right)
        return [*zip(left.fields, right.fields, strict=True)] if same else None
    others = {field.name.lower(): field for field in right}
    names = {field.name.lower() for field in left}
    if len(others) < len(right) or len(names) < len(left):
        return None
    pairs: list[tuple[StructField | None, StructField | None]]
    pairs = [(field, others.get(field.name.lower())) for field in left]
    pairs += [(None, field) for field in right if field.name.lower() not in names]
    is_complete = all(one is not None and other is not None for one, other in pairs)
    return pairs if is_complete or operation.allow_missing_columns else None


def _common(one: StructField | None, other: StructField | None) -> StructField | None:
    left = one.dataType if one else NullType()
    right = other.dataType if other else NullType()
    named = one or other
    common = common_column(left, right)
    return StructField(named.name if named else "", common) if common is not None else None


def _select(
    side: Any, names: list[str], columns: list[tuple[StructField | None, StructField]]
) -> None:
    """Select the columns of an input; of two with one name, each is found by its place."""
    selected = relations_pb2.Relation()
    project = selected.project
    project.input.to_df.input.CopyFrom(side)
    places = [f"_{place}" for place in range(len(names))]
    project.input.to_df.column_names.extend(places)
    remaining = dict(zip(places, names, strict=True))
    for own, field in columns:
        alias = project.expressions.add().alias
        alias.name.append(field.name)
        if own is None:
            alias.expr.cast.expr.literal.null.null.SetInParent()
            alias.expr.cast.type_str = field.dataType.simpleString()
            continue
        place = next(place for place, name in remaining.items() if name == own.name)
        del remaining[place]
        column = alias.expr
        if not same_type(own.dataType, field.dataType):
            column.cast.type_str = field.dataType.simpleString()
            column = column.cast.expr
        column.unresolved_attribute.unparsed_identifier = place
    side.CopyFrom(selected)
