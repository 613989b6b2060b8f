"""Which calls of a tree the rules see."""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.dialect import parse, to_sql
from lakelab.local.sql.rewrites.calls import Call, function, rewrite_calls
from lakelab.local.sql.rewrites.expression_types import Types


class NoTypes(Types):
    """A tree whose types are unknown."""

    def of(self, expressions):
        return [None for _ in expressions]


def twice(call: Call) -> exp.Expr | None:
    value = call.argument(0)
    return None if value is None else exp.Add(this=value, expression=value.copy())


def members(call: Call) -> exp.Expr:
    return function("size", call.aggregate(function("collect_list", *call.arguments)))


def rewritten(text: str) -> str | None:
    original = parse(text).tree
    assert original is not None
    tree = original.copy()
    changed = rewrite_calls(tree, NoTypes(), {"twice": twice, "members": members})
    return to_sql(tree) if changed else None


def test_nested_calls_are_both_replaced() -> None:
    assert rewritten("SELECT Twice(twice(x)) * 2") == "SELECT ((x + x) + (x + x)) * 2"


def test_window_and_filter_go_to_the_aggregate() -> None:
    assert (
        rewritten("SELECT members(x) FILTER(WHERE x > 1) OVER (PARTITION BY y)")
        == "SELECT size(collect_list(x) FILTER(WHERE x > 1) OVER (PARTITION BY y))"
    )


def test_methods_and_other_names_stay() -> None:
    assert rewritten("SELECT s.twice(x), 'twice(x)', `twice`.x, thrice(x)") is None
