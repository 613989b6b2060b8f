"""``QUALIFY``: the query becomes a subquery whose window functions are columns, and WHERE keeps the rows.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select-qualify
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.sql.rewrites.relations import known_columns, relation_columns, result_name

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session

_AFTER_ROWS = ("order", "limit", "offset", "distinct", "with_", "sort", "cluster", "distribute")
"""Clauses that apply to the rows that QUALIFY keeps; WITH stays outside, too."""


def rewrite_qualify(session: Session, tree: exp.Expr) -> bool:
    """Replace the QUALIFY clauses of a statement."""
    changed = False
    for select in reversed(list(tree.find_all(exp.Select))):
        if select.args.get("qualify") is not None:
            _wrap(session, select)
            changed = True
    return changed


def _wrap(session: Session, select: exp.Select) -> None:
    sources = known_columns(session, select) or set()
    columns = _named_columns(session, select)
    aliases = {column.alias.lower(): column.this for column in columns}
    condition = select.args["qualify"].this
    select.set("qualify", None)
    hidden = _Hidden(sources, aliases)
    outer = exp.Select(expressions=[_reference(column) for column in columns])
    outer.set("where", exp.Where(this=hidden.reference(condition)))
    for clause in _AFTER_ROWS:
        if (value := select.args.get(clause)) is not None:
            select.set(clause, None)
            outer.set(clause, value)
    for ordered in outer.args["order"].expressions if outer.args.get("order") else ():
        if not isinstance(ordered.this, exp.Literal | exp.Var):
            ordered.set("this", hidden.reference(ordered.this))
    inner = select.copy()
    inner.set("expressions", [*columns, *hidden.columns])
    subquery = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("_qualified")))
    outer.set("from_", exp.From(this=subquery))
    # the same node stays in the tree: its parent may be a statement, a subquery or nothing
    for key in list(select.args):
        select.set(key, None)
    for key, value in list(outer.args.items()):
        select.set(key, value)


class _Hidden:
    """The columns of the subquery that only WHERE and ORDER BY use."""

    def __init__(self, sources: set[str], aliases: dict[str, exp.Expr]):
        self._sources, self._aliases = sources, aliases
        self.columns: list[exp.Expr] = []

    def reference(self, expression: exp.Expr) -> exp.Expr:
        """Add an expression to the subquery, and return the reference to it."""
        computed = self._without_aliases(expression.copy())
        name = exp.to_identifier(f"_hidden_{len(self.columns)}", quoted=True)
        self.columns.append(exp.alias_(computed, name, copy=False))
        return exp.Column(this=name.copy())

    def _without_aliases(self, expression: exp.Expr) -> exp.Expr:
        """Replace the aliases of result columns by what they stand for."""
        whole = exp.Paren(this=expression)  # a parent for an expression that is one column
        for column in list(whole.find_all(exp.Column)):
            name = column.name.lower()
            if not column.table and name in self._aliases and name not in self._sources:
                column.replace(exp.paren(self._aliases[name].copy(), copy=False))
        inner: exp.Expr = whole.this.copy()
        return inner


def _named_columns(session: Session, select: exp.Select) -> list[exp.Expr]:
    """Return the result columns, each with an alias, and a star as its columns."""
    named: list[exp.Expr] = []
    for column in select.expressions:
        if column.is_star:
            named += [_aliased(c, c.name) for c in relation_columns(session, select)]
        elif isinstance(column, exp.Alias):
            named.append(column.copy())
        elif isinstance(column, exp.Column | exp.Dot):
            named.append(_aliased(column, column.name))
        else:
            named.append(_aliased(column, result_name(session, select, column)))
    return named


def _aliased(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression.copy(), exp.to_identifier(name, quoted=True), copy=False)


def _reference(column: exp.Expr) -> exp.Expr:
    return exp.Column(this=exp.to_identifier(column.alias, quoted=True))
