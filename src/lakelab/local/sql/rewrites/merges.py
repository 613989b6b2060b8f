"""``WITH ... MERGE``, which the engine does not read, and columns of a MERGE that both tables have.

The engine takes a column without a table's name from the target, where Spark refuses it as ambiguous.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.relations import known_columns

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def prepare_merge(session: Session, tree: exp.Expr) -> bool:
    """Move the WITH of a MERGE to its source, and check that its columns belong to one table.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a column without a table's name is one of the target and of the source.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse, to_sql
    >>> text = "WITH s AS (SELECT 1 AS a) MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE"
    >>> tree = parse(text).tree.copy()
    >>> prepare_merge(None, tree)
    True
    >>> to_sql(tree)
    'MERGE INTO t USING (WITH s AS (SELECT 1 AS a) SELECT * FROM s) AS s ON t.a = s.a WHEN MATCHED THEN DELETE'
    """
    if not isinstance(tree, exp.Merge):
        return False
    moved = _move_common_tables(tree)
    names = {column.name.lower(): column for column in _unqualified(tree)}
    if names:
        both = _columns(session, tree.this) & _columns(session, tree.args["using"])
        for name, column in names.items():
            if name in both:
                raise analysis_error(
                    conditions.AMBIGUOUS_REFERENCE,
                    f"Reference `{column.name}` is ambiguous: the target and the source of MERGE have it. "
                    "Write the table's name before it.",
                )
    return moved


def _move_common_tables(merge: exp.Merge) -> bool:
    common, source = merge.args.get("with_"), merge.args["using"]
    if common is None:
        return False
    if isinstance(source, exp.Subquery) and not source.this.args.get("with_"):
        source.this.set("with_", common)
    elif isinstance(source, exp.Table):
        alias = source.args.get("alias") or exp.TableAlias(this=exp.to_identifier(source.name))
        source.set("alias", None)
        query = exp.Select(expressions=[exp.Star()]).from_(source.copy())
        query.set("with_", common)
        merge.set("using", exp.Subquery(this=query, alias=alias.copy()))
    else:
        return False
    merge.set("with_", None)
    return True


def _unqualified(merge: exp.Merge) -> Iterator[exp.Column]:
    """Yield the columns without a table's name that may be of the target and of the source."""
    parts = [merge.args["on"]]
    for when in merge.args["whens"].expressions:
        if when.args.get("matched") and not when.args.get("source"):
            parts += [when.args.get("condition"), *_values(when.args.get("then"))]
    for part in parts:
        if part is not None and part.find(exp.Subquery, exp.Select) is None:
            yield from (column for column in part.find_all(exp.Column) if not column.table)


def _values(action: exp.Expr | None) -> list[exp.Expr]:
    if not isinstance(action, exp.Update):
        return []
    return [one.expression for one in action.expressions if isinstance(one, exp.EQ)]


def _columns(session: Session, relation: exp.Expr) -> set[str]:
    query = exp.Select().from_(relation.copy())
    return known_columns(session, query) or set()
