"""Recursive common table expressions: their rows are computed level by level, and take the place of the query.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-cte
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors.exceptions.connect import SparkException
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.dialect import Statement, parse, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.grammar.expressions import MAX_LEVEL
from lakelab.local.sql.literals import typed_literal
from lakelab.local.sql.rewrites.relations import common_tables

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructType

    from lakelab.local.sql.session import Session

_LEVELS = 100
"""Levels that a recursion may have without MAX RECURSION LEVEL."""
_MAX_ROWS = 10_000
"""Rows that take the place of a query: they are text of a statement."""
_WIDER = ("tinyint", "smallint", "int", "bigint")
_WHOLE = (
    "where",
    "group",
    "having",
    "order",
    "distinct",
    "joins",
    "qualify",
    "laterals",
    "windows",
)
"""Clauses of a query with which LIMIT does not end a recursion."""


@dataclass(frozen=True)
class _Recursion:
    """A recursive common table expression.

    Attributes
    ----------
    table : sqlglot.exp.CTE
    first, step : sqlglot.exp.Query or sqlglot.exp.Values
        The two sides of UNION ALL.
    levels : int
        How many levels with rows it may have.
    enough : int or None
        How many rows the query needs; None if it needs all.
    """

    table: exp.CTE
    first: exp.Query | exp.Values
    step: exp.Query
    levels: int
    enough: int | None


def compute_recursions(session: Session, statement: Statement) -> Statement:
    """Return a statement with the rows of its recursive common table expressions in their places.

    Parameters
    ----------
    session : Session
    statement : Statement

    Returns
    -------
    Statement
        The same statement if it has no recursion.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a recursion is not of the form that Spark knows.
    pyspark.errors.SparkException
        If a recursion has too many levels, or its sides have other types.
    """
    if statement.tree is None or "recursive" not in statement.text.lower():
        return statement
    tree = statement.tree.copy()
    found = [with_ for with_ in tree.find_all(exp.With) if with_.args.get("recursive")]
    tables = [
        table for with_ in reversed(found) for table in with_.expressions if _calls_itself(table)
    ]
    for table in tables:
        table.set("this", _rows_of(session, _recursion(table)))
        table.set(MAX_LEVEL, None)
    for with_ in found:
        with_.set("recursive", None)
    return parse(to_sql(tree)) if tables else statement


def _calls_itself(table: exp.CTE) -> bool:
    return bool(_places(table.this, table.alias))


def _places(query: exp.Expr, name: str) -> list[exp.Table]:
    """Return the places of a query that name a common table expression."""
    return [
        t for t in query.find_all(exp.Table) if len(t.parts) == 1 and t.name.lower() == name.lower()
    ]


def _recursion(table: exp.CTE) -> _Recursion:
    query = table.this
    if not isinstance(query, exp.Union) or not _places(query.expression, table.alias):
        raise _invalid()
    if query.args.get("distinct"):
        raise analysis_error(
            conditions.UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE,
            "The UNION operator is not yet supported within recursive common table expressions (WITH clauses "
            "that refer to themselves, directly or indirectly). Please use UNION ALL instead.",
        )
    first, step = query.this, query.expression
    if _places(first, table.alias) or not isinstance(first, exp.Query | exp.Values):
        raise _invalid()
    level = table.args.get(MAX_LEVEL)
    return _Recursion(table, first, step, int(level) if level else _LEVELS, _enough(table))


def _invalid() -> Exception:
    return analysis_error(
        conditions.INVALID_RECURSIVE_CTE,
        "Invalid recursive definition found. Recursive queries must contain an UNION or an UNION ALL statement "
        "with 2 children. The first child needs to be the anchor term without any recursive references.",
    )


def _enough(table: exp.CTE) -> int | None:
    """Return the rows that a query of ``SELECT ... FROM table LIMIT number`` needs."""
    select = table.parent.parent if table.parent else None
    if not isinstance(select, exp.Select) or any(select.args.get(key) for key in _WHOLE):
        return None
    from_, limit, offset = (select.args.get(key) for key in ("from_", "limit", "offset"))
    names = [e for e in select.expressions if isinstance(e, exp.Star | exp.Column)]
    if from_ is None or not limit or len(names) < len(select.expressions):
        return None
    is_whole = isinstance(from_.this, exp.Table) and from_.this.name.lower() == table.alias.lower()
    numbers = [clause.expression for clause in (limit, offset) if clause]
    if not is_whole or not all(isinstance(n, exp.Literal) and not n.is_string for n in numbers):
        return None
    return sum(int(number.name) for number in numbers)


def _rows_of(session: Session, recursion: _Recursion) -> exp.Query:
    """Return a query of all rows of a recursion."""
    frame = session.sql(to_sql(_with_tables(recursion, recursion.first.copy())))
    aliases = [column.name for column in recursion.table.args["alias"].columns]
    names, schema = aliases or frame.columns, frame.schema
    level = frame.collect()
    rows = list(level)
    for _ in range(recursion.levels):
        if not level or (recursion.enough is not None and len(rows) >= recursion.enough):
            break
        level = _next_level(session, recursion, names, schema, level)
        rows += level
        _check_size(rows)
    else:
        if level:
            raise _too_many_levels(recursion.levels)
    return _values(names, schema, rows)


def _next_level(
    session: Session, recursion: _Recursion, names: list[str], schema: StructType, level: list[Any]
) -> list[Any]:
    step = recursion.step.copy()
    holder = exp.Subquery(this=step)
    for place in _places(holder, recursion.table.alias):
        alias = place.alias or recursion.table.alias
        rows = exp.Subquery(
            this=_values(names, schema, level),
            alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
        )
        for key in ("joins", "laterals", "sample"):
            if value := place.args.get(key):
                rows.set(key, value)
        place.replace(rows)
    frame = session.sql(to_sql(_with_tables(recursion, holder.this)))
    kinds = [field.dataType for field in schema.fields]
    found = [field.dataType for field in frame.schema.fields]
    if len(kinds) != len(found):
        raise analysis_error(
            conditions.NUM_COLUMNS_MISMATCH,
            f"UNION can only be performed on inputs with the same number of columns, but the first input has "
            f"{len(kinds)} columns and the second input has {len(found)} columns.",
        )
    for kind, other in zip(kinds, found, strict=True):
        if not _fits(other, kind):
            raise _other_type(kind, other)
    return list(frame.collect())


def _with_tables(recursion: _Recursion, query: exp.Expr) -> exp.Expr:
    """Return a query with the common table expressions before the recursion."""
    tables = [table.copy() for table in common_tables(recursion.table.this)]
    if not tables:
        return query
    if isinstance(query, exp.Values):
        query = exp.Select(expressions=[exp.Star()]).from_(query)
    own = query.args.get("with_")
    query.set("with_", exp.With(expressions=[*tables, *(own.expressions if own else [])]))
    return query


def _fits(kind: DataType, wider: DataType) -> bool:
    """Return whether each value of a type is one of another type."""
    given, target = kind.simpleString(), wider.simpleString()
    if given in (target, "void"):
        return True
    return given in _WIDER and target in _WIDER and _WIDER.index(given) < _WIDER.index(target)


def _values(names: list[str], schema: StructType, rows: list[Any]) -> exp.Query:
    """Return a query of rows."""
    kinds = [field.dataType for field in schema.fields]
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    tuples = [
        exp.Tuple(expressions=[typed_literal(v, k) for v, k in zip(row, kinds, strict=True)])
        for row in rows or [[None] * len(kinds)]
    ]
    values = exp.Values(
        expressions=tuples,
        alias=exp.TableAlias(this=exp.to_identifier("level"), columns=columns),
    )
    query = exp.Select(expressions=[exp.Column(this=c.copy()) for c in columns]).from_(values)
    return query if rows else query.where(exp.false())


def _check_size(rows: list[Any]) -> None:
    if len(rows) > _MAX_ROWS:
        raise analysis_error(
            conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
            f"The local engine computes recursive common table expressions of up to {_MAX_ROWS} rows. More run "
            f"on Databricks.",
        )


def _too_many_levels(levels: int) -> SparkException:
    return SparkException(
        message=f"[RECURSION_LEVEL_LIMIT_EXCEEDED] Recursion level limit {levels} reached but query has not "
        f"exhausted, try increasing it like 'WITH RECURSIVE t(col) MAX RECURSION LEVEL 200'. SQLSTATE: 42836",
        errorClass="RECURSION_LEVEL_LIMIT_EXCEEDED",
        sql_state="42836",
    )


def _other_type(kind: DataType, other: DataType) -> SparkException:
    shown, found = (k.simpleString().upper() for k in (kind, other))
    return SparkException(
        message=f'[CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE] Failed to merge incompatible data types "{shown}" and '
        f'"{found}". Please check the data types of the columns being merged. SQLSTATE: 42825',
        errorClass="CANNOT_MERGE_INCOMPATIBLE_DATA_TYPE",
        sql_state="42825",
    )
