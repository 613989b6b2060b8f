"""What ``df.show()`` prints."""

from __future__ import annotations

import pytest

from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.spark.shown_rows import shown_text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((1, 20, False), "+---+---+\n|  x|  y|\n+---+---+\n|  1|  a|\n+---+---+\nonly showing top 1 row"),
        ((2, 20, False), "+---+---+\n|  x|  y|\n+---+---+\n|  1|  a|\n|  2|  b|\n+---+---+\n"),
        ((1, 20, True), "-RECORD 0--\n x   | 1   \n y   | a   \nonly showing top 1 row"),
        ((2, 20, True), "-RECORD 0--\n x   | 1   \n y   | a   \n-RECORD 1--\n x   | 2   \n y   | b   \n"),
    ],
)  # fmt: skip
def test_show(
    spark: LocalSparkSession,
    capsys: pytest.CaptureFixture[str],
    options: tuple[int, int, bool],
    text: str,
) -> None:
    frame = spark.sql("SELECT * FROM VALUES (1, 'a'), (2, 'b') AS v(x, y)")
    frame.show(options[0], options[1], options[2])
    assert capsys.readouterr().out == f"{text}\n"


def test_no_rows(spark: LocalSparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    spark.sql("SELECT 1 AS x").limit(0).show(vertical=True)
    assert capsys.readouterr().out == "(0 rows)\n"


def test_wide_values_stay() -> None:
    text = "-RECORD 0-------\n name | ああ \n"
    assert shown_text(text, vertical=True) == text
