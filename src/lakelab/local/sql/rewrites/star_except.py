"""``SELECT * EXCEPT (columns)``: the star becomes the list of the other columns.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-star
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.relations import columns_of, relation_columns

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def expand_star_except(session: Session, tree: exp.Expr) -> bool:
    """Replace each star with an EXCEPT clause by the columns that are left.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the clause has a column that the star does not stand for, or a column twice, or all columns.
    """
    changed = False
    for select in reversed(list(tree.find_all(exp.Select))):
        if any(excluded(column) for column in select.expressions):
            columns = [new for column in select.expressions for new in _expanded(session, column)]
            select.set("expressions", columns)
            changed = True
    return changed


def excluded(column: exp.Expr) -> list[exp.Expr]:
    """Return the columns of a star's EXCEPT clause; empty for any other result column."""
    star = column.this if isinstance(column, exp.Column) else column
    return list(star.args.get("except_") or []) if isinstance(star, exp.Star) else []


def _expanded(session: Session, column: exp.Expr) -> list[exp.Expr]:
    names = [_name(item) for item in excluded(column)]
    if not names:
        return [column]
    select = column.find_ancestor(exp.Select)
    if select is None:
        raise AssertionError("a star is part of a query")
    columns = _columns(session, select, column)
    _check_names(names, [item.name.lower() for item in columns])
    left = [item for item in columns if item.name.lower() not in names]
    if not left:
        raise analysis_error(
            conditions.EMPTY_SELECT_LIST, "EXCEPT leaves no column of the star. Leave one out."
        )
    return list(left)


def _columns(session: Session, select: exp.Select, column: exp.Expr) -> list[exp.Column]:
    if not (isinstance(column, exp.Column) and column.table):
        return relation_columns(session, select)
    table = column.args["table"]
    names = columns_of(session, select, exp.Column(this=exp.Star(), table=table.copy()))
    return [
        exp.Column(this=exp.to_identifier(name, quoted=True), table=table.copy()) for name in names
    ]


def _name(item: exp.Expr) -> str:
    if isinstance(item, exp.Column | exp.Identifier) and not item.find(exp.Dot):
        return str(item.name).lower()
    raise analysis_error(
        conditions.UNSUPPORTED_FEATURE_STAR_EXCEPT_FIELD,
        f"The local engine supports EXCEPT of columns, and not of a field: {to_sql(item)}.",
    )


def _check_names(names: list[str], existing: list[str]) -> None:
    for name in names:
        if name not in existing:
            raise analysis_error(
                conditions.UNRESOLVED_COLUMN_WITH_SUGGESTION,
                f"A column with name `{name}` cannot be resolved in EXCEPT. Did you mean one of the "
                f"following? [{', '.join(f'`{column}`' for column in existing)}].",
            )
        if names.count(name) > 1:
            raise analysis_error(
                conditions.EXCEPT_OVERLAPPING_COLUMNS,
                f"Columns in an EXCEPT list must be distinct, but `{name}` stands twice in it.",
            )
