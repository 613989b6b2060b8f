"""The engine's words for what is wrong, as Spark's and Delta's own error conditions.

One table turns the words into conditions. Words that the table does not have reach the user as they are.

Follows https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import (
    AnalysisException,
    ArithmeticException,
    ArrayIndexOutOfBoundsException,
    DateTimeException,
    NumberFormatException,
    ParseException,
    SparkConnectGrpcException,
    SparkNoSuchElementException,
    SparkRuntimeException,
    UnsupportedOperationException,
)

from lakelab.local.spark.failed_request import FailedRequest

_TYPES = {
    "Boolean": "BOOLEAN",
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INT",
    "Int64": "BIGINT",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "Date32": "DATE",
    "Utf8": "STRING",
    "Binary": "BINARY",
}
"""Arrow's name of a type -> Spark's."""

LOCAL_ENGINE = "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
"""The condition of what Spark does and the local engine does not."""

_IDENTIFIER = re.compile(r'Identifier\("((?:[^"\\]|\\.)*)"\)')
_CONDITION = re.compile(
    r"(?:Table not found: |invalid argument: )?\[(?P<condition>[A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)?)\] "
)
_SQL_STATE = re.compile(r" SQLSTATE: (\w{5})\s*\Z")


@dataclass(frozen=True)
class Refusal:
    """An error condition, and its message.

    Attributes
    ----------
    condition : str
        What ``getCondition`` returns.
    sql_state : str
        What ``getSqlState`` returns.
    message : str
        What is wrong, and what the user can do.
    error : type of SparkConnectGrpcException
        The class of the exception that Spark raises.
    """

    condition: str
    sql_state: str
    message: str
    error: type[SparkConnectGrpcException] = AnalysisException

    def exception(self) -> PySparkException:
        """Return the exception."""
        return self.error(
            message=f"[{self.condition}] {self.message} SQLSTATE: {self.sql_state}",
            errorClass=self.condition,
            sql_state=self.sql_state,
        )


Rule = Callable[[re.Match[str], FailedRequest], Refusal]


def translate(error: PySparkException, request: FailedRequest) -> PySparkException | None:
    """Return an error of the engine under Spark's condition.

    Parameters
    ----------
    error : PySparkException
        What the engine raised.
    request : FailedRequest
        What the engine could not do.

    Returns
    -------
    PySparkException or None
        None if the error has a condition already, or no condition is known for it.

    Examples
    --------
    >>> error = translate(ArithmeticException(message="divide by zero"), FailedRequest())
    >>> error.getCondition(), error.getSqlState()
    ('DIVIDE_BY_ZERO', '22012')
    """
    if error.getCondition():
        return None
    words = str(error)
    for pattern, rule in _RULES:
        if match := pattern.search(words):
            return rule(match, request).exception()
    if match := _CONDITION.match(words):
        return _with_condition(error, words[match.start("condition") - 1 :], match["condition"])
    if request.calls("raise_error"):  # its words are the user's own
        return Refusal("USER_RAISED_EXCEPTION", "P0001", words, SparkRuntimeException).exception()
    return None


def _with_condition(error: PySparkException, words: str, condition: str) -> PySparkException:
    """Return the same error with the condition that its message begins with."""
    state = _SQL_STATE.search(words)
    sql_state = state[1] if state else _SQL_STATES.get(condition)
    kind = type(error) if isinstance(error, SparkConnectGrpcException) else AnalysisException
    return kind(message=words, errorClass=condition, sql_state=sql_state)


_SQL_STATES = {
    "TABLE_OR_VIEW_NOT_FOUND": "42P01",
    "CAST_INVALID_INPUT": "22018",
    "INVALID_ARRAY_INDEX": "22003",
    "DELTA_NOT_NULL_CONSTRAINT_VIOLATED": "23502",
}


# ---- names -----------------------------------------------------------------------------------------
def _quoted(identifiers: str) -> str:
    """Return the engine's list of identifiers as a name in backticks.

    Examples
    --------
    >>> _quoted('Identifier("t"), Identifier("x")')
    '`t`.`x`'
    """
    return ".".join(f"`{part}`" for part in _IDENTIFIER.findall(identifiers))


def _unresolved_column(match: re.Match[str], request: FailedRequest) -> Refusal:
    name = _quoted(match["name"]) if "Identifier(" in match["name"] else f"`{match['name']}`"
    if request.is_merge:
        return Refusal(
            "DELTA_MERGE_UNRESOLVED_EXPRESSION",
            "42601",
            f"Cannot resolve {name} in MERGE. The columns of target and source are: "
            f"{', '.join(f'`{column}`' for column in request.columns())}.",
        )
    problem = f"A column, variable, or function parameter with name {name} cannot be resolved."
    similar = request.similar_columns(name.rpartition(".")[2].strip("`"))
    if not similar:
        return Refusal("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", problem)
    suggestion = ", ".join(f"`{column}`" for column in similar)
    return Refusal(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        "42703",
        f"{problem} Did you mean one of the following? [{suggestion}].",
    )


def _aggregate_outside_of_a_query(match: re.Match[str], request: FailedRequest) -> Refusal:
    if request.is_merge:
        return Refusal(
            "UNSUPPORTED_EXPR_FOR_OPERATOR",
            "42K0E",
            "MERGE contains an aggregate function. Aggregate in the source of MERGE.",
        )
    return Refusal(
        "INVALID_WHERE_CONDITION",
        "42903",
        "The WHERE condition contains an aggregate function. Use HAVING, or a subquery.",
    )


def _unresolved_among_fields(match: re.Match[str], request: FailedRequest) -> Refusal:
    if request.is_join_using:
        return Refusal(
            "UNRESOLVED_USING_COLUMN_FOR_JOIN",
            "42703",
            f"USING column `{match['name']}` cannot be resolved on one side of the join.",
        )
    columns = ", ".join(f"`{column}`" for column in request.columns())
    return Refusal(
        "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
        "42703",
        f'Cannot resolve column name "{match["name"]}" among ({columns}).',
    )


def _ungrouped_column(match: re.Match[str], request: FailedRequest) -> Refusal:
    if request.has_correlated_subquery:
        return Refusal(
            "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.ACCESSING_OUTER_QUERY_COLUMN_IS_NOT_ALLOWED",
            "0A000",
            "The local engine does not support this subquery, which names a column of the query around "
            "it. Write it as a join.",
        )
    if request.has_group_by:
        return Refusal(
            "MISSING_AGGREGATION",
            "42803",
            "A result column is based on columns that are not in the GROUP BY clause. Add the columns "
            "to GROUP BY, or aggregate them, for example by any_value(column).",
        )
    return Refusal(
        "MISSING_GROUP_BY",
        "42803",
        "The query aggregates some columns and not others, without a GROUP BY clause. Add GROUP BY, or "
        "use window functions with OVER.",
    )


def _unknown_function(match: re.Match[str], request: FailedRequest) -> Refusal:
    import pyspark.sql.functions

    name = match["name"]
    hint = "Check its spelling."
    if hasattr(pyspark.sql.functions, name.lower()):
        hint = (
            "Spark has it and the local engine has not, or not here (a window function needs OVER)."
        )
    return Refusal("UNRESOLVED_ROUTINE", "42883", f"Cannot resolve routine `{name}`. {hint}")


# ---- values ----------------------------------------------------------------------------------------
def _type(arrow: str) -> str:
    """Return Spark's name of a type.

    Examples
    --------
    >>> _type("Int64"), _type("Decimal128(10, 2)"), _type("List(Utf8)")
    ('BIGINT', 'DECIMAL(10,2)', 'List(Utf8)')
    """
    if decimal := re.fullmatch(r"Decimal128\((\d+), (\d+)\)", arrow):
        return f"DECIMAL({decimal[1]},{decimal[2]})"
    return _TYPES.get(arrow, arrow)


def _invalid_cast(match: re.Match[str], request: FailedRequest) -> Refusal:
    kind = _type(match["type"])
    error: type[SparkConnectGrpcException] = NumberFormatException
    if kind in ("DATE", "TIMESTAMP"):
        error = DateTimeException
    elif kind == "BOOLEAN":
        error = SparkRuntimeException
    return Refusal(
        "CAST_INVALID_INPUT",
        "22018",
        f'The value \'{match["value"]}\' of the type "STRING" cannot be cast to "{kind}" because it is '
        f"malformed. Correct the value, or change the target type. Use try_cast to get NULL instead.",
        error,
    )


def _invalid_timestamp(match: re.Match[str], request: FailedRequest) -> Refusal:
    return Refusal(
        "CAST_INVALID_INPUT",
        "22018",
        f'The value \'{match["value"]}\' of the type "STRING" cannot be cast to "TIMESTAMP" because it '
        f"is malformed. Correct the value. Use try_cast to get NULL instead.",
        DateTimeException,
    )


def _overflow(match: re.Match[str], request: FailedRequest) -> Refusal:
    kind = _type(match["type"])
    if request.checks_overflow(kind):
        is_small = kind in ("TINYINT", "SMALLINT")
        return Refusal(
            "BINARY_ARITHMETIC_OVERFLOW" if is_small else "ARITHMETIC_OVERFLOW",
            "22003",
            f'{match["value"]} does not fit into the type "{kind}" of the result. Cast an operand to a wider '
            f"type, or use a function such as try_add or try_sum to get NULL instead.",
            ArithmeticException,
        )
    if request.is_insert:
        return Refusal(
            _overflow_condition(request),
            "22003",
            f'The value {match["value"]} does not fit into a column of the type "{kind}". Use try_cast '
            f"to write NULL instead.",
            ArithmeticException,
        )
    return Refusal(
        "CAST_OVERFLOW",
        "22003",
        f'The value {match["value"]} cannot be cast to "{kind}" due to an overflow. Use try_cast to get '
        f"NULL instead.",
        ArithmeticException,
    )


def _overflow_condition(request: FailedRequest) -> str:
    """Return the condition of a value that does not fit into a column."""
    updates = request.rewrites_rows
    return "DELTA_CAST_OVERFLOW_IN_TABLE_WRITE" if updates else "CAST_OVERFLOW_IN_TABLE_INSERT"


def _decimal_overflow(match: re.Match[str], request: FailedRequest) -> Refusal:
    """Return the refusal of a number that a DECIMAL is too small for."""
    condition = "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION"
    return Refusal(
        _overflow_condition(request) if request.is_insert else condition,
        "22003",
        f"The value {match['value']} cannot be represented as a decimal of precision {match['precision']}.",
        ArithmeticException,
    )


_NESTED = ("List", "Struct", "Map")
_NUMBERS = ("INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT")


def _cast_between_types(match: re.Match[str], request: FailedRequest) -> Refusal:
    source, target = match["source"].upper(), _type(match["type"])
    by_function = source in ("DATE", "TIMESTAMP") and target in _NUMBERS
    kind = "CAST_WITH_FUNC_SUGGESTION" if by_function else "CAST_WITHOUT_SUGGESTION"
    hint = " Use a function, for example unix_date." if by_function else ""
    return Refusal(
        f"DATATYPE_MISMATCH.{kind}", "42K09", f'Cannot cast "{source}" to "{target}".{hint}'
    )


def _compared_types(match: re.Match[str], request: FailedRequest) -> Refusal:
    left, right = _type(match["left"]), _type(match["right"])
    if match["left"].startswith(_NESTED) or match["right"].startswith(_NESTED):
        return Refusal(
            "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
            "42K09",
            f"The left and right operands of the comparison have incompatible types: {left} and {right}.",
        )
    return Refusal(
        LOCAL_ENGINE,
        "0A000",
        f"The local engine does not compare {left} and {right}. Cast one of them.",
    )


def _argument_type(match: re.Match[str], request: FailedRequest) -> Refusal:
    if match["type"] in ("Boolean", "Date", "Timestamp", "Binary"):
        return Refusal(
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
            "42K09",
            f'The argument of {match["name"]} has the type "{match["type"].upper()}". Cast it.',
        )
    return Refusal(
        LOCAL_ENGINE,
        "0A000",
        f"The local engine does not cast the argument of {match['name']}, which has the type "
        f'"{match["type"].upper()}", by itself. Cast it.',
    )


def _missing_view(match: re.Match[str], request: FailedRequest) -> Refusal:
    if request.columns():
        return Refusal(
            "WRONG_COMMAND_FOR_OBJECT_TYPE",
            "42809",
            f"`{match['name']}` is a table, and no view. Use DROP TABLE.",
        )
    return Refusal(
        "TABLE_OR_VIEW_NOT_FOUND", "42P01", f"The view `{match['name']}` cannot be found."
    )


def _position(match: re.Match[str], request: FailedRequest) -> Refusal:
    clause = "GROUP" if request.has_group_by else "ORDER"
    return Refusal(
        f"{clause}_BY_POS_OUT_OF_RANGE",
        "42805",
        f"{clause} BY position {match['position']} is not in select list (valid range is "
        f"{match['valid']}).",
    )


def _fixed(
    condition: str,
    sql_state: str,
    message: str,
    error: type[SparkConnectGrpcException] = AnalysisException,
) -> Rule:
    """Return a rule whose message names the groups of the match in braces."""

    def rule(match: re.Match[str], request: FailedRequest) -> Refusal:
        return Refusal(condition, sql_state, message.format(**match.groupdict()), error)

    return rule


_MISSING_METHODS = {
    "as of join": "merge_asof",
    "nearest-by join": "DataFrame.nearestByJoin",
    "transpose": "DataFrame.transpose",
    "with watermark": "DataFrame.withWatermark",
    "deduplicate within watermark": "DataFrame.dropDuplicatesWithinWatermark",
    "unresolved table valued function": "spark.tvf",
    "unsupported subquery type": "DataFrame.asTable",
    "table argument options in subquery expression": "DataFrame.asTable",
    "direct shuffle partition id expression": "DataFrame.repartitionById",
    "resolve metadata column": "DataFrame.metadataColumn",
    "plannode::cachetable": "spark.catalog.cacheTable",
    "plannode::uncachetable": "spark.catalog.uncacheTable",
    "plannode::iscached": "spark.catalog.isCached",
    "plannode::clearcache": "spark.catalog.clearCache",
    "plannode::refreshbypath": "spark.catalog.refreshByPath",
    "list views": "spark.catalog.listViews",
    "list partitions": "spark.catalog.listPartitions",
    "get table properties": "spark.catalog.getTableProperties",
    "get create table string": "spark.catalog.getCreateTableString",
    "truncate table": "spark.catalog.truncateTable",
    "analyze table": "spark.catalog.analyzeTable",
    "not supported: function exists": "spark.catalog.functionExists",
    "not supported: get function": "spark.catalog.getFunction",
}
"""The engine's words for what it lacks, in lower case -> the method that needs it."""


