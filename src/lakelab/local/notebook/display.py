"""``display`` on a laptop: it shows the first rows of a Spark DataFrame, as in a Databricks notebook.

Follows https://docs.databricks.com/aws/en/visualizations/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS = 20


def display(*objects: Any, **options: Any) -> None:
    """Show a table for each Spark or pandas DataFrame, and other objects as Jupyter shows them.

    Parameters
    ----------
    *objects
        The objects to show.
    **options
        Passed to IPython for objects that are not a DataFrame.
    """
    import pandas as pd
    from IPython.display import HTML
    from IPython.display import display as show
    from pyspark.sql.connect.dataframe import DataFrame

    for item in objects:
        if isinstance(item, DataFrame):
            show(HTML(_table(item.limit(ROWS + 1).toPandas())))
        elif isinstance(item, pd.DataFrame):
            show(HTML(_table(item)))
        else:
            show(item, **options)


def _table(rows: pd.DataFrame) -> str:
    has_more, rows = len(rows) > ROWS, rows.head(ROWS)
    rows = rows.map(lambda value: "null" if value is None else value)  # as Databricks shows it
    html = rows.to_html(index=False, border=0, na_rep="null", max_cols=30)
    return html + (f"<p><em>the first {ROWS} rows</em></p>" if has_more else "")
