"""``CREATE FUNCTION``: sqlglot parses its clauses, and the engine resolves its types and expressions.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.errors.exceptions.connect import ParseException
from sqlglot import exp

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import AlreadyExistsError
from lakelab.local.catalog.functions import PYTHON, SQL, Functions, Parameter, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.errors import analysis_error, syntax_error
from lakelab.local.sql.function_arguments import substitute_parameters, typed_null
from lakelab.local.sql.function_calls import is_session_schema, rewrite_calls
from lakelab.local.sql.function_rights import create_function
from lakelab.local.sql.grammar.functions import CreateFunction
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import resolve_table
from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from pyspark.sql.types import DataType

    from lakelab.local.sql.session import Session

_ON_DATABRICKS_ONLY = {
    "EnviromentProperty": "ENVIRONMENT",  # the spelling of sqlglot
    "ParameterStyleProperty": "PARAMETER STYLE",
    "HandlerProperty": "HANDLER",
}


@dataclass(frozen=True)
class _Definition:
    """A parsed statement.

    Attributes
    ----------
    statement : sqlglot.exp.Create
    name : TableName
    body : str or None
        The Python statements between the dollar signs.
    """

    statement: exp.Create
    name: TableName
    body: str | None

    @property
    def clauses(self) -> dict[str, exp.Expr]:
        """The clauses, by the name of sqlglot's node class."""
        properties = self.statement.args.get("properties")
        return {type(p).__name__: p for p in (properties.expressions if properties else ())}

    @property
    def language(self) -> str:
        clause = self.clauses.get("LanguageProperty")
        return SQL if clause is None else str(clause.this.name).upper()

    @property
    def returns(self) -> exp.Expr | None:
        return self.clauses.get("ReturnsProperty")

    def refused(self, reason: str) -> ParseException:
        return syntax_error(f"CREATE FUNCTION {self.name}", reason)


def _run_create_function(session: Session, node: CreateFunction) -> None:
    """Run ``CREATE FUNCTION``.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog would refuse it; the message says what the user can do.
    pyspark.errors.AnalysisException
        If the function exists, a parameter is wrong, or a SQL expression cannot be computed.
    pyspark.errors.ParseException
        If the syntax is wrong, or runs on Databricks only.
    """
    statement = node.this
    if statement.find(exp.TemporaryProperty):
        _create_temporary(session, node)
        return
    if_not_exists = bool(statement.args.get("exists"))
    replace = bool(statement.args.get("replace"))
    if if_not_exists and replace:
        raise ParseException(
            message="CREATE OR REPLACE FUNCTION and IF NOT EXISTS exclude each other: leave one out."
        )
    name = resolve_table(session, statement.this.this)
    if if_not_exists and Functions(session.unity).exists(name):
        return
    definition = _Definition(statement, name, node.args["body"])
    function = _function(session, definition)
    try:
        create_function(session, function, replace=replace)
    except AlreadyExistsError as error:
        if if_not_exists and Functions(session.unity).exists(name):
            return  # another process created it meanwhile
        raise analysis_error(conditions.ROUTINE_ALREADY_EXISTS, str(error)) from error


def _create_temporary(session: Session, node: CreateFunction) -> None:
    """Create a function of the session."""
    statement = node.this
    levels = [part.name for part in statement.this.this.parts]
    if statement.args.get("exists"):
        raise ParseException(
            message="[INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS] Invalid SQL syntax: CREATE "
            "TEMPORARY FUNCTION with IF NOT EXISTS is not allowed. SQLSTATE: 42000",
            errorClass="INVALID_SQL_SYNTAX.CREATE_TEMP_FUNC_WITH_IF_NOT_EXISTS",
            sql_state="42000",
        )
    name = TableName("system", "session", temporary_name(levels))
    function = _function(session, _Definition(statement, name, node.args["body"]))
    if name.table in session.temporary_functions and not statement.args.get("replace"):
        raise analysis_error(
            conditions.ROUTINE_ALREADY_EXISTS,
            f"Cannot create the routine `{name.table}` because a routine of that name already exists. Choose a "
            f"different name, drop or replace the existing routine.",
        )
    if statement.args.get("replace") and session.engine_functions.has(name.table):
        raise analysis_error(
            conditions.USER_DEFINED_FUNCTIONS_CANNOT_REPLACE_NON_SQL_UDF_WITH_SQL_UDF,
            f"User defined function is invalid: Cannot replace the non-SQL function {name.table} with a SQL "
            f"function.",
        )
    session.temporary_functions[name.table] = function


def temporary_name(levels: list[str]) -> str:
    """Return the name of a temporary function, in lower case.

    Raises
    ------
    pyspark.errors.ParseException
        If a level before it is not SESSION or SYSTEM.SESSION.
    """
    if len(levels) > 1 and not is_session_schema(levels[:-1]):
        before = ".".join(f"`{level}`" for level in levels[:-1])
        raise ParseException(
            message=f"[INVALID_TEMP_OBJ_QUALIFIER] Temporary FUNCTION `{levels[-1]}` cannot be qualified with "
            f"{before}. Temporary objects can only be qualified with SESSION or SYSTEM.SESSION. "
            f"SQLSTATE: 42602",
            errorClass="INVALID_TEMP_OBJ_QUALIFIER",
            sql_state="42602",
        )
    return levels[-1].lower()


