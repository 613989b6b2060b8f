"""``DataFrame.colRegex``: the columns whose whole name matches a regular expression of Java.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.colRegex.html
"""

from __future__ import annotations

import re
from typing import Any

from lakelab.local.catalog.names import quoted
from lakelab.local.spark.relations.frames import frame_of


def expand_patterns(session: Any, relation: Any) -> None:
    """Replace the patterns of a projection by the columns that match.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed where it has a pattern.
    """
    project = relation.project
    if not any(_pattern(expression) for expression in project.expressions):
        return
    columns = frame_of(session, project.input).columns
    expanded = []
    for expression in project.expressions:
        pattern = _pattern(expression)
        names = [name for name in columns if pattern and matches(pattern, name)]
        expanded += [_attribute(expression, name) for name in names] if pattern else [expression]
    copies = type(relation)().project
    copies.expressions.extend(expanded)
    del project.expressions[:]
    project.expressions.extend(copies.expressions)


def matches(pattern: str, name: str) -> bool:
    """Return whether a column has a name of a pattern; case does not matter.

    Python 3.11 has the possessive quantifiers of Java.

    Examples
    --------
    >>> matches("(Col1)?+.+", "col2"), matches("(Col1)?+.+", "col1")
    (True, False)
    """
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def _pattern(expression: Any) -> str:
    """Return the pattern between backticks; other texts are names."""
    text: str = expression.unresolved_regex.col_name
    is_pattern = len(text) > 2 and text[0] == text[-1] == "`"
    return text[1:-1] if is_pattern else ""


def _attribute(expression: Any, name: str) -> Any:
    attribute = type(expression)()
    attribute.unresolved_attribute.unparsed_identifier = quoted(name)
    if expression.unresolved_regex.HasField("plan_id"):
        attribute.unresolved_attribute.plan_id = expression.unresolved_regex.plan_id
    return attribute
