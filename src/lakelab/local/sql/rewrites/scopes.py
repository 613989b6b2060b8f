"""The queries of a statement, each with the expressions of its own.

Tested in ``tests/local/sql/rewrites/test_coercion.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

_SCOPES = (exp.Select, exp.SetOperation)


def scopes(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the queries of a tree, the inner ones and the common tables first, the tree last.

    Parameters
    ----------
    tree : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> tree = parse("WITH a AS (SELECT 1) SELECT 2 FROM (SELECT 3)").tree
    >>> [scope.expressions[0].sql() for scope in scopes(tree)]
    ['1', '3', '2']
    """
    yield from _inner(tree)
    yield tree


def _inner(node: exp.Expr) -> Iterator[exp.Expr]:
    children = list(node.iter_expressions())
    children.sort(key=lambda child: child.arg_key != "with_")
    for child in children:
        yield from _inner(child)
        if isinstance(child, _SCOPES):
            yield child


def parts_of(scope: exp.Expr) -> list[exp.Expr]:
    """Return the nodes of a query that are in no inner query, the outermost first.

    Parameters
    ----------
    scope : sqlglot.exp.Expr

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> parts = parts_of(parse("SELECT x FROM (SELECT y FROM t)").tree)
    >>> [part.name for part in parts if isinstance(part, exp.Column)]
    ['x']
    """
    return list(_parts(scope))


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    yield node
    for child in node.iter_expressions():
        if not isinstance(child, _SCOPES):
            yield from _parts(child)
