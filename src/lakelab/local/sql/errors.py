"""Spark's exceptions for what Unity Catalog and Delta refuse, with their error conditions.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError
from pyspark.errors.exceptions.connect import AnalysisException, ParseException, SparkException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.conditions import Condition
from lakelab.local.catalog.errors import InsufficientPermissionsError, UnityCatalogError
from lakelab.local.sql.text import statement_start

# words of delta-rs about a commit that comes too late -> Delta's own condition and message
_CONFLICTS = {
    "deleted the same data": (
        conditions.DELTA_CONCURRENT_DELETE_DELETE,
        "ConcurrentDeleteDeleteException: This transaction attempted to delete one or more files that "
        "were deleted by a concurrent update.",
    ),
    "deleted data this operation read": (
        conditions.DELTA_CONCURRENT_DELETE_READ,
        "ConcurrentDeleteReadException: This transaction attempted to read one or more files that were "
        "deleted by a concurrent update.",
    ),
    "added new data": (
        conditions.DELTA_CONCURRENT_APPEND,
        "ConcurrentAppendException: Files were added by a concurrent update.",
    ),
    "Metadata changed": (
        conditions.DELTA_METADATA_CHANGED,
        "MetadataChangedException: The metadata of the Delta table has been changed by a concurrent "
        "update.",
    ),
    "Protocol changed": (
        conditions.DELTA_PROTOCOL_CHANGED,
        "ProtocolChangedException: The protocol version of the Delta table has been changed by a "
        "concurrent update.",
    ),
}
_CONCURRENT_WRITE = (
    conditions.DELTA_CONCURRENT_WRITE,
    "ConcurrentWriteException: A concurrent transaction has written new data since the current "
    "transaction read the table.",
)


def analysis_error(condition: str, message: str, sql_state: str | None = None) -> AnalysisException:
    """Return the exception of an error condition.

    Parameters
    ----------
    condition : str
        The condition, which ``getCondition`` returns: one of :mod:`lakelab.local.catalog.conditions`.
    message : str
        What is wrong, and what the user can do.
    sql_state : str, optional
        The SQLSTATE of a condition that is not there.

    Examples
    --------
    >>> error = analysis_error(conditions.SCHEMA_NOT_FOUND, "The schema `x` cannot be found.")
    >>> str(error)
    '[SCHEMA_NOT_FOUND] The schema `x` cannot be found. SQLSTATE: 42704'
    >>> error.getCondition()
    'SCHEMA_NOT_FOUND'
    """
    sql_state = getattr(condition, "sql_state", sql_state)
    end = f" SQLSTATE: {sql_state}" if sql_state else ""
    return AnalysisException(
        message=f"[{condition}] {message}{end}", errorClass=condition, sql_state=sql_state
    )


def as_spark_error(error: UnityCatalogError) -> AnalysisException:
    """Return the exception that Spark raises for an error of Unity Catalog.

    Examples
    --------
    >>> as_spark_error(UnityCatalogError("No.", condition=conditions.SCHEMA_NOT_EMPTY)).getSqlState()
    '2BP01'
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
        message=f"[{condition}] {message} Please try the operation again. SQLSTATE: {condition.sql_state}",
        errorClass=condition,
        sql_state=condition.sql_state,
    )


def permission_error(error: InsufficientPermissionsError) -> AnalysisException:
    """Return the exception that Spark raises for a missing privilege."""
    condition = conditions.INSUFFICIENT_PERMISSIONS
    return AnalysisException(
        message=str(error), errorClass=condition, sql_state=condition.sql_state
    )


def syntax_error(
    text: str, reason: object, condition: Condition = conditions.PARSE_SYNTAX_ERROR
) -> ParseException:
    """Return the exception for a statement that the local engine does not understand.

    Parameters
    ----------
    text : str
        The statement.
    reason : object
        Why the engine does not understand it.
    condition : Condition
        The error condition under which Databricks documents the error.

    Examples
    --------
    >>> print(syntax_error("MSCK REPAIR TABLE t", "expected SELECT"))
    [PARSE_SYNTAX_ERROR] The local engine does not understand this statement: MSCK REPAIR TABLE t (expected SELECT). Check its spelling; if it is valid Databricks SQL, it runs on Databricks only. SQLSTATE: 42601
    """
    return ParseException(
        message=f"[{condition}] The local engine does not understand this statement: "
        f"{statement_start(text)} ({reason}). Check its spelling; if it is valid Databricks SQL, it "
        f"runs on Databricks only. SQLSTATE: {condition.sql_state}",
        errorClass=condition,
        sql_state=condition.sql_state,
    )


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise refusals of Unity Catalog and late commits as the exceptions that Spark raises.

    Examples
    --------
    >>> with spark_errors():
    ...     raise UnityCatalogError("No.", condition=conditions.SCHEMA_NOT_EMPTY)
    Traceback (most recent call last):
    ...
    pyspark.errors.exceptions.connect.AnalysisException: [SCHEMA_NOT_EMPTY] No. SQLSTATE: 2BP01
    """
    try:
        yield
    except InsufficientPermissionsError as error:
        raise permission_error(error) from error
    except UnityCatalogError as error:
        raise as_spark_error(error) from error
    except CommitFailedError as error:
        raise conflict_error(error) from error
