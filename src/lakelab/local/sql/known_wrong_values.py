"""Values that the local engine computes wrongly, and that no rewrite mends: the whole list, three at most.

Follows https://docs.databricks.com/aws/en/error-messages/arithmetic-overflow-error-class
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


KNOWN_WRONG_VALUES: tuple[KnownWrongValue, ...] = ()
