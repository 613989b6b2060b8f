"""``CREATE FUNCTION``: its parts are read with sqlglot, and its types and expressions with the engine.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyspark.errors import ParseException

from lakelab.local.catalog.errors import AlreadyExistsError
from lakelab.local.catalog.functions import PYTHON, SQL, Functions, Parameter, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.function_rights import create_function
from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from pyspark.sql.types import DataType
    from sqlglot import exp

    from lakelab.local.sql.session import Session

_BODY = re.compile(r"\bAS\s*(\$\w*\$)(?P<body>.*)\1\s*;?\s*\Z", re.IGNORECASE | re.DOTALL)
_ON_DATABRICKS_ONLY = {
    "EnviromentProperty": "ENVIRONMENT",  # sqlglot's own spelling
    "ParameterStyleProperty": "PARAMETER STYLE",
    "HandlerProperty": "HANDLER",
}


def run_create_function(session: Session, text: str) -> None:
    """Do what ``CREATE FUNCTION`` says.

    Parameters
    ----------
    session : Session
    text : str
        The statement.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog would refuse it; the message says what to do.
    pyspark.errors.AnalysisException
        If there is such a function, a parameter is wrong, or a SQL expression cannot be computed.
    pyspark.errors.ParseException
        If the statement is not spelled so, or works on Databricks only.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    # taken out before: sqlglot strips the body, whose indentation counts
    found = _BODY.search(text)
    head = text[: found.start()] + "AS $$body$$" if found else text
    try:
        statement = sqlglot.parse_one(head, dialect="databricks")
    except SqlglotError as error:
        raise _not_understood(text, _why(error)) from error
    if not isinstance(statement, exp.Create) or not isinstance(
        statement.this, exp.UserDefinedFunction
    ):
        raise _not_understood(
            text, "it is no CREATE FUNCTION name(parameter TYPE, ...) RETURNS TYPE ..."
        )
    if statement.find(exp.TemporaryProperty):
        raise _not_understood(text, "temporary functions are made on Databricks only")
    exists, replace = bool(statement.args.get("exists")), bool(statement.args.get("replace"))
    if exists and replace:
        raise ParseException(
            message="CREATE OR REPLACE FUNCTION and IF NOT EXISTS exclude each other: leave one out."
        )
    name = session.resolve(".".join(f"`{part.name}`" for part in statement.this.this.parts))
    if exists and Functions(session.unity).exists(name):
        return
    function = _read(session, statement, name, text, found["body"] if found else None)
    try:
        create_function(session, function, replace=replace)
    except AlreadyExistsError as error:
        if exists and Functions(session.unity).exists(name):
            return  # another process was first
        raise analysis_error("ROUTINE_ALREADY_EXISTS", str(error), "42723") from error


def _read(
    session: Session, statement: exp.Create, name: TableName, text: str, body: str | None
) -> UnityFunction:
    """Read the parts of CREATE FUNCTION, and check them."""
    from sqlglot import exp

    properties = statement.args.get("properties")
    told = {type(p).__name__: p for p in (properties.expressions if properties else ())}
    for kind, clause in _ON_DATABRICKS_ONLY.items():
        if kind in told:
            raise _not_understood(text, f"{clause} works on Databricks only")
    returns = told.get("ReturnsProperty")
    if returns is not None and returns.args.get("is_table"):
        raise _not_understood(text, "functions that return a table work on Databricks only")
    language = told["LanguageProperty"].this.name.upper() if "LanguageProperty" in told else SQL
    if language not in (PYTHON, SQL):
        raise _not_understood(text, f"LANGUAGE {language} works on Databricks only")
    comment = told.get("SchemaCommentProperty")
    parameters = _parameters(session, statement.this)
    made: dict[str, Any] = {
        "name": name,
        "language": language,
        "parameters": parameters,
        "comment": None if comment is None else _text(comment.this),
        "deterministic": "NOT" not in _sql(told.get("StabilityProperty")),
        "creator": session.user,
    }
    if language == PYTHON:
        if body is None:
            raise _not_understood(text, "the body of LANGUAGE PYTHON is AS $$ ... $$")
        if returns is None:
            raise _not_understood(text, "LANGUAGE PYTHON needs RETURNS and a type")
        function = UnityFunction(
            **made, body=body, returns=_type(session, returns.this).jsonValue()
        )
        PythonFunction(function)  # what it cannot compile is refused now
        return function
    if not isinstance(statement.expression, exp.Return):
        raise _not_understood(text, "the body of a SQL function is RETURN and an expression")
    expression = statement.expression.this
    if expression.find(exp.Query):
        raise _not_understood(text, "a SQL function whose body is a query works on Databricks only")
    wanted = None if returns is None else _type(session, returns.this)
    result = _result_type(session, expression, parameters, name)
    return UnityFunction(
        **made, body=expression.sql("databricks"), returns=(wanted or result).jsonValue()
    )


