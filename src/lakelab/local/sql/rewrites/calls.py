"""Calls of functions that the engine computes otherwise than Spark, or not at all.

A rule takes a call, and returns an expression that the engine computes as Spark computes the call, or raises
that the local engine has no such function. The same rules hold for the plans of DataFrames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.rewrites.expression_types import Types


@dataclass(frozen=True)
class Call:
    """A call of a function.

    Attributes
    ----------
    name : str
        The name in lower case.
    arguments : list of sqlglot.exp.Expr
        The arguments, which belong to the tree: take copies.
    types : Types
        The types of the arguments.
    node : sqlglot.exp.Expr
        The call.
    frame : sqlglot.exp.Expr
        The call with its ``FILTER`` and its ``OVER``, if it has any; else the call.
    """

    name: str
    arguments: list[exp.Expr]
    types: Types
    node: exp.Expr
    frame: exp.Expr

    def argument(self, position: int) -> exp.Expr | None:
        """Return a copy of an argument; None if the call has fewer."""
        return self.arguments[position].copy() if position < len(self.arguments) else None

    def aggregate(self, inner: exp.Expr) -> exp.Expr:
        """Return another aggregate over the same rows: with the ``FILTER`` and the ``OVER`` of the call."""
        if self.frame is self.node:
            return inner
        # by its position: parts of a plan are not comparable
        position = next(i for i, node in enumerate(self.frame.walk()) if node is self.node)
        frame = self.frame.copy()
        list(frame.walk())[position].replace(inner)
        return frame


Rule = Callable[[Call], "exp.Expr | None"]
"""It takes a call, and returns what takes its place; None if the engine is right about it."""


def function(name: str, *arguments: exp.Expr | str | int) -> exp.Expr:
    """Return a call of a function of the engine.

    Parameters
    ----------
    name : str
    *arguments : sqlglot.exp.Expr, str or int
        Expressions, strings and numbers.

    Examples
    --------
    >>> function("left", exp.column("x"), 2).sql()
    'LEFT(x, 2)'
    """
    nodes = [value if isinstance(value, exp.Expr) else exp.convert(value) for value in arguments]
    return exp.Anonymous(this=name, expressions=nodes)


def known_values(collected: exp.Expr) -> exp.Expr:
    """Return a collected array without its nulls, which the engine keeps if there is a window."""
    if not isinstance(collected, exp.Window):
        return collected
    element = exp.to_identifier("element")
    is_known = exp.Lambda(this=function("isnotnull", element.copy()), expressions=[element])
    return function("filter", collected, is_known)


def rewrite_calls(tree: exp.Expr, types: Types, rules: dict[str, Rule]) -> bool:
    """Replace the calls of a tree for which there is a rule.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed. It must not be a call itself.
    types : Types
        The types of its expressions.
    rules : dict of str to Rule
        The name of a function in lower case -> its rule.

    Returns
    -------
    bool
        Whether the tree was changed.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the engine would compute a wrong value.
    """
    changed = False
    # the innermost call first: an argument may be a call, too
    for node, name in reversed(list(_calls(tree))):
        rule = rules.get(name)
        if rule is None:
            continue
        call = Call(name, _arguments(node), types, node, _frame(node))
        replacement = rule(call)
        if replacement is not None:
            target = call.frame if _has_aggregate_frame(call, replacement) else node
            target.replace(_in_parentheses(replacement))
            changed = True
    return changed


def _calls(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    for node in tree.walk():
        if isinstance(node, exp.Anonymous) and not _is_method(node):
            yield node, str(node.name).lower()
        elif isinstance(node, exp.Extract):
            yield node, "extract"


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Extract):
        return [exp.Literal.string(node.name), node.expression]
    return list(node.expressions)


def _is_method(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.Dot) and node.arg_key == "expression"


def _frame(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, exp.Filter | exp.Window) and node.arg_key == "this":
        node = node.parent
    return node


def _has_aggregate_frame(call: Call, replacement: exp.Expr) -> bool:
    """Return whether the replacement brings the ``OVER`` of the call itself."""
    return call.frame is not call.node and any(
        isinstance(node, type(call.frame)) for node in replacement.walk()
    )


def _in_parentheses(node: exp.Expr) -> exp.Expr:
    return exp.paren(node, copy=False) if isinstance(node, exp.Binary | exp.Unary) else node


def refuse_function(name: str, reason: str = "") -> exp.Expr:
    """Raise that the local engine does not have a function, or not with these arguments.

    Parameters
    ----------
    name : str
        The function as the user calls it.
    reason : str
        What the engine lacks; a sentence.

    Raises
    ------
    pyspark.errors.AnalysisException
        Always.

    Examples
    --------
    >>> refuse_function("input_file_name")
    Traceback (most recent call last):
    ...
    pyspark.errors.exceptions.connect.AnalysisException: [UNSUPPORTED_FEATURE.LOCAL_ENGINE] The local engine does not compute the function `input_file_name`. It runs on Databricks and on Spark. SQLSTATE: 0A000
    """
    raise analysis_error(
        conditions.UNSUPPORTED_FEATURE_LOCAL_ENGINE,
        f"The local engine does not compute the function `{name}`. "
        f"{reason + ' ' if reason else ''}It runs on Databricks and on Spark.",
    )
