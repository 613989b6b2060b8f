"""Printed results of examples, compared as what they show: tables by their rows, numbers by their value."""

from __future__ import annotations

import ast
import doctest
import re

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DIGITS = 9
"""Significant digits of a number that count: engines add in another order."""
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.])")


def is_printed(text: str, expected: str, *, ordered: bool) -> bool:
    r"""Return whether a text shows the same as the expected one.

    Parameters
    ----------
    text : str
        What was printed.
    expected : str
        What is expected, in which ``...`` stands for anything, as in a docstring.
    ordered : bool
        Whether the order of rows counts.

    Examples
    --------
    >>> one = "+-+\n|a|\n+-+\n|1|\n|2|\n+-+\n"
    >>> other = "+---+\n|  a|\n+---+\n|  2|\n|  1|\n+---+\n"
    >>> is_printed(one, other, ordered=False), is_printed(one, other, ordered=True)
    (True, False)
    >>> is_printed("0.30000000000000004", "0.3", ordered=True), is_printed("0.31", "0.3", ordered=True)
    (True, False)
    >>> is_printed("[Row(a=2), Row(a=1)]", "[Row(a=1), Row(a=2)]", ordered=False)
    True
    """
    if _matches(text, expected):
        return True
    here, there = [_cells(side) if ordered else _sorted_rows(side) for side in (text, expected)]
    # a number that ends with `...` is none
    return _matches(here, there) or _matches(_numbers(here), _numbers(there))


def _matches(text: str, expected: str) -> bool:
    return doctest.OutputChecker().check_output(expected, text, FLAGS)


def _numbers(text: str) -> str:
    return NUMBER.sub(lambda match: f"{float(match[0]):.{DIGITS}g}", text)


def _cells(text: str) -> str:
    """Return a text whose tables have no borders, as wide as they may be."""
    lines = [line for line in text.splitlines() if not _is_border(line)]
    return "\n".join(
        "|".join(cell.strip() for cell in line.split("|")) if line.startswith("|") else line
        for line in lines
    )


def _is_border(line: str) -> bool:
    return set(line.strip()) == {"+", "-"}


def _sorted_rows(text: str) -> str:
    """Return a text with the rows of its tables and lists in a fixed order."""
    if rows := _rows_of_list(text):
        return "\n".join(sorted(rows))
    lines: list[str] = []
    header, rows = "", []
    for line in _cells(text).splitlines():
        if not line.startswith("|"):
            lines += [header, *sorted(rows), line]
            header, rows = "", []
        elif header:
            rows.append(line)
        else:
            header = line
    return "\n".join([*lines, header, *sorted(rows)])


def _rows_of_list(text: str) -> list[str]:
    """Return the rows of a list that was printed; none if the text is something else."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return []
    if not isinstance(tree, ast.List):
        return []
    are_rows = all(
        isinstance(item, ast.Call) and ast.unparse(item.func) == "Row" for item in tree.elts
    )
    return [ast.unparse(item) for item in tree.elts] if are_rows else []