def _function(session: Session, definition: _Definition) -> UnityFunction:
    """Return the function of a statement, after a check of its clauses."""
    _check_clauses(definition)
    clauses = definition.clauses
    parameters = _parameters(session, definition.statement.this)
    comment, stability = clauses.get("SchemaCommentProperty"), clauses.get("StabilityProperty")
    common: dict[str, Any] = {
        "name": definition.name,
        "language": definition.language,
        "parameters": parameters,
        "comment": None if comment is None else _text(comment.this),
        "deterministic": stability is None or "NOT" not in to_sql(stability).upper(),
        "creator": session.user,
    }
    if definition.language == PYTHON:
        return _python_function(session, definition, common)
    return _sql_function(session, definition, common)


def _check_clauses(definition: _Definition) -> None:
    """Raise if a clause runs on Databricks only."""
    for kind, clause in _ON_DATABRICKS_ONLY.items():
        if kind in definition.clauses:
            raise definition.refused(f"{clause} works on Databricks only")
    if definition.returns is not None and definition.returns.args.get("is_table"):
        raise definition.refused("functions that return a table work on Databricks only")
    if definition.language not in (PYTHON, SQL):
        raise definition.refused(f"LANGUAGE {definition.language} works on Databricks only")


def _python_function(
    session: Session, definition: _Definition, common: dict[str, Any]
) -> UnityFunction:
    if definition.body is None:
        raise definition.refused("the body of LANGUAGE PYTHON is AS $$ ... $$")
    if definition.returns is None:
        raise definition.refused("LANGUAGE PYTHON needs RETURNS and a type")
    returns = _data_type(session, definition.returns.this).jsonValue()
    function = UnityFunction(**common, body=definition.body, returns=returns)
    PythonFunction(function)  # raises if the body does not compile
    return function


def _sql_function(
    session: Session, definition: _Definition, common: dict[str, Any]
) -> UnityFunction:
    body = definition.statement.expression
    if not isinstance(body, exp.Return):
        raise definition.refused("the body of a SQL function is RETURN and an expression")
    expression = body.this
    if expression.find(exp.Query):
        raise definition.refused("a SQL function whose body is a query works on Databricks only")
    returns = definition.returns
    declared = None if returns is None else _data_type(session, returns.this)
    # also checks the expression if the type is declared
    result = _result_type(session, expression, common["parameters"], definition.name)
    return UnityFunction(
        **common, body=to_sql(expression), returns=(declared or result).jsonValue()
    )


def _parameters(session: Session, declared: exp.UserDefinedFunction) -> tuple[Parameter, ...]:
    parameters: list[Parameter] = []
    for item in declared.expressions:
        if not isinstance(item, exp.ColumnDef) or item.args.get("kind") is None:
            raise ParseException(
                message=f"A parameter of a function has a name and a type, not '{to_sql(item)}'."
            )
        comment = item.find(exp.CommentColumnConstraint)
        default = item.find(exp.DefaultColumnConstraint)
        _check_parameter(item.name, default is not None, parameters)
        parameters.append(
            Parameter(
                item.name,
                _data_type(session, item.args["kind"]).jsonValue(),
                None if comment is None else _text(comment.this),
                None if default is None else to_sql(default.this),
            )
        )
    return tuple(parameters)


def _check_parameter(name: str, has_default: bool, previous: list[Parameter]) -> None:
    """Raise if a parameter has a name, or lacks a default, that the previous ones do not allow."""
    if not has_default and previous and previous[-1].default is not None:
        raise analysis_error(
            conditions.USER_DEFINED_FUNCTIONS_NOT_A_VALID_DEFAULT_PARAMETER_POSITION,
            f"The parameter `{name}` stands behind `{previous[-1].name}`, which has a default, "
            f"and has none: give it one, or move it before the others.",
        )
    if name.lower() in (parameter.name.lower() for parameter in previous):
        raise analysis_error(
            conditions.DUPLICATE_ROUTINE_PARAMETER_NAMES,
            f"Found duplicate name in the parameter list of the function: `{name}`. Name each "
            f"parameter once.",
        )


def _data_type(session: Session, node: exp.Expr) -> DataType:
    """Return Spark's type of a type in a statement, as the engine resolves it."""
    query = f"SELECT CAST(NULL AS {node.sql('databricks')}) AS x"
    return session.engine_sql(query).schema[0].dataType


def _result_type(
    session: Session,
    expression: exp.Expr,
    parameters: tuple[Parameter, ...],
    name: TableName,
) -> DataType:
    """Return the type of a SQL function's expression; the engine raises if it cannot compute it."""
    nulls = {p.name.lower(): typed_null(p.data_type) for p in parameters}
    text = to_sql(substitute_parameters(expression, nulls, str(name)))
    return session.engine_sql(rewrite_calls(session, f"SELECT {text} AS x")).schema[0].dataType


def _text(node: exp.Expr) -> str:
    """Return the text of a string; two strings beside each other are one, with a quote between them."""
    if isinstance(node, exp.Concat):
        return "'".join(str(piece.name) for piece in node.expressions)
    return str(node.name)


HANDLERS: Handlers = {CreateFunction: _run_create_function}
