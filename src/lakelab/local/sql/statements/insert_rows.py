"""The rows of an ``INSERT``, with a column of another name for each, and with structs of the table's types.

Structs are stored by position, as other columns, whatever the names of their fields. The engine compares these
names, and takes no array of structs in ``VALUES``. So structs are cast to the type of their column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-dml-insert-into
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from sqlglot import exp

from lakelab.local.catalog.names import quoted
from lakelab.local.catalog.types import sql_type
from lakelab.local.sql.dialect import LocalDatabricks, to_sql
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


def fit_rows(insert: exp.Insert, fields: Sequence[Field], *, renames: bool) -> bool:
    """Cast the structs of an INSERT by position, and rename the columns of its query; return whether it changed.

    Parameters
    ----------
    insert : sqlglot.exp.Insert
        The statement, which is changed.
    fields : sequence of dict
        The columns that the rows have values for, as the Delta log has them.
    renames : bool
        Whether the columns of the query are renamed even if there is no struct.

    Returns
    -------
    bool
    """
    has_structs = any(_has_struct(field["type"]) for field in fields)
    rows = insert.expression
    if isinstance(rows, exp.Values):
        cast = [has_structs and _cast_row(row, fields) for row in rows.expressions]
        return any(cast)
    if not has_structs and not renames:
        return False
    names = [exp.to_identifier(f"_column_{n + 1}", quoted=True) for n in range(len(fields))]
    columns = [
        exp.alias_(_cast(exp.Column(this=name.copy()), field), name.copy())
        for name, field in zip(names, fields, strict=True)
    ]
    alias = exp.TableAlias(this=exp.to_identifier("_rows"), columns=names)
    insert.set("expression", exp.select(*columns).from_(exp.Subquery(this=rows, alias=alias)))
    return True


def _cast_row(row: exp.Expr, fields: Sequence[Field]) -> bool:
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    cast = [_cast(value, field) for value, field in zip(values, fields, strict=True)]
    has_changed = any(new is not value for new, value in zip(cast, values, strict=True))
    if has_changed and isinstance(row, exp.Tuple):
        row.set("expressions", cast)
    elif has_changed:
        row.replace(cast[0])
    return has_changed


def _cast(value: exp.Expr, field: Field) -> exp.Expr:
    """Return a value as one of the column's type, if that has a struct."""
    is_default = isinstance(value, exp.Column | exp.Var) and value.name.upper() == "DEFAULT"
    if is_default or isinstance(value, exp.Null) or not _has_struct(field["type"]):
        return value
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
