"""The SQL statements of Unity Catalog that Sail does not know, carried out on the Delta folders.

A statement is known by a pattern (:mod:`lakelab.local.sql.registry`) or parsed with sqlglot's Databricks
dialect. What it says about keys, tags, comments and history is done by
:class:`lakelab.local.catalog.table.UnityTable`; anything else goes to the engine as it is, and what the
engine refuses ends in an error that names the statement.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deltalake.exceptions import CommitFailedError
from pyspark.errors import (
    IllegalArgumentException,
    ParseException,
    PySparkException,
    UnsupportedOperationException,
)

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.sql import function_calls as sql_calls
from lakelab.local.sql import information_schema
from lakelab.local.sql import registry as unity_statements
from lakelab.local.sql.errors import as_spark_error, conflict_error, permission_error
from lakelab.local.sql.statements import insert as insert_statements
from lakelab.local.sql.statements.alter_table import alter_table
from lakelab.local.sql.statements.create_table import create_table, drop_table
from lakelab.local.sql.text import empty_result

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

# sqlglot warns of each statement that it reads as a whole; the engine then says what is wrong with it
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_COMMENTS = re.compile(r"\A(\s+|--[^\n]*(\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_DEFINES = re.compile(r"(?:CREATE|DROP|ALTER)\b", re.IGNORECASE)
"""What only does something: the engine answers with a true that Databricks does not have."""


def run_statement(session: Session, query: str, args: Any, kwargs: dict[str, Any]) -> DataFrame:
    """Run one statement.

    Raises
    ------
    pyspark.errors.AnalysisException
        If the statement names something that is not there, or that Unity Catalog would refuse.
    pyspark.errors.ParseException
        If the engine does not understand it; the message says that it runs on Databricks only.
    """
    text = _COMMENTS.sub("", query)
    try:
        if not kwargs and (answer := unity_statements.run_matched(session, text)) is not None:
            return answer
        query = text = sql_calls.rewrite_calls(session, text)
        if not kwargs and (answer := _run_parsed(session, text)) is not None:
            return answer
        if information_schema.SCHEMA in query.lower():
            query = information_schema.inline_relations(
                session.unity, session.user, query, session.catalog.currentCatalog
            )
        answer = session.engine_sql(
            insert_statements.add_omitted_columns(session, query), args, **kwargs
        )
        return empty_result(session) if _DEFINES.match(text) else answer
    except InsufficientPermissionsError as error:
        raise permission_error(error) from error
    except UnityCatalogError as error:
        raise as_spark_error(error) from error
    except CommitFailedError as error:
        raise conflict_error(error) from error
    except (IllegalArgumentException, UnsupportedOperationException) as error:
        raise _not_understood(text, error) from error


def _not_understood(text: str, error: PySparkException) -> PySparkException:
    if isinstance(error, IllegalArgumentException) and "expected" not in str(error):
        return error  # an argument is wrong, not the statement
    first = " ".join(text.split())[:80]
    return ParseException(
        message=f"The local engine does not understand this statement: {first} ({error}). "
        f"Check its spelling; if it is valid Databricks SQL, it runs on Databricks only."
    )


def _run_parsed(session: Session, text: str) -> DataFrame | None:
    """Do what the statement says, or return None where the engine can do it itself."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if not re.match(r"(?:ALTER|CREATE|DROP)\b", text, re.IGNORECASE):
        return None
    try:
        statement = sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError:
        return None  # the engine's own error says where
    handlers: dict[type, Callable[[Session, Any, str], DataFrame | None]] = {
        exp.Alter: alter_table,
        exp.Create: create_table,
        exp.Drop: drop_table,
    }
    handler = handlers.get(type(statement))
    return handler(session, statement, text) if handler else None
