"""Subqueries in DELETE and UPDATE: their values take their place before the statement runs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-delete-from
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.errors import analysis_error

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_MAX_VALUES = 10_000


def compute_subqueries(session: Session, tree: exp.Expr) -> bool:
    """Replace ``IN (SELECT ...)`` and ``EXISTS (SELECT ...)`` in DELETE and UPDATE by their values.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a subquery names a column of the table that changes, or has more than 10,000 values.
    """
    if not isinstance(tree, exp.Delete | exp.Update):
        return False
    found = [
        node
        for node in tree.find_all(exp.In, exp.Exists)
        if isinstance(node, exp.Exists) or node.args.get("query") is not None
    ]
    for node in reversed(found):
        if isinstance(node, exp.Exists):
            node.replace(exp.convert(bool(_rows(session, node.this.limit(1)))))
        elif isinstance(node, exp.In):
            values = [row[0] for row in _rows(session, node.args["query"].unnest())]
            node.replace(_membership(node, values))
    return bool(found)


def _rows(session: Session, query: Any) -> list[Any]:
    """Return the rows of a query, each with its first column as a literal."""
    from pyspark.errors import AnalysisException

    text = to_sql(query)
    try:
        frame = session.engine_sql(text)
        kind = frame.schema.fields[0].dataType.simpleString()
        rows = frame.limit(_MAX_VALUES + 1).collect()
    except AnalysisException as error:
        if not (error.getCondition() or "").startswith("UNRESOLVED_COLUMN"):
            raise
        raise analysis_error(
            conditions.DELTA_UNSUPPORTED_SUBQUERY,
            f"The local engine supports a subquery in DELETE and UPDATE that names no column of the "
            f"table which changes: {text}. Use MERGE INTO. ({error})",
        ) from error
    if len(rows) > _MAX_VALUES:
        raise analysis_error(
            conditions.DELTA_UNSUPPORTED_SUBQUERY,
            f"The subquery has more than {_MAX_VALUES} rows: {text}. Use MERGE INTO.",
        )
    return [(_literal(row[0], kind),) for row in rows]


def _literal(value: Any, kind: str) -> exp.Expr:
    text = exp.null() if value is None else exp.Literal.string(str(value))
    return exp.cast(text, kind, dialect="databricks")


def _membership(node: exp.In, values: list[exp.Expr]) -> exp.Expr:
    if not values:
        return exp.false()
    return exp.In(this=node.this.copy(), expressions=values)
