"""Days of the week: ``weekday`` of a Sunday is 6, ``extract(DOW FROM d)`` of a Sunday is 1.

The engine answers -1 and 0, and does not know all fields of ``extract``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/extract
"""

from __future__ import annotations

from sqlglot import exp

from lakelab.local.sql.rewrites.calls import Call, Rule, function


def weekday(call: Call) -> exp.Expr | None:
    """Return the days since Monday."""
    date = call.argument(0)
    return None if date is None else _since_monday(date)


def date_part(call: Call) -> exp.Expr | None:
    """Return the day of the week as Spark counts it; the engine is right about most other fields."""
    field, date = call.argument(0), call.argument(1)
    if date is None or not isinstance(field, exp.Literal):
        return None
    name = field.name.upper()
    if name in ("DOW", "DAYOFWEEK"):
        return function("dayofweek", date)
    if name in ("DOW_ISO", "DAYOFWEEK_ISO"):
        return exp.Add(this=exp.paren(_since_monday(date)), expression=exp.convert(1))
    if name in ("YEAROFWEEK",):  # the year of the week's Thursday
        thursday = exp.Sub(this=exp.convert(3), expression=exp.paren(_since_monday(date.copy())))
        return function("year", function("date_add", date, thursday))
    return None


def _since_monday(date: exp.Expr) -> exp.Expr:
    # dayofweek counts from Sunday, which is 1
    shifted = exp.Add(this=function("dayofweek", date), expression=exp.convert(5))
    return exp.Mod(this=exp.paren(shifted), expression=exp.convert(7))


RULES: dict[str, Rule] = {
    "weekday": weekday,
    "extract": date_part,
    "date_part": date_part,
    "datepart": date_part,
}
