"""Run the SQL statements of a session: those of Unity Catalog here, all others on the engine.

The modules of :mod:`lakelab.local.sql.statements` run the statements of Unity Catalog and Delta that Sail
does not know (see :mod:`lakelab.local.sql.registry`). They change keys, tags, comments and history with
:class:`lakelab.local.catalog.table.UnityTable`. The engine gets any other statement. If the engine does
not understand a statement, the error names the statement.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.errors import (
    IllegalArgumentException,
    PySparkException,
    UnsupportedOperationException,
)
from sqlglot import exp

from lakelab.local.sql.dialect import Statement, parse, standard_form
from lakelab.local.sql.errors import spark_errors, syntax_error
from lakelab.local.sql.function_calls import rewrite_calls
from lakelab.local.sql.information_schema import inline_relations
from lakelab.local.sql.parameters import bind_parameters
from lakelab.local.sql.recursion import compute_recursions
from lakelab.local.sql.registry import run_node
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.rewrites.steps import rewrite_for_engine
from lakelab.local.sql.statements.insert import complete_insert
from lakelab.local.sql.variables import replace_variables
from lakelab.local.sql.views import expand_views

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def run_statement(session: Session, query: str, args: Any, kwargs: dict[str, Any]) -> DataFrame:
    """Run one statement.

    Parameters
    ----------
    session : Session
    query : str
        The statement.
    args : dict or list, optional
        The parameters of the statement, as for ``SparkSession.sql``.
    kwargs : dict
        The DataFrames and values that the statement names in braces, as for ``SparkSession.sql``.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the statement names something that does not exist, or that Unity Catalog would refuse.
    pyspark.errors.ParseException
        If the engine does not understand it; the message says that it runs on Databricks only.
    """
    statement = parse(query)
    text = statement.text
    if statement.condition:
        raise syntax_error(text, statement.error, statement.condition)
    try:
        with spark_errors():
            statement, args = bind_parameters(standard_form(statement), args)
            statement = replace_variables(session, expand_views(session, statement))
            statement = compute_recursions(session, statement)
            if not kwargs and (result := run_node(session, statement.tree)) is not None:
                return result
            return _run_on_engine(session, statement, args, kwargs)
    except (IllegalArgumentException, UnsupportedOperationException) as error:
        raise _explained(text, error) from error


def _run_on_engine(
    session: Session, statement: Statement, args: Any, kwargs: dict[str, Any]
) -> DataFrame:
    query = rewrite_calls(session, statement.text)
    query = inline_relations(session.unity, session.user, query, session.catalog.currentCatalog)
    query = rewrite_for_engine(session, complete_insert(session, query))
    result = session.engine_sql(query, args, **kwargs)
    # the engine returns a row with ``true`` for a definition, which Databricks does not return
    return empty_result(session) if _is_definition(statement) else result


def _is_definition(statement: Statement) -> bool:
    """Return whether a statement is ALTER, CREATE or DROP; sqlglot keeps some of these as commands."""
    tree = statement.tree
    if isinstance(tree, exp.Command):
        return str(tree.this).upper() in ("ALTER", "CREATE", "DROP")
    return isinstance(tree, exp.Alter | exp.Create | exp.Drop)


def _explained(text: str, error: PySparkException) -> PySparkException:
    """Return the error to raise: the engine's own if an argument is wrong, not the statement."""
    if isinstance(error, IllegalArgumentException) and "expected" not in str(error):
        return error
    return syntax_error(text, error)
