"""Values that the local engine computes wrongly, and that no rewrite mends: the whole list, three at most.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-nan-semantics and
https://docs.databricks.com/aws/en/sql/language-manual/functions/to_json
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownWrongValue:
    """A value that differs from Spark's without an error.

    Attributes
    ----------
    what : str
        What is wrong.
    example : str
        A query.
    here : str
        The value of the local engine.
    spark : str
        What Spark answers.
    advice : str
        What the user can do.
    """

    what: str
    example: str
    here: str
    spark: str
    advice: str


KNOWN_WRONG_VALUES: tuple[KnownWrongValue, ...] = (
    KnownWrongValue(
        what="NaN that arithmetic makes of infinities is another value for GROUP BY, DISTINCT and joins than "
        "other NaN.",
        example="SELECT count(DISTINCT x - x) FROM VALUES (DOUBLE('NaN')), (DOUBLE('Infinity')) AS v(x)",
        here="2",
        spark="1",
        advice="Write nanvl(x - x, DOUBLE('NaN')).",
    ),
    KnownWrongValue(
        what="to_json writes DOUBLE from 10000000 on and below 0.001 in other digits of the same number.",
        example="SELECT to_json(named_struct('a', 1e20D))",
        here='{"a":1e+20}',
        spark='{"a":1.0E20}',
        advice="Compare the numbers, not the texts.",
    ),
)
