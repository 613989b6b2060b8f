"""`display` on a laptop."""

from __future__ import annotations

import pandas as pd

from lakelab.local.notebook import display as display_module


def test_display_shows_the_first_rows_of_a_spark_dataframe(spark, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing.data))
    display_module.display(spark.range(50), pd.DataFrame({"<b>": [None]}))
    assert shown[0].count("<tr>") == 20  # beside the row of the header, which has a style
    assert "the first 20 rows" in shown[0]
    assert "&lt;b&gt;" in shown[1]
    assert "null" in shown[1]