def _parameters(session: Session, declared: exp.UserDefinedFunction) -> tuple[Parameter, ...]:
    from sqlglot import exp

    found: list[Parameter] = []
    for item in declared.expressions:
        if not isinstance(item, exp.ColumnDef) or item.args.get("kind") is None:
            raise ParseException(
                message=f"A parameter of a function has a name and a type, not '{item.sql('databricks')}'."
            )
        comment = item.find(exp.CommentColumnConstraint)
        default = item.find(exp.DefaultColumnConstraint)
        if default is None and found and found[-1].default is not None:
            raise analysis_error(
                "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION",
                f"The parameter `{item.name}` stands behind `{found[-1].name}`, which has a default, "
                f"and has none: give it one, or move it before the others.",
                "42601",
            )
        if item.name.lower() in (parameter.name.lower() for parameter in found):
            raise analysis_error(
                "DUPLICATE_ROUTINE_PARAMETER_NAMES",
                f"Found duplicate name in the parameter list of the function: `{item.name}`. Name each "
                f"parameter once.",
                "42734",
            )
        found.append(
            Parameter(
                item.name,
                _type(session, item.args["kind"]).jsonValue(),
                None if comment is None else _text(comment.this),
                None if default is None else default.this.sql("databricks"),
            )
        )
    return tuple(found)


def _type(session: Session, told: exp.Expr) -> DataType:
    """Ask the engine what a type of a statement is in Spark."""
    return (
        session.engine_sql(f"SELECT CAST(NULL AS {told.sql('databricks')}) AS x").schema[0].dataType
    )


def _result_type(
    session: Session,
    expression: exp.Expr,
    parameters: tuple[Parameter, ...],
    name: TableName,
) -> DataType:
    """Ask the engine for the type of a SQL function's expression; it refuses what it cannot compute."""
    from lakelab.local.sql.function_calls import rewrite_calls, substitute_parameters, typed_null

    nulls = {p.name.lower(): typed_null(p.data_type) for p in parameters}
    text = substitute_parameters(expression, nulls, str(name)).sql("databricks")
    return session.engine_sql(rewrite_calls(session, f"SELECT {text} AS x")).schema[0].dataType


def _text(told: exp.Expr) -> str:
    """Read text in quotes; two pieces beside each other are one, with a quote between them."""
    from sqlglot import exp

    if isinstance(told, exp.Concat):
        return "'".join(str(piece.name) for piece in told.expressions)
    return str(told.name)


def _sql(told: exp.Expr | None) -> str:
    return "" if told is None else told.sql("databricks").upper()


def _why(error: Any) -> str:
    """Tell what sqlglot's parser stumbled over, without the colours of a terminal."""
    told = getattr(error, "errors", None)
    if not told:
        return str(error)
    return f"line {told[0]['line']}, column {told[0]['col']}: {told[0]['description']}"


def _not_understood(text: str, why: str) -> ParseException:
    first = " ".join(text.split())[:80]
    return ParseException(
        message=f"The local engine does not understand this statement: {first} ({why}). Check its "
        f"spelling; if it is valid Databricks SQL, it runs on Databricks only."
    )
