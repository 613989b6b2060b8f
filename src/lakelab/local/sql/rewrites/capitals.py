"""``initcap``: in Spark, words end at blanks only; the engine ends them at any other sign, too.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/initcap
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function


def initcap(call: Call) -> exp.Expr | None:
    """Return the words of a text, each with a capital first."""
    text = call.argument(0)
    if text is None or len(call.arguments) != 1:
        return None
    word = exp.to_identifier("word")
    first = function("upper", function("left", word.copy(), 1))
    capital = function("concat", first, function("substring", word.copy(), 2))
    words = function("split", function("lower", text), " ")
    lambda_ = exp.Lambda(this=capital, expressions=[word])
    return function("array_join", function("transform", words, lambda_), " ")


RULES: dict[str, Rule] = {"initcap": initcap}
