"""Values on their way to a column of another type: they are cast as Spark casts them.

The engine casts a value by itself, and otherwise: a timestamp becomes microseconds, a date a number of days, a double
a text such as ``1e20``. An explicit cast is what Delta makes of the assignment, too. Numbers stay as they are: there the
engine casts as Spark does.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-ansi-compliance
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    IntegralType,
    MapType,
    NullType,
    NumericType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)
from sqlglot import exp

from lakelab.local.catalog.char_types import EXCEEDED, varchar_limit
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.dialect import LocalDatabricks
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.calls import function
from lakelab.local.sql.rewrites.expression_types import StatementTypes, types_by_clause
from lakelab.local.sql.rewrites.literal_types import literal_type
from lakelab.local.sql.rewrites.texts import as_text, differs_as_text

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

Field = Mapping[str, Any]
_TIMES = (TimestampType, TimestampNTZType)


def assigned(
    value: exp.Expr, kind: DataType | None, field: Field, *, checks: bool = True
) -> exp.Expr:
    """Return what is stored in a column if a value is assigned to it.

    Parameters
    ----------
    value : sqlglot.exp.Expr
    kind : pyspark.sql.types.DataType, optional
        The type of the value; None if it is not known.
    field : mapping
        The column as the Delta log has it.
    checks : bool
        Whether a text that is too long is refused.

    Returns
    -------
    sqlglot.exp.Expr
        The same node if the value is stored as it is.

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is no cast between the types.

    Examples
    --------
    >>> column = {"name": "a", "type": "string", "metadata": {}}
    >>> assigned(exp.column("d"), DateType(), column).sql("databricks")
    'CAST(d AS STRING)'
    """
    target = StructField.fromJson({"nullable": True, "metadata": {}, **field}).dataType
    if isinstance(kind, NullType):
        return value
    stored = value
    if kind is None or differs(kind, target):
        stored = _cast(value, kind, target, field)
    limit = varchar_limit(field) if checks else None
    return stored if limit is None else _limited(stored, limit, value)


def differs(kind: DataType, target: DataType) -> bool:
    """Return whether a value of a type has to be cast to another one.

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is no such cast.

    Examples
    --------
    >>> from pyspark.sql.types import DoubleType, IntegerType
    >>> differs(IntegerType(), DoubleType()), differs(IntegerType(), StringType())
    (False, True)
    """
    check_cast(kind, target)
    if isinstance(kind, ArrayType) and isinstance(target, ArrayType):
        return differs(kind.elementType, target.elementType)
    if isinstance(kind, MapType) and isinstance(target, MapType):
        return differs(kind.keyType, target.keyType) or differs(kind.valueType, target.valueType)
    if isinstance(kind, StructType) and isinstance(target, StructType):
        pairs = zip(kind.fields, target.fields, strict=False)
        found = [differs(one.dataType, other.dataType) for one, other in pairs]  # each is checked
        return any(found)
    if isinstance(kind, NullType) or (
        isinstance(kind, NumericType) and isinstance(target, NumericType)
    ):
        return False
    return type(kind) is not type(target)


def check_cast(kind: DataType, target: DataType) -> None:
    """Check that there is a cast between two types.

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is none, under Spark's condition.
    """
    problem = _problem(kind, target)
    if problem:
        raise analysis_error(
            f"DATATYPE_MISMATCH.CAST_{problem}",
            f'A value of the type "{kind.simpleString().upper()}" cannot be cast to '
            f'"{target.simpleString().upper()}". Convert it by a function, for example unix_date.',
            "42K09",
        )


def _problem(kind: DataType, target: DataType) -> str:
    """Return the end of the condition that Spark raises; empty if there is a cast."""
    if isinstance(kind, NullType) or type(kind) is type(target) or isinstance(target, StringType):
        return ""
    nested = (ArrayType, MapType, StructType)
    if isinstance(kind, nested) or isinstance(target, nested):
        return "WITHOUT_SUGGESTION"
    is_number, to_number = isinstance(kind, NumericType), isinstance(target, NumericType)
    if (is_number and isinstance(target, DateType)) or (isinstance(kind, DateType) and to_number):
        return "WITH_FUNC_SUGGESTION"
    if isinstance(kind, BooleanType) and isinstance(target, _TIMES):
        return "WITH_CONF_SUGGESTION"
    if isinstance(kind, (DateType, *_TIMES)) and isinstance(target, BooleanType):
        return "WITH_CONF_SUGGESTION"
    if isinstance(target, BinaryType):
        texts = isinstance(kind, StringType)
        suggestion = "WITH_CONF" if isinstance(kind, IntegralType) else "WITHOUT"
        return "" if texts else f"{suggestion}_SUGGESTION"
    without = isinstance(kind, BooleanType) and isinstance(target, DateType)
    return "WITHOUT_SUGGESTION" if without or isinstance(kind, BinaryType) else ""


def _cast(value: exp.Expr, kind: DataType | None, target: DataType, field: Field) -> exp.Expr:
    if isinstance(target, StringType) and kind is not None and differs_as_text(kind):
        return as_text(value.copy(), kind)
    if isinstance(kind, ArrayType) and isinstance(target, ArrayType):
        element = kind.elementType
        if isinstance(target.elementType, StringType) and differs_as_text(element):
            variable = exp.to_identifier("_item")
            text = exp.Lambda(this=as_text(variable.copy(), element), expressions=[variable])
            return function("transform", value.copy(), text)
    name = sql_type(field["type"], quoted)
    return exp.Cast(this=value.copy(), to=exp.DataType.build(name, dialect=LocalDatabricks))


def _limited(stored: exp.Expr, limit: int, value: exp.Expr) -> exp.Expr:
    """Return a text that is refused if it is too long."""
    if isinstance(value, exp.Literal) and value.is_string and len(value.name) <= limit:
        return stored
    message = f"[{EXCEEDED}] Value exceeds the char/varchar type length limitation: varchar({limit}) SQLSTATE: 22001"
    too_long = exp.GT(
        this=function("char_length", stored.copy()), expression=exp.Literal.number(limit)
    )
    error = function("raise_error", message)
    return exp.Case(ifs=[exp.If(this=too_long, true=error)], default=stored.copy())


def cast_assigned_values(session: Session, tree: exp.Expr) -> bool:
    """Cast the values that UPDATE and MERGE assign to columns as Spark casts them.

    Parameters
    ----------
    session : Session
    tree : sqlglot.exp.Expr
        The statement; it is changed.

    Returns
    -------
    bool
        Whether the tree was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is no cast from the type of a value to that of its column.
    """
    if not isinstance(tree, exp.Update | exp.Merge) or not isinstance(tree.this, exp.Table):
        return False
    pairs = list(_assignments(tree))
    if not pairs:
        return False
    try:
        fields = session.unity.table(session.resolve(_table_name(tree.this))).fields
    except UnityCatalogError:
        return False  # a path, a view or nothing: the engine runs or refuses the statement
    by_name = {field["name"].lower(): field for field in fields}
    known = [(value, by_name[name]) for name, value in pairs if name in by_name]
    types = types_by_clause(
        [value for value, _ in known if literal_type(value) is None], StatementTypes(session)
    )
    changed = False
    for value, field in known:
        kind = literal_type(value) or types[id(value)]
        stored = assigned(value, kind, field, checks=False) if kind is not None else value
        if stored is not value:
            value.replace(stored)
            changed = True
    return changed


def _assignments(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Yield the columns that a statement assigns values to, in lower case, and the values."""
    for update in tree.find_all(exp.Update):
        for assignment in update.expressions:
            if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
                yield assignment.this.name.lower(), assignment.expression
    for insert in tree.find_all(exp.Insert):
        columns, values = insert.this, insert.expression
        if isinstance(columns, exp.Tuple) and isinstance(values, exp.Tuple):
            for column, value in zip(columns.expressions, values.expressions, strict=False):
                yield column.name.lower(), value


def _table_name(table: exp.Table) -> str:
    return ".".join(quoted(part.name) for part in table.parts)
