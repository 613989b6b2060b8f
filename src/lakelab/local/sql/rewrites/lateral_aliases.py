"""An alias that a later result column of the same query uses: ``SELECT a + 1 AS b, b * 2 AS c``.

A column of the query's relations precedes an alias of the same name.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-name-resolution
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.aggregates import has_aggregate
from lakelab.local.sql.rewrites.relations import known_columns, result_name
from lakelab.local.sql.rewrites.result_names import GENERATED
from lakelab.local.sql.spark_names.expressions import relations_of, spark_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


_NONDETERMINISTIC = frozenset(
    [
        "rand",
        "random",
        "randn",
        "randstr",
        "uniform",
        "uuid",
        "shuffle",
        "monotonically_increasing_id",
    ]
)


def replace_lateral_aliases(session: Session, tree: exp.Expr) -> bool:
    """Replace the use of an alias by its expression.

    Raises
    ------
    pyspark.errors.AnalysisException
        If two columns have the alias, or an aggregate function has it as its argument.
    """
    changed = False
    for select in reversed(list(tree.find_all(exp.Select))):
        if _may_use_alias(select):
            changed |= _replace(session, select)
    return changed


def _may_use_alias(select: exp.Select) -> bool:
    """Return whether a column has the name of an earlier alias."""
    aliases: set[str] = set()
    for column in select.expressions:
        if any(_name(c) in aliases for c in _columns(column)):
            return True
        if isinstance(column, exp.Alias):
            aliases.add(column.alias.lower())
    return False


def _replace(session: Session, select: exp.Select) -> bool:
    if select.args.get("from_") is None:
        sources: set[str] | None = set()
    else:
        sources = known_columns(session, select)
    if sources is None:
        return False
    changed = False
    aliases: dict[str, exp.Expr] = {}
    names = [column.alias.lower() for column in select.expressions if column.alias]
    for column in list(select.expressions):
        written = column.copy()
        for use in list(_columns(column)):
            name = _name(use)
            if name in sources or name not in aliases:
                continue
            if names.count(name) > 1:
                raise analysis_error(
                    conditions.AMBIGUOUS_LATERAL_COLUMN_ALIAS,
                    f"Lateral column alias `{name}` is ambiguous: the query has it {names.count(name)} "
                    f"times.",
                )
            _check_aggregate(use, name, aliases[name])
            _check_repeatable(name, aliases[name])
            value = exp.paren(aliases[name].copy(), copy=False)
            if use is column:
                column.replace(exp.alias_(value, exp.to_identifier(use.name, quoted=True)))
            else:
                use.replace(value)
            changed = True
        is_named = isinstance(column, exp.Alias) and not column.meta.get(GENERATED)
        if is_named:
            aliases[column.alias.lower()] = column.this
        elif column.parent is select and column != written:
            name = _written_name(session, select, written.unalias(), aliases)
            column.replace(
                exp.alias_(column.unalias().copy(), exp.to_identifier(name, quoted=True))
            )
    return changed


def _written_name(
    session: Session, select: exp.Select, column: exp.Expr, aliases: Collection[str]
) -> str:
    """Return the name of a result column that uses aliases.

    If the tree does not tell Spark's name, it is as the engine names the column with other columns in their place.
    """
    if name := spark_name(column, relations_of(select), aliases=aliases):
        return name
    names = dict.fromkeys(name.name for name in column.find_all(exp.Column))
    columns = [
        exp.alias_(exp.null(), exp.to_identifier(name, quoted=True), copy=False) for name in names
    ]
    relation = exp.Subquery(
        this=exp.Select(expressions=columns), alias=exp.TableAlias(this=exp.to_identifier("_names"))
    )
    return result_name(session, exp.Select(from_=exp.From(this=relation)), column)


def _check_repeatable(name: str, expression: exp.Expr) -> None:
    """Refuse an expression that gives another value each time: its copies would differ."""
    for call in expression.find_all(exp.Anonymous):
        if str(call.name).lower() in _NONDETERMINISTIC:
            raise analysis_error(
                conditions.UNSUPPORTED_FEATURE_LATERAL_COLUMN_ALIAS_NONDETERMINISTIC,
                f"The local engine does not support the lateral column alias `{name}` of "
                f"{call.name}(), which gives another value each time. Use a subquery.",
            )


def _check_aggregate(use: exp.Expr, name: str, expression: exp.Expr) -> None:
    call = use.find_ancestor(exp.Anonymous)
    if call is not None and has_aggregate(call) and has_aggregate(expression):
        raise analysis_error(
            conditions.UNSUPPORTED_FEATURE_LATERAL_COLUMN_ALIAS_IN_AGGREGATE_FUNC,
            f"Referencing the lateral column alias `{name}` in an aggregate function is not supported.",
        )


def _columns(column: exp.Expr) -> list[exp.Column]:
    """Return the columns without a relation in a result column, outside of its subqueries."""
    nodes = column.walk(prune=lambda node: isinstance(node, exp.Query))
    return [node for node in nodes if isinstance(node, exp.Column) and not node.table]


def _name(column: exp.Column) -> str:
    return str(column.name).lower()