def _missing_method(match: re.Match[str], request: FailedRequest) -> Refusal:
    return Refusal(
        LOCAL_ENGINE,
        "0A000",
        f"The local engine does not support {_MISSING_METHODS[match['words'].lower()]}. It runs on "
        f"Databricks and on Spark.",
        UnsupportedOperationException,
    )


_TABLE: tuple[tuple[str, Rule], ...] = (
    # methods that the engine lacks
    (rf"\A(?P<words>{'|'.join(map(re.escape, _MISSING_METHODS))})\Z", _missing_method),
    (
        r"Physical plan does not support logical expression OuterReferenceColumn",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not support this correlated subquery: a LIMIT or ORDER BY inside it, "
            "or a function that generates rows. Write it as a join with a window function. It runs on "
            "Databricks and on Spark.",
            UnsupportedOperationException,
        ),
    ),
    (
        r"Invalid data type for Delta Lake: Null",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not write a column of the type VOID to a Delta table. Cast it, for "
            "example by CAST(NULL AS STRING). It is written on Databricks and on Spark.",
            UnsupportedOperationException,
        ),
    ),
    (
        r"Found unmasked nulls for non-nullable StructArray field",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not support cogroup(...).applyInPandas on rows with NULL. Fill or "
            "filter them first. It runs on Databricks and on Spark.",
            UnsupportedOperationException,
        ),
    ),
    # names
    (r"^attribute ObjectName\(\[(?P<name>.*)\]\) is missing from the schema", _unresolved_column),
    (r"Cannot resolve UPDATE target column `(?P<name>.*)`", _unresolved_column),
    (r"^\[UNRESOLVED_COLUMN\] Cannot find column (?P<name>.+)$", _unresolved_among_fields),
    (r"^No field named [^\n]*(?:\n[^\n]*)?\"#\d+\"", _ungrouped_column),
    (r"^Aggregate requires at least one grouping or aggregate expression", _ungrouped_column),
    (r"^unknown function: (?P<name>.+)$", _unknown_function),
    (
        r"^unknown table function: (?P<name>.+)$",
        _fixed(
            "UNRESOLVABLE_TABLE_VALUED_FUNCTION",
            "42883",
            "Could not resolve `{name}` to a table-valued function. Check its spelling.",
        ),
    ),
    (
        r"^ambiguous attribute: ObjectName\(\[(?P<name>.*)\]\)",
        lambda match, request: Refusal(
            "AMBIGUOUS_REFERENCE",
            "42704",
            f"Reference {_quoted(match['name'])} is ambiguous: more than one table of the query has it. "
            f"Write the table's name before it.",
        ),
    ),
    (
        r"^missing or ambiguous field: (?P<name>.+)$",
        _fixed("FIELD_NOT_FOUND", "42704", "No such struct field `{name}`."),
    ),
    (
        r"^cannot resolve wildcard: ObjectName\(\[(?P<name>.*)\]\)",
        lambda match, request: Refusal(
            "CANNOT_RESOLVE_STAR_EXPAND",
            "42704",
            f"Cannot resolve {_quoted(match['name'])}.* : the query has no table of that name.",
        ),
    ),
    (
        r"^Temporary View already exists: (?P<name>.+)$",
        _fixed(
            "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
            "42P07",
            "Cannot create the temporary view `{name}` because it already exists. Choose another name, "
            "or replace the view.",
        ),
    ),
    (
        r"^No data source found for: (?P<name>.+)$",
        _fixed(
            "DATA_SOURCE_NOT_FOUND",
            "42K02",
            "Failed to find the data source: {name}. The local engine reads delta, parquet, csv, json "
            "and text.",
        ),
    ),
    (
        r"right column not found: (?P<name>.+)$",
        _unresolved_among_fields,
    ),
    # queries
    (
        r"^UNION queries have different number of columns: left has (?P<left>\d+) columns whereas right "
        r"has (?P<right>\d+)",
        _fixed(
            "NUM_COLUMNS_MISMATCH",
            "42826",
            "UNION can only be performed on inputs with the same number of columns, but the first input "
            "has {left} columns and the second input has {right} columns.",
        ),
    ),
    (
        r"^INTERSECT/EXCEPT query must have the same number of columns. Left is (?P<left>\d+) and right is "
        r"(?P<right>\d+)",
        _fixed(
            "NUM_COLUMNS_MISMATCH",
            "42826",
            "INTERSECT and EXCEPT can only be performed on inputs with the same number of columns, but "
            "the first input has {left} columns and the second input has {right} columns.",
        ),
    ),
    (
        r"Incompatible inputs for Union: Previous inputs were of type (?P<left>.+), but got incompatible "
        r"type (?P<right>.+) on column",
        lambda match, request: Refusal(
            "INCOMPATIBLE_COLUMN_TYPE",
            "42825",
            f"UNION can only be performed on tables with compatible column types: one has "
            f"{_type(match['left'])}, another {_type(match['right'])}.",
        ),
    ),
    (
        r"^Aggregate function calls cannot be nested",
        _fixed(
            "NESTED_AGGREGATE_FUNCTION",
            "42607",
            "It is not allowed to use an aggregate function in the argument of another aggregate "
            "function. Use the inner aggregate function in a subquery.",
        ),
    ),
    (
        r"Physical plan does not support logical expression AggregateFunction",
        _aggregate_outside_of_a_query,
    ),
    (
        r"^Cannot create filter with non-boolean predicate '(?P<name>.*)' returning (?P<type>\w+)",
        lambda match, request: Refusal(
            "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
            "42K09",
            f'The filter condition has the type "{_type(match["type"])}", and must be a "BOOLEAN".',
        ),
    ),
    (
        r"LIMIT must be >= 0, '(?P<value>-\d+)' was provided",
        _fixed(
            "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
            "42K0E",
            "The limit must be equal to or greater than 0, but got {value}.",
        ),
    ),
    (
        r"^Scalar subquery returned more than one row",
        _fixed(
            "SCALAR_SUBQUERY_TOO_MANY_ROWS",
            "21000",
            "More than one row returned by a subquery used as an expression.",
            SparkRuntimeException,
        ),
    ),
    # values
    (
        r"Unsupported CAST from (?P<source>.+) to (?P<target>.+)$",
        lambda match, request: Refusal(
            "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
            "42K09",
            f"A value of the type {_type(match['source'])} cannot be cast to {_type(match['target'])}.",
        ),
    ),
    (
        r"^(?:Arrow error: )?divide by zero|^Division by zero$",
        _fixed(
            "DIVIDE_BY_ZERO",
            "22012",
            "Division by zero. Use try_divide to get NULL instead.",
            ArithmeticException,
        ),
    ),
    (
        r"^Remainder by zero",
        _fixed(
            "REMAINDER_BY_ZERO",
            "22012",
            "Remainder by zero. Use try_mod to get NULL instead.",
            ArithmeticException,
        ),
    ),
    (
        r"Cannot cast (?:string|value) '(?P<value>.*)' to value of (?P<type>.+) type",
        _invalid_cast,
    ),
    (
        r"^\[CAST_INVALID_INPUT\] The value '(?P<value>.*)' of the type \"STRING\" cannot be cast to "
        r"\"(?P<type>\w+)\"",
        _invalid_cast,
    ),
    (r"^invalid timestamp: (?P<value>.*)$", _invalid_timestamp),
    (r"Can't cast value (?P<value>\S+) to type (?P<type>.+)$", _overflow),
    (r"value of (?P<value>\S+) is out of range (?P<type>\w+)$", _overflow),
    (
        r"(?P<value>[-\d.]+) is too (?:large|small) to store in a Decimal128 of precision (?P<precision>\d+)",
        _decimal_overflow,
    ),
    (
        # numbers of more digits than a BIGINT has: the operands are DECIMAL
        r"[Oo]verflow happened on: (?P<what>.*\d{20}.*)$",
        _fixed(
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
            "22003",
            "{what} cannot be represented as a decimal of precision 38.",
            ArithmeticException,
        ),
    ),
    (
        r"Overflow while rounding (?P<type>\w+)$",
        _fixed(
            "ARITHMETIC_OVERFLOW",
            "22003",
            "The rounded number does not fit into the type {type}. Cast it to a wider type first.",
            ArithmeticException,
        ),
    ),
    (
        r"[Oo]verflow happened on: (?P<what>.+)$",
        _fixed(
            "ARITHMETIC_OVERFLOW",
            "22003",
            "Overflow in {what}. Use the try_ function of the operation to get NULL instead.",
            ArithmeticException,
        ),
    ),
    (
        r"^(?P<type>\w+) overflow on negative",
        lambda match, request: Refusal(
            "ARITHMETIC_OVERFLOW",
            "22003",
            f'Overflow in the negative of a value of the type "{_type(match["type"])}". Cast it to a '
            f"wider type first.",
            ArithmeticException,
        ),
    ),
    (
        r"^element_at: the index 0 is invalid",
        _fixed(
            "INVALID_INDEX_OF_ZERO",
            "22003",
            "The index 0 is invalid. The first element has the index 1, the last one -1.",
            SparkRuntimeException,
        ),
    ),
    (
        r"^Unable to parse date from (?P<value>.+)$|^\w+ value '(?P<field>-?\d+)' is out of range$",
        lambda match, request: Refusal(
            "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
            "22023",
            f"There is no such date: {match['value'] or match['field']}. Use try_make_timestamp or check "
            f"the numbers.",
            DateTimeException,
        ),
    ),
    (
        r"^Illegal input for day of week: (?P<value>.+)$",
        _fixed(
            "ILLEGAL_DAY_OF_WEEK",
            "22009",
            "Illegal input for day of week: {value}. Write for example Monday or MO.",
            SparkRuntimeException,
        ),
    ),
    (r"cannot cast (?P<source>\w+) to (?P<type>\w+)$", _cast_between_types),
    (
        r"^Cannot infer common argument type for comparison operation (?P<left>.+?) [=<>!]+ (?P<right>.+)$",
        _compared_types,
    ),
    (
        r"^Cannot coerce arithmetic expression (?P<left>\S+) \S+ (?P<right>\S+) to valid types",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not cast the operands of this operator by itself ({left}, {right}). "
            "Cast one of them: CAST(x AS DOUBLE).",
        ),
    ),
    (
        r"Function '(?P<name>\w+)' failed to match any signature.*? but received (?P<type>\w+)",
        _argument_type,
    ),
    (
        r"^Inconsistent data length across values list: got (?P<got>\d+) values in row (?P<row>\d+) but "
        r"expected (?P<expected>\d+)",
        _fixed(
            "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
            "42000",
            "Invalid inline table: expected {expected} columns but found {got} columns in row {row}.",
        ),
    ),
    (
        r"Scalar subquery should only return one column, but found (?P<count>\d+)",
        _fixed(
            "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
            "42823",
            "Scalar subquery must return only one column, but returned {count}.",
        ),
    ),
    (
        r"does not support logical expression WindowFunction",
        _fixed(
            "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
            "42601",
            "Window functions are not allowed in this clause. Use QUALIFY, or a subquery.",
        ),
    ),
    (
        r"Cannot resolve column position (?P<position>\d+)\. Valid positions are (?P<valid>.+)\.",
        _position,
    ),
    (r"^(?:Temporary )?View not found: (?P<name>.+)$", _missing_view),
    (
        r"^function: (?P<name>\w+)$|^(?P<typed>\w+) received incompatible types|"
        r"Spark `(?P<called>\w+)` function requires",
        lambda match, request: Refusal(
            LOCAL_ENGINE,
            "0A000",
            f"The local engine does not have the function "
            f"{match['name'] or match['typed'] or match['called']}, or not with these arguments. It runs "
            f"on Databricks and on Spark.",
        ),
    ),
    (
        r"^cast (?P<type>.+) to Spark data type$",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine makes a value of the type {type} from this query, which Spark does not have. "
            "Cast the operands to one type.",
        ),
    ),
    (
        r"configuration not found: (?P<name>\S+)$",
        _fixed(
            "SQL_CONF_NOT_FOUND",
            "42K0I",
            'The SQL config "{name}" cannot be found. Please verify that the config exists.',
            SparkNoSuchElementException,
        ),
    ),
    (
        r"UPDATE assigns column '(?P<name>.+)' more than once",
        _fixed(
            "DELTA_CONFLICT_SET_COLUMN",
            "42701",
            "There is a conflict from these SET columns: `{name}` stands more than once.",
        ),
    ),
    (
        r"^Schema contains duplicate unqualified field name (?P<name>.+)$",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine makes two columns of the same name from this query: {name}. Compute one of "
            "the columns in a subquery.",
        ),
    ),
    (
        r"^Unsupported date_trunc granularity: '(?P<unit>.+?)'",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not have the unit '{unit}' of date_trunc and trunc.",
        ),
    ),
    (
        r"DELTA_GENERATED_COLUMNS_VALUE_MISMATCH",
        _fixed(
            "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES",
            "23001",
            "A value of a generated column is not the one that its expression gives. Leave the column out.",
        ),
    ),
    (
        r"Providing values for GENERATED ALWAYS AS IDENTITY column `(?P<name>.*?)` is not supported",
        _fixed(
            "DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED",
            "42808",
            "Providing values for GENERATED ALWAYS AS IDENTITY column {name} is not supported. Leave the column "
            "out of the INSERT.",
        ),
    ),
    (
        r"^Cannot cast Date32 value",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine takes dates from 1677-09-22 to 2262-04-11 where it compares them with timestamps or "
            "truncates them.",
        ),
    ),
    (
        r"^Support for '(?P<name>\w+)' for data type (?P<type>\w+) is not implemented",
        _fixed(
            LOCAL_ENGINE, "0A000", "The local engine has no {name} of values of the type {type}."
        ),
    ),
    (
        r"^Unsupported data type: (?P<type>.+) for (?P<name>\w+) function",
        _fixed(
            LOCAL_ENGINE, "0A000", "The local engine has no {name} of values of the type {type}."
        ),
    ),
    (
        r"^element_at: the index is out of bounds",
        _fixed(
            "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
            "22003",
            "The index is out of bounds. Use try_element_at to get NULL instead.",
            ArrayIndexOutOfBoundsException,
        ),
    ),
    (
        r"^invalid parsed \w+: |^input contains invalid characters|^premature end of input|^trailing input",
        _fixed(
            "CANNOT_PARSE_TIMESTAMP",
            "22007",
            "The text cannot be parsed with the pattern. Use try_to_timestamp or try_to_date to get NULL "
            "instead.",
            DateTimeException,
        ),
    ),
    (
        r"^'(?P<what>.*)' is not true!$",
        _fixed("USER_RAISED_EXCEPTION", "P0001", "'{what}' is not true!", SparkRuntimeException),
    ),
    (
        r"^one value expected: |requires \d+(?: or \d+)* arguments?$",
        _fixed(
            "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
            "42605",
            "A function of the query has another number of parameters than the call has arguments.",
        ),
    ),
    (
        r"regular expression did not compile|Invalid regex pattern",
        _fixed(
            "INVALID_PARAMETER_VALUE.PATTERN",
            "22023",
            "A regular expression of the query is not valid.",
            SparkRuntimeException,
        ),
    ),
    (
        r"DateValue \{ year: (?P<year>-?\d+), month: (?P<month>\d+), day: (?P<day>\d+) \}",
        _fixed(
            "INVALID_TYPED_LITERAL",
            "42604",
            'The value of the typed literal "DATE" is invalid: year {year}, month {month}, day {day}.',
            ParseException,
        ),
    ),
    (
        r"^Percentile value (?P<value>\S+) is out of range",
        _fixed(
            "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
            "42K09",
            "The percentage must be between 0.0 and 1.0 (current value = {value}).",
        ),
    ),
    (
        r"^Physical plan does not support logical expression Wildcard",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine takes no star as an argument of this function. Name the columns.",
            UnsupportedOperationException,
        ),
    ),
    (
        r"^Spark `(?P<name>\w+)` function: path must be a constant string",
        _fixed(
            LOCAL_ENGINE, "0A000", "The local engine takes a path of {name} that is a literal only."
        ),
    ),
    (
        r"^array_reverse does not support type 'Binary'",
        _fixed(LOCAL_ENGINE, "0A000", "The local engine reverses no BINARY value."),
    ),
    (
        r"^Failed to parse schema '\{",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine takes a schema of XML as text only, such as 'a INT, b STRING'.",
        ),
    ),
    (
        r"^The function '(?P<name>\w+)' expected \d+ arguments but received \d+",
        _fixed(
            LOCAL_ENGINE, "0A000", "The local engine has no function {name} with these arguments."
        ),
    ),
    # Delta
    (
        r"^SQL time travel is not supported for (?P<what>temporary views|CTEs)",
        _fixed(
            "UNSUPPORTED_FEATURE.TIME_TRAVEL",
            "0A000",
            "Only a table has older versions, and the relation is one of the {what}.",
        ),
    ),
    (
        r"^invalid option: versionAsOf: (?P<value>.*)$",
        _fixed(
            "DELTA_TIME_TRAVEL_INVALID_BEGIN_VALUE",
            "42604",
            "versionAsOf needs to be a version number, and is {value}.",
        ),
    ),
    (
        r"Cannot resolve source column `(?P<name>.*)` for MERGE \* action",
        _unresolved_column,
    ),
    (
        r"column aliases are not allowed for source table in MERGE",
        _fixed(
            "COLUMN_ALIASES_NOT_ALLOWED",
            "42601",
            "The source of MERGE has no column aliases: write them in a subquery.",
            ParseException,
        ),
    ),
    (
        r"^Subqueries are not allowed in MERGE conditions",
        _fixed(
            "DELTA_UNSUPPORTED_SUBQUERY",
            "0AKDC",
            "Subqueries are not supported in MERGE. Join the source with what the subquery reads.",
        ),
    ),
    (
        r"Multiple assignments for MERGE target column",
        _fixed(
            "DELTA_CONFLICT_SET_COLUMN",
            "42701",
            "A MERGE sets one column twice. Set each column once.",
        ),
    ),
    (
        r"INSERT action has (?P<columns>\d+) columns but (?P<values>\d+) expressions",
        _fixed(
            "MERGE_INSERT_VALUE_COUNT_MISMATCH",
            "21S01",
            "INSERT of MERGE has {columns} columns and {values} values.",
        ),
    ),
    (
        r"MERGE assignments must reference columns only",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine sets whole columns in MERGE, not a field of a struct. Set the struct by "
            "named_struct(...).",
        ),
    ),
    (
        r"MERGE INTO tables with Delta identity columns is not yet supported",
        _fixed(
            LOCAL_ENGINE,
            "0A000",
            "The local engine does not run MERGE on a table with an identity column. Use INSERT and UPDATE.",
        ),
    ),
    (
        r"^MERGE_CARDINALITY_VIOLATION",
        _fixed(
            "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
            "21506",
            "Cannot perform MERGE as multiple source rows matched and attempted to modify the same target "
            "row in the Delta table in possibly conflicting ways. Remove duplicates from the source.",
        ),
    ),
    (
        r"Delta table is append-only",
        _fixed(
            "DELTA_CANNOT_MODIFY_APPEND_ONLY",
            "42809",
            "This table is configured to only allow appends. If you would like to permit updates or "
            "deletes, use ALTER TABLE <table> SET TBLPROPERTIES ('delta.appendOnly' = 'false').",
        ),
    ),
)
_RULES = tuple((re.compile(words, re.MULTILINE | re.IGNORECASE), rule) for words, rule in _TABLE)
