"""UNION, INTERSECT and EXCEPT of different types: the columns of both sides are cast to their common types.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-setops
"""

from __future__ import annotations

from pyspark.sql.types import AtomicType, DataType, StructField
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.casts import replace_by_cast, same_type
from lakelab.local.sql.rewrites.expression_types import Types
from lakelab.local.sql.rewrites.operand_types import OperandTypes
from lakelab.local.sql.rewrites.spark_types import wider_type

_CLAUSES = ("distinct", "group", "having", "order", "sort", "limit", "offset", "qualify", "windows")
"""Clauses of a query that would mean something else after a cast of its columns."""


def coerce_branches(node: exp.SetOperation, types: Types, known: dict[int, list[DataType]]) -> bool:
    """Cast the columns of both sides of a set operation to their common types.

    Parameters
    ----------
    node : sqlglot.exp.SetOperation
        It is changed.
    types : Types
        What the engine knows.
    known : dict of int to list of pyspark.sql.types.DataType
        The columns of the set operations that were cast before, by the ids of their nodes; this one is added.

    Returns
    -------
    bool
        Whether it was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If Spark refuses the types beside each other.
    """
    if node.args.get("by_name"):
        return False
    sides = [node.this, node.expression]
    left, right = (known.get(id(_inner(side))) or _branch_types(side, types) for side in sides)
    if not left or len(left) != len(right):
        return False
    found = [common_column(*pair) for pair in zip(left, right, strict=True)]
    common = [kind for kind in found if kind is not None]
    if len(common) < len(found):
        return False
    changed = [
        _cast_columns(side, own, common, types)
        for side, own in zip(sides, (left, right), strict=True)
    ]
    counted = isinstance(node, exp.Intersect) and not node.args.get("distinct")
    result = _count_rows(node, types) if counted else node
    known[id(result)] = common
    return any(changed) or counted


def _count_rows(node: exp.SetOperation, types: Types) -> exp.Expr:
    """Replace INTERSECT ALL by an intersection of rows with their numbers: the engine does not count rows."""
    fields = types.result(node.this)
    if not fields:
        return node
    names = [exp.to_identifier(f"_{place}") for place in range(len(fields))]
    sides = [_numbered(side, names) for side in (node.this, node.expression)]
    rows = exp.Intersect(this=sides[0], expression=sides[1], distinct=True)
    columns = [
        exp.Alias(
            this=exp.Column(this=name.copy()), alias=exp.to_identifier(field.name, quoted=True)
        )
        for name, field in zip(names, fields, strict=True)
    ]
    query = exp.Select(expressions=columns)
    with_, order, limit = (node.args.get(key) for key in ("with_", "order", "limit"))
    node.replace(query)
    alias = exp.TableAlias(this=exp.to_identifier("_rows"))
    query.set("from_", exp.From(this=exp.Subquery(this=rows, alias=alias)))
    for key, value in (("with_", with_), ("order", order), ("limit", limit)):
        query.set(key, value)
    return query


def _numbered(side: exp.Expr, names: list[exp.Identifier]) -> exp.Select:
    """Return the rows of one side, with the number of each among the rows that are equal."""
    columns: list[exp.Expr] = [exp.Column(this=name.copy()) for name in names]
    number = exp.Window(
        this=exp.Anonymous(this="row_number"),
        partition_by=[column.copy() for column in columns],
        order=exp.Order(expressions=[exp.Ordered(this=columns[0].copy())]),
        over="OVER",
    )
    inner = side.this if isinstance(side, exp.Subquery) and not side.args.get("alias") else side
    alias = exp.TableAlias(this=exp.to_identifier("_side"), columns=[name.copy() for name in names])
    return exp.Select(
        expressions=[*columns, exp.Alias(this=number, alias=exp.to_identifier("_row"))],
        from_=exp.From(this=exp.Subquery(this=inner, alias=alias)),
    )


def common_column(left: DataType, right: DataType) -> DataType | None:
    """Return the type of a column of a set operation.

    Parameters
    ----------
    left, right : pyspark.sql.types.DataType
        The types of the column on both sides.

    Returns
    -------
    pyspark.sql.types.DataType or None
        None for nested types that the engine must tell apart.

    Raises
    ------
    pyspark.errors.AnalysisException
        If Spark refuses them.

    Examples
    --------
    >>> from pyspark.sql.types import IntegerType, LongType
    >>> common_column(IntegerType(), LongType())
    LongType()
    """
    common = wider_type(left, right)
    if common is None and (isinstance(left, AtomicType) or isinstance(right, AtomicType)):
        raise analysis_error(
            conditions.INCOMPATIBLE_COLUMN_TYPE,
            f"UNION, INTERSECT and EXCEPT take columns of compatible types: one is a "
            f"{left.simpleString().upper()}, the other a {right.simpleString().upper()}.",
        )
    return common


def _inner(side: exp.Expr) -> exp.Expr:
    while isinstance(side, exp.Subquery | exp.Paren) and not side.args.get("alias"):
        side = side.this
    return side


def _branch_types(side: exp.Expr, types: Types) -> list[DataType]:
    """Return the types of the columns of one side; none if they are not known."""
    inner = _inner(side)
    if isinstance(inner, exp.Select) and not inner.is_star:
        literals = OperandTypes(types)
        known = [literals.of(column) for column in inner.expressions]
        if None not in known:
            return [kind for kind in known if kind is not None]
    return [field.dataType for field in types.result(side)]


def _cast_columns(
    side: exp.Expr, own: list[DataType], common: list[DataType], types: Types
) -> bool:
    places = [place for place, kind in enumerate(own) if not same_type(kind, common[place])]
    if not places:
        return False
    inner = _inner(side)
    if (
        isinstance(inner, exp.Select)
        and not inner.is_star
        and not any(map(inner.args.get, _CLAUSES))
    ):
        columns = list(inner.expressions)
        for place in places:
            column = columns[place]
            replace_by_cast(column.this if isinstance(column, exp.Alias) else column, common[place])
        return True
    _select_from(side, types.result(side), {place: common[place] for place in places})
    return True


def _select_from(side: exp.Expr, fields: list[StructField], casts: dict[int, DataType]) -> None:
    """Replace one side by a query that casts its columns, which may have one name."""
    names = [exp.to_identifier(f"_{place}") for place in range(len(fields))]
    columns = []
    for place, (name, field) in enumerate(zip(names, fields, strict=True)):
        column = exp.Alias(
            this=exp.Column(this=name.copy()), alias=exp.to_identifier(field.name, quoted=True)
        )
        columns.append(column)
        if place in casts:
            replace_by_cast(column.this, casts[place])
    query = exp.Select(expressions=columns)
    side.replace(query)
    alias = exp.TableAlias(this=exp.to_identifier("_branch"), columns=names)
    inner = side.this if isinstance(side, exp.Subquery) and not side.args.get("alias") else side
    query.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
