"""A query within another statement, as the engine reads it.

Tested in ``tests/local/sql/statements/test_describe_query.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.sql.dialect import parse, standard_form
from lakelab.local.sql.errors import syntax_error
from lakelab.local.sql.function_calls import rewrite_calls
from lakelab.local.sql.information_schema import inline_relations
from lakelab.local.sql.recursion import compute_recursions
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.variables import replace_variables
from lakelab.local.sql.views import expand_views

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def prepare_query(session: Session, text: str) -> str:
    """Return the text of a query for the engine.

    Parameters
    ----------
    session : Session
    text : str
        The query, with calls of functions of Unity Catalog and ``information_schema``.

    Raises
    ------
    pyspark.errors.ParseException
        If the text is no query.
    """
    statement = parse(text)
    if not isinstance(statement.tree, exp.Query | exp.Values):
        raise syntax_error(text, statement.error or "expected a query")
    statement = standard_form(statement)
    statement = replace_variables(session, expand_views(session, statement))
    statement = compute_recursions(session, statement)
    query = rewrite_calls(session, statement.text)
    query = inline_relations(session.unity, session.user, query, session.catalog.currentCatalog)
    return rewrite_for_engine(session, query)
