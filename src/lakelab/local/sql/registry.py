"""Statements of Unity Catalog and Delta that sqlglot reads as a whole or not at all, and Sail does not know.

Each is recognised by a pattern; its handler gets the match, and answers with the columns that Databricks
gives. Statements that sqlglot takes apart are in :mod:`lakelab.local.sql.run`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lakelab.local.sql.statements import alter_table as table_changes
from lakelab.local.sql.statements import cluster_by as clustering
from lakelab.local.sql.statements import comment as comment_statements
from lakelab.local.sql.statements import describe as describe_statements
from lakelab.local.sql.statements import function as function_statements
from lakelab.local.sql.statements import grant as grant_statements
from lakelab.local.sql.statements import maintenance as table_files
from lakelab.local.sql.statements import schema as schema_statements
from lakelab.local.sql.statements import show as show_statements
from lakelab.local.sql.statements import use as use_statements
from lakelab.local.sql.text import empty_result

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

Handler = Callable[["Session", re.Match[str]], "DataFrame | None"]

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


def run_matched(session: Session, text: str) -> DataFrame | None:
    """Do what a statement of these modules says; None for any other statement.

    Parameters
    ----------
    session : Session
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
            return empty_result(session) if answer is None else answer
    return None
