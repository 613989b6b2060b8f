"""Spark's exceptions for what Unity Catalog and Delta refuse, with their error conditions.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError
from pyspark.errors.exceptions.connect import AnalysisException, ParseException, SparkException

from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.sql.text import statement_start

# words of delta-rs about a commit that comes too late -> Delta's own condition and message
_CONFLICTS = {
    "deleted the same data": (
        "DELTA_CONCURRENT_DELETE_DELETE",
        "ConcurrentDeleteDeleteException: This transaction attempted to delete one or more files that "
        "were deleted by a concurrent update.",
    ),
    "deleted data this operation read": (
        "DELTA_CONCURRENT_DELETE_READ",
        "ConcurrentDeleteReadException: This transaction attempted to read one or more files that were "
        "deleted by a concurrent update.",
    ),
    "added new data": (
        "DELTA_CONCURRENT_APPEND",
        "ConcurrentAppendException: Files were added by a concurrent update.",
    ),
    "Metadata changed": (
        "DELTA_METADATA_CHANGED",
        "MetadataChangedException: The metadata of the Delta table has been changed by a concurrent "
        "update.",
    ),
    "Protocol changed": (
        "DELTA_PROTOCOL_CHANGED",
        "ProtocolChangedException: The protocol version of the Delta table has been changed by a "
        "concurrent update.",
    ),
}
_CONCURRENT_WRITE = (
    "DELTA_CONCURRENT_WRITE",
    "ConcurrentWriteException: A concurrent transaction has written new data since the current "
    "transaction read the table.",
)

_SYNTAX_STATES = {
    "PARSE_SYNTAX_ERROR": "42601",
    "PARSE_EMPTY_STATEMENT": "42617",
    "INVALID_IDENTIFIER": "42602",
    "CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE": "42601",
}


def analysis_error(condition: str, message: str, sql_state: str | None = None) -> AnalysisException:
    """Return the exception of an error condition.

    Parameters
    ----------
    condition : str
        The name of the condition, which ``getCondition`` returns.
    message : str
        What is wrong, and what the user can do.
    sql_state : str, optional
        The SQLSTATE, which ``getSqlState`` returns.

    Examples
    --------
    >>> error = analysis_error("SCHEMA_NOT_FOUND", "The schema `x` cannot be found.", "42704")
    >>> str(error)
    '[SCHEMA_NOT_FOUND] The schema `x` cannot be found. SQLSTATE: 42704'
    >>> error.getCondition()
    'SCHEMA_NOT_FOUND'
    """
    end = f" SQLSTATE: {sql_state}" if sql_state else ""
    return AnalysisException(
        message=f"[{condition}] {message}{end}", errorClass=condition, sql_state=sql_state
    )


def as_spark_error(error: UnityCatalogError) -> AnalysisException:
    """Return the exception that Spark raises for an error of Unity Catalog.

    Examples
    --------
    >>> as_spark_error(UnityCatalogError("No.", condition="NO", sql_state="42000")).getSqlState()
    '42000'
    >>> str(as_spark_error(UnityCatalogError("No.")))
    'No.'
    """
    if error.condition is None:
        return AnalysisException(message=str(error))
    return analysis_error(error.condition, str(error), error.sql_state)


def conflict_error(error: CommitFailedError) -> SparkException:
    """Return the exception that Delta raises for a commit that comes too late.

    Follows https://docs.databricks.com/aws/en/optimizations/isolation-level

    Examples
    --------
    >>> conflict_error(CommitFailedError("Metadata changed since last commit.")).getCondition()
    'DELTA_METADATA_CHANGED'
    """
    found = (conflict for words, conflict in _CONFLICTS.items() if words in str(error))
    condition, message = next(found, _CONCURRENT_WRITE)
    return SparkException(
        message=f"[{condition}] {message} Please try the operation again. SQLSTATE: 2D521",
        errorClass=condition,
        sql_state="2D521",
    )


def permission_error(error: InsufficientPermissionsError) -> AnalysisException:
    """Return the exception that Spark raises for a missing privilege."""
    return AnalysisException(
        message=str(error), errorClass="INSUFFICIENT_PERMISSIONS", sql_state="42501"
    )


def syntax_error(
    text: str, reason: object, condition: str = "PARSE_SYNTAX_ERROR"
) -> ParseException:
    """Return the exception for a statement that the local engine does not understand.

    Parameters
    ----------
    text : str
        The statement.
    reason : object
        Why the engine does not understand it.
    condition : str
        The error condition under which Databricks documents the error.

    Examples
    --------
    >>> print(syntax_error("MSCK REPAIR TABLE t", "expected SELECT"))
    [PARSE_SYNTAX_ERROR] The local engine does not understand this statement: MSCK REPAIR TABLE t (expected SELECT). Check its spelling; if it is valid Databricks SQL, it runs on Databricks only. SQLSTATE: 42601
    """
    sql_state = _SYNTAX_STATES[condition]
    return ParseException(
        message=f"[{condition}] The local engine does not understand this statement: "
        f"{statement_start(text)} ({reason}). Check its spelling; if it is valid Databricks SQL, it "
        f"runs on Databricks only. SQLSTATE: {sql_state}",
        errorClass=condition,
        sql_state=sql_state,
    )


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise refusals of Unity Catalog and late commits as the exceptions that Spark raises.

    Examples
    --------
    >>> with spark_errors():
    ...     raise UnityCatalogError("No.", condition="NO")
    Traceback (most recent call last):
    ...
    pyspark.errors.exceptions.connect.AnalysisException: [NO] No.
    """
    try:
        yield
    except InsufficientPermissionsError as error:
        raise permission_error(error) from error
    except UnityCatalogError as error:
        raise as_spark_error(error) from error
    except CommitFailedError as error:
        raise conflict_error(error) from error
