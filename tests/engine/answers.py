"""Answers: columns, types and rows, or the condition of an error, as plain data that can be compared.

``answers/<family>.json`` keeps what real Spark answers. One row is one line, so that a change is readable.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException

FOLDER = Path(__file__).parent / "answers"
Answer = dict[str, Any]
DIGITS = 12
"""Significant digits of a float that count: engines add in another order."""


def plain(value: Any) -> Any:
    """Return a value of a row as JSON has it.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from pyspark.sql import Row
    >>> plain(float("nan")), plain(Decimal("1.50")), plain(bytearray(b"a")), plain(0.1 + 0.2)
    ('NaN', '1.50', '0x61', 0.3)
    >>> plain(dt.date(2024, 1, 2)), plain({"b": 1, "a": None}), plain(Row(x=1, y=[True]))
    ('2024-01-02', [['a', None], ['b', 1]], [1, [True]])
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    if isinstance(value, dict):
        pairs = [[plain(key), plain(item)] for key, item in value.items()]
        return sorted(pairs, key=json.dumps)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return f"0x{value.hex()}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return _plain_object(value)


def _plain_float(value: float) -> float | str:
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return float(f"{value:.{DIGITS}g}")


def _plain_object(value: Any) -> Any:
    if hasattr(value, "item") and hasattr(value, "dtype"):  # a scalar of numpy
        return plain(value.item())
    return str(value)


def answer_of(result: Any, *, ordered: bool) -> Answer:
    """Return the answer that a result is: a DataFrame, or a value of Python.

    Parameters
    ----------
    result : DataFrame, pandas.DataFrame or object
        What the last statement or expression of a case returned.
    ordered : bool
        Whether the order of rows counts. If not, rows are sorted.
    """
    if hasattr(result, "collect") and hasattr(result, "schema"):
        rows = [plain(row) for row in result.collect()]
        columns = [f"{one.name}: {one.dataType.simpleString()}" for one in result.schema]
        return {"columns": columns, "rows": rows if ordered else sorted(rows, key=json.dumps)}
    if hasattr(result, "to_pandas") and not hasattr(
        result, "dtype"
    ):  # a DataFrame of pandas-on-Spark
        result = result.to_pandas()
    if hasattr(result, "itertuples"):
        columns = [f"{name}: {dtype}" for name, dtype in result.dtypes.items()]
        rows = [plain(row) for row in result.itertuples(index=False, name=None)]
        return {"columns": columns, "rows": rows if ordered else sorted(rows, key=json.dumps)}
    return {"value": plain(result)}


def answer_of_error(error: Exception, statement: int | None = None) -> Answer:
    """Return the answer that an error is: its condition, and which statement of the case raised it.

    Examples
    --------
    >>> answer_of_error(ZeroDivisionError("x"))
    {'condition': None, 'error': 'ZeroDivisionError'}
    """
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    answer: Answer = {"condition": condition}
    if condition is None:
        answer["error"] = type(error).__name__
    if statement is not None:
        answer["statement"] = statement
    return answer


def difference(real: Answer, here: Answer) -> str:
    """Return in what an answer differs from the real one; empty if it is the same.

    An error of Spark that has no condition, or one of its ``_LEGACY_ERROR_TEMP`` ones, is the same as any
    other error at that statement.

    Examples
    --------
    >>> difference({"value": 1}, {"value": 1}), difference({"value": 1}, {"value": 2})
    ('', 'other value')
    >>> difference({"condition": "DIVIDE_BY_ZERO"}, {"value": 1})
    'no error'
    >>> difference({"value": 1}, {"condition": "PARSE_SYNTAX_ERROR"})
    'error PARSE_SYNTAX_ERROR'
    >>> difference({"value": 1}, {"condition": None, "error": "SparkException"})
    'error without a condition'
    >>> difference({"condition": "_LEGACY_ERROR_TEMP_2330"}, {"condition": "PARSE_SYNTAX_ERROR"})
    ''
    >>> one = {"columns": ["a: int"], "rows": [[1]]}
    >>> difference(one, one | {"rows": [[2]]}), difference(one, one | {"columns": ["a: bigint"]})
    ('other value', 'other type')
    """
    if "condition" in here:
        return _difference_of_error(real, here)
    if "condition" in real:
        return "no error"
    if here.keys() != real.keys() or here.get("value") != real.get("value"):
        return "other value"
    return _difference_of_rows(real, here) if "rows" in real else ""


def _difference_of_error(real: Answer, here: Answer) -> str:
    condition = here["condition"]
    words = f"error {condition}" if condition else "error without a condition"
    if "condition" not in real:
        return words
    if real.get("statement") != here.get("statement"):
        return f"{words} at another statement"
    unnamed = not real["condition"] or real["condition"].startswith("_LEGACY_ERROR_TEMP")
    return "" if unnamed or real["condition"] == condition else words


def _difference_of_rows(real: Answer, here: Answer) -> str:
    if here["rows"] != real["rows"]:
        return "other value"
    for part, words in (1, "other type"), (0, "other column name"):
        columns = [
            [one.rpartition(": ")[::2][part] for one in side["columns"]] for side in (real, here)
        ]
        if columns[0] != columns[1]:
            return words
    return ""


def load_answers(family: str) -> dict[str, Answer]:
    """Return the kept answers of a family by ``about``; each has the digest of its case as ``of``."""
    path = FOLDER / f"{family}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def save_answers(family: str, answers: dict[str, Answer]) -> None:
    """Write the answers of a family in their order, one row in a line."""
    entries = [f" {_json(about)}: {{{_entry(answer)}}}" for about, answer in answers.items()]
    FOLDER.mkdir(exist_ok=True)
    text = "{\n" + ",\n".join(entries) + "\n}\n"
    (FOLDER / f"{family}.json").write_text(text, "utf-8")


def _entry(answer: Answer) -> str:
    parts = []
    for key, value in answer.items():
        if key == "rows" and value:
            rows = ",\n   ".join(_json(row) for row in value)
            parts.append(f"\n  {_json(key)}: [\n   {rows}]")
        else:
            parts.append(f"\n  {_json(key)}: {_json(value)}")
    return ",".join(parts)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
