"""``display`` on a laptop: a Spark DataFrame shows its first rows, as in a Databricks notebook.

Follows https://docs.databricks.com/aws/en/visualizations/
"""

from __future__ import annotations

from typing import Any

ROWS = 20


def display(*things: Any, **options: Any) -> None:
    """Show a table for each Spark or pandas DataFrame, and anything else as Jupyter would.

    Parameters
    ----------
    *things
        What to show.
    **options
        Passed to IPython for what is not a DataFrame.
    """
    import pandas as pd
    from IPython.display import HTML
    from IPython.display import display as show
    from pyspark.sql.connect.dataframe import DataFrame

    for thing in things:
        if isinstance(thing, DataFrame):
            show(HTML(_table(thing.limit(ROWS + 1).toPandas())))
        elif isinstance(thing, pd.DataFrame):
            show(HTML(_table(thing)))
        else:
            show(thing, **options)


def _table(rows: Any) -> str:
    more, rows = len(rows) > ROWS, rows.head(ROWS)
    rows = rows.map(lambda value: "null" if value is None else value)  # as Databricks shows it
    html = rows.to_html(index=False, border=0, na_rep="null", max_cols=30)
    return html + (f"<p><em>the first {ROWS} rows</em></p>" if more else "")
