"""Statements of Unity Catalog and Delta that sqlglot reads as a whole or not at all, and Sail does not know.

Each is recognised by a pattern; its handler gets the match, and answers with the columns that Databricks
gives. Statements that sqlglot takes apart are in :mod:`lakelab.local.unity_sql`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lakelab.local import (
    clustering,
    comment_statements,
    describe_statements,
    function_statements,
    grant_statements,
    schema_statements,
    show_statements,
    table_changes,
    table_files,
    use_statements,
)
from lakelab.local.sql_text import nothing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession

Handler = Callable[["LocalSparkSession", re.Match[str]], "DataFrame | None"]

_STATEMENTS: list[tuple[re.Pattern[str], Handler]] = [
    *function_statements.STATEMENTS,
    *grant_statements.STATEMENTS,
    *use_statements.STATEMENTS,
    *schema_statements.STATEMENTS,
    *comment_statements.STATEMENTS,
    *table_changes.STATEMENTS,
    *clustering.STATEMENTS,
    *table_files.STATEMENTS,
    *describe_statements.STATEMENTS,
    *show_statements.STATEMENTS,
]


def carry_out(session: LocalSparkSession, text: str) -> DataFrame | None:
    """Do what a statement of these modules says; None for any other statement.

    Parameters
    ----------
    session : LocalSparkSession
    text : str
        One statement, without comments before it.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog or Delta would refuse it.
    """
    for pattern, handler in _STATEMENTS:
        if told := pattern.match(text):
            answer = handler(session, told)
            return nothing(session) if answer is None else answer
    return None
