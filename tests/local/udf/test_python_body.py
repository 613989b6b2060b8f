"""Bodies of Python functions."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.udf.python_body import compile_body
from tests.local.sql.function_helpers import create_python_function, scalar


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("return 1.5", 1.5),
        ("\n    y = x * 2\n    return y\n", 8.0),
        ("return", None),
        ("pass", None),
        ('text = """\n  a\n"""\nreturn len(text)', 5.0),
        ("def f(n):\n  return 1 if n == 0 else n * f(n - 1)\nreturn f(x)", 24.0),
        ("# a comment\nreturn True", 1.0),
        ("return '2.5'", 2.5),
    ],
)
def test_bodies(spark: LocalSparkSession, schema: str, body: str, value: float | None) -> None:
    create_python_function(spark, "f", body)
    assert scalar(spark, "f(4)") == value


def test_body_has_no_access_to_other_modules() -> None:
    with pytest.raises(NameError, match="pytest"):
        compile_body("f", [], "return pytest")()
