"""What ``df.show()`` prints, as Spark writes it.

The engine ends its last line, and has no least width for the two columns of a vertical table.

Follows https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.show.html
"""

from __future__ import annotations

import unicodedata
from typing import Any

import pyarrow as pa

_LEAST_WIDTH = 3
_BORDERS = len("  |  ")
_LAST_LINES = ("only showing top ", "(0 rows)")


def shown_rows(plan: Any, table: pa.Table) -> pa.Table:
    """Return the result of a plan, with the text of Spark if the plan shows rows.

    Parameters
    ----------
    plan : pyspark.sql.connect.proto.Plan
    table : pyarrow.Table
        The engine's result.
    """
    if not plan.root.HasField("show_string") or table.num_rows != 1:
        return table
    text = shown_text(str(table[0][0].as_py()), vertical=plan.root.show_string.vertical)
    return pa.table({table.column_names[0]: [text]})


def shown_text(text: str, *, vertical: bool) -> str:
    r"""Return rows that are shown as Spark writes them.

    Parameters
    ----------
    text : str
        The engine's text.
    vertical : bool
        Whether each value has a line.

    Examples
    --------
    >>> shown_text("+-+\n|x|\n+-+\n+-+\nonly showing top 0 rows\n", vertical=False)
    '+-+\n|x|\n+-+\n+-+\nonly showing top 0 rows'
    >>> shown_text("-RECORD 0\n x | 1 \n", vertical=True)
    '-RECORD 0--\n x   | 1   \n'
    """
    lines = text.split("\n")
    if lines[-1] == "" and len(lines) > 1 and lines[-2].startswith(_LAST_LINES):
        lines.pop()
    if vertical:
        lines = _widened(lines)
    return "\n".join(lines)


def _widened(lines: list[str]) -> list[str]:
    values = [line for line in lines if _is_value(line)]
    if not values:
        return lines
    name_width = values[0].index(" | ") - 1
    value_width = max(map(_width, values)) - name_width - _BORDERS
    before = " " * max(0, _LEAST_WIDTH - name_width)
    after = " " * max(0, _LEAST_WIDTH - value_width)
    total = max(name_width, _LEAST_WIDTH) + max(value_width, _LEAST_WIDTH) + _BORDERS
    cut = name_width + 1
    return [
        f"{line[:cut]}{before}{line[cut:]}{after}"
        if _is_value(line)
        else line.ljust(total, "-")
        if line.startswith("-RECORD ")
        else line
        for line in lines
    ]


def _is_value(line: str) -> bool:
    return line.startswith(" ") and " | " in line


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
