"""The rows of an ``INSERT``, with a column of another name for each, and with values of the table's types.

Structs are stored by position, as other columns, whatever the names of their fields. The engine compares these
names, and takes no array of structs in ``VALUES``. So structs are cast to the type of their column. Other values are
cast where the engine casts otherwise than Spark (:mod:`lakelab.local.sql.rewrites.assigned_values`).

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql.types import DataType, NullType
from sqlglot import exp

from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.dialect import LocalDatabricks, to_sql
from lakelab.local.sql.rewrites.assigned_values import assigned
from lakelab.local.sql.rewrites.expression_types import StatementTypes
from lakelab.local.sql.rewrites.literal_types import literal_type
from lakelab.local.sql.rewrites.steps import rewrite_for_engine

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

Field = dict[str, Any]


def result_columns(session: Session, query: exp.Query) -> list[str]:
    """Return the columns of a query, which is not run.

    Parameters
    ----------
    session : Session
    query : sqlglot.exp.Query
    """
    return list(session.engine_sql(rewrite_for_engine(session, to_sql(query))).columns)


def known_columns(session: Session, query: exp.Query) -> list[str] | None:
    """Return the columns of a query; None if the engine cannot tell: it reports what is wrong when it runs the query."""
    try:
        return result_columns(session, query)
    except PySparkException:
        return None


def fit_rows(
    session: Session,
    insert: exp.Insert,
    fields: Sequence[Field],
    *,
    renames: bool,
    by_name: bool = False,
) -> bool:
    """Cast the values of an INSERT as Spark does, and rename the columns of its query; return whether it changed.

    Parameters
    ----------
    session : Session
    insert : sqlglot.exp.Insert
        The statement, which is changed.
    fields : sequence of dict
        The columns that the rows have values for, as the Delta log has them.
    renames : bool
        Whether the columns of the query are renamed even if no value is cast.
    by_name : bool
        Whether the fields of structs go by their names, as the engine takes them.

    Returns
    -------
    bool

    Raises
    ------
    pyspark.errors.AnalysisException
        If there is no cast from the type of a value to that of its column.
    """
    rows = insert.expression
    if isinstance(rows, exp.Values):
        cells = [
            row.expressions if isinstance(row, exp.Tuple) else [row] for row in rows.expressions
        ]
        kinds = _cell_types(session, cells)
        if not _is_mixed(cells, kinds, fields):
            cast = [_cast_row(row, fields, kinds) for row in rows.expressions]
            return any(cast)
    types = _query_types(session, rows, len(fields))
    if by_name:
        fields = [{} if _has_struct(field["type"]) else field for field in fields]
    names = [exp.to_identifier(f"_column_{n + 1}", quoted=True) for n in range(len(fields))]
    columns = [exp.Column(this=name.copy()) for name in names]
    stored = [
        _cast(column, field, kind)
        for column, field, kind in zip(columns, fields, types, strict=True)
    ]
    if not renames and all(new is old for new, old in zip(stored, columns, strict=True)):
        return False
    selected = [exp.alias_(column, name.copy()) for column, name in zip(stored, names, strict=True)]
    alias = exp.TableAlias(this=exp.to_identifier("_rows"), columns=names)
    inner = exp.select("*").from_(rows.copy()) if isinstance(rows, exp.Values) else rows
    insert.set("expression", exp.select(*selected).from_(exp.Subquery(this=inner, alias=alias)))
    return True


def _query_types(session: Session, query: exp.Expr, count: int) -> list[DataType | None]:
    """Return the types of the columns of a query; None for each if the engine cannot tell."""
    text = f"SELECT * FROM {to_sql(query)}" if isinstance(query, exp.Values) else to_sql(query)
    try:
        fields = session.engine_sql(rewrite_for_engine(session, text)).schema.fields
    except PySparkException:
        return [None] * count
    return [field.dataType for field in fields] if len(fields) == count else [None] * count


def _cell_types(session: Session, rows: Sequence[Sequence[exp.Expr]]) -> dict[int, DataType | None]:
    """Return the type of each value by the id of its node; the engine is asked for those that are no literals."""
    known: dict[int, DataType | None] = {}
    asked: dict[str, exp.Expr] = {}
    unknown: list[tuple[exp.Expr, str]] = []
    for value in (value for row in rows for value in row):
        kind = literal_type(value)
        if kind is None and not _is_default(value):
            text = to_sql(value)
            asked.setdefault(text, value)
            unknown.append((value, text))
        known[id(value)] = kind
    answers = dict(zip(asked, StatementTypes(session).of([*asked.values()]), strict=True))
    return known | {id(value): answers[text] for value, text in unknown}


def _is_mixed(
    rows: Sequence[Sequence[exp.Expr]],
    kinds: dict[int, DataType | None],
    fields: Sequence[Field],
) -> bool:
    """Return whether a column of texts gets values of several types, which first become ones of one type."""
    for column, field in zip(zip(*rows, strict=False), fields, strict=False):
        if any(map(_is_default, column)):
            return False
        found = {type(kinds[id(value)]) for value in column} - {NullType}
        if field["type"] == "string" and len(found) > 1:
            return True
    return False


def _cast_row(row: exp.Expr, fields: Sequence[Field], kinds: dict[int, DataType | None]) -> bool:
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    cast = [
        _cast(value, field, kinds[id(value)]) for value, field in zip(values, fields, strict=True)
    ]
    has_changed = any(new is not value for new, value in zip(cast, values, strict=True))
    if has_changed and isinstance(row, exp.Tuple):
        row.set("expressions", cast)
    elif has_changed:
        row.replace(cast[0])
    return has_changed


def _is_default(value: exp.Expr) -> bool:
    return isinstance(value, exp.Column | exp.Var) and value.name.upper() == "DEFAULT"


def _cast(value: exp.Expr, field: Field, source: DataType | None) -> exp.Expr:
    """Return a value as one of the column's type; the same node if the engine stores it as Spark does."""
    if not field or _is_default(value) or isinstance(value, exp.Null):
        return value
    stored = assigned(value, source, field)
    if not _has_struct(field["type"]):
        return stored
    kind = exp.DataType.build(sql_type(field["type"], quoted), dialect=LocalDatabricks)
    return exp.Cast(this=value.copy(), to=kind)


def _has_struct(kind: Any) -> bool:
    """Return whether a type of the Delta log is a struct, or has one in it.

    Examples
    --------
    >>> _has_struct({"type": "array", "elementType": {"type": "struct", "fields": []}}), _has_struct("long")
    (True, False)
    """
    if not isinstance(kind, dict):
        return False
    inner = (kind.get(key) for key in ("elementType", "keyType", "valueType"))
    return kind["type"] == "struct" or any(map(_has_struct, inner))
