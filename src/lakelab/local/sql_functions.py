"""``CREATE FUNCTION``, ``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS`` of Unity Catalog.

How a query calls such a function is in :mod:`lakelab.local.sql_calls`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, ParseException

from lakelab.local.access import GovernedCatalogs
from lakelab.local.function_body import PythonFunction
from lakelab.local.functions import FEATURE_SPEC, PYTHON, SQL, Functions, Parameter, UnityFunction
from lakelab.local.securables import has_model
from lakelab.local.sql_errors import refusal
from lakelab.local.unity_catalog import (
    HIVE_METASTORE,
    AlreadyExistsError,
    NotFoundError,
    TableName,
    UnityCatalogError,
)
from lakelab.local.unity_statements import nothing
from lakelab.local.workspace.grants import Securable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType
    from sqlglot import exp

    from lakelab.local.spark import LocalSparkSession

_OURS = re.compile(
    r"(CREATE(\s+OR\s+REPLACE)?(\s+TEMP(ORARY)?)?\s+FUNCTION|DROP(\s+TEMP(ORARY)?)?\s+FUNCTION"
    r"|DESC(RIBE)?\s+FUNCTION|SHOW\s+(\w+\s+)?FUNCTIONS|DROP\s+(SCHEMA|DATABASE))\b",
    re.IGNORECASE,
)
_BODY = re.compile(r"\bAS\s*(\$\w*\$)(?P<body>.*)\1\s*;?\s*\Z", re.IGNORECASE | re.DOTALL)
_NAME = r"(?P<name>(?:`(?:[^`]|``)+`|[^\s;`(.]+)(?:\.(?:`(?:[^`]|``)+`|[^\s;`(.]+))*)"
_END = r"\s*;?\s*\Z"
_DROP = re.compile(rf"DROP\s+FUNCTION\s+(?P<exists>IF\s+EXISTS\s+)?{_NAME}{_END}", re.IGNORECASE)
_DESCRIBE = re.compile(
    rf"DESC(?:RIBE)?\s+FUNCTION\s+(?P<extended>EXTENDED\s+)?{_NAME}{_END}", re.IGNORECASE
)
_SHOW = re.compile(
    rf"SHOW\s+(?P<kind>USER|ALL|SYSTEM)?\s*FUNCTIONS(?:\s+(?:IN|FROM)\s+{_NAME})?"
    rf"(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?{_END}",
    re.IGNORECASE,
)
_DROP_SCHEMA = re.compile(
    rf"DROP\s+(?:SCHEMA|DATABASE)\s+(?:IF\s+EXISTS\s+)?{_NAME}(?:\s+RESTRICT)?{_END}",
    re.IGNORECASE,
)
_ON_DATABRICKS_ONLY = {
    "EnviromentProperty": "ENVIRONMENT",  # sqlglot's own spelling
    "ParameterStyleProperty": "PARAMETER STYLE",
    "HandlerProperty": "HANDLER",
}


def carry_out(session: LocalSparkSession, text: str) -> DataFrame | None:
    """Do what a statement about functions says; None for any other statement.

    Parameters
    ----------
    session : LocalSparkSession
    text : str
        One statement, without comments before it.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog would refuse it; the message says what to do.
    pyspark.errors.AnalysisException
        If a type is none, or a SQL expression cannot be computed.
    pyspark.errors.ParseException
        If the statement is not spelled so, or works on Databricks only.
    """
    if not _OURS.match(text):
        return None
    if re.match(r"CREATE\b", text, re.IGNORECASE):
        return _create(session, text)
    if told := _DROP.match(text):
        return _drop(session, told)
    if told := _DESCRIBE.match(text):
        return _describe(session, told)
    if told := _SHOW.match(text):
        return _show(session, told)
    if told := _DROP_SCHEMA.match(text):
        _require_no_functions(session, told)
    return None


def require_usable(session: LocalSparkSession, name: TableName) -> UnityFunction:
    """Open a function that the session's user may call.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    InsufficientPermissionsError
        If the user lacks EXECUTE on it.
    """
    functions = Functions(session.unity)
    if functions.exists(name):
        _require(session, "function", str(name), "EXECUTE")
    return functions.get(name)


def create(session: LocalSparkSession, function: UnityFunction, *, replace: bool) -> UnityFunction:
    """Keep a function that the session's user may make.

    Raises
    ------
    UnityCatalogError
        If there is a function or a model of that name, or the schema is not there.
    InsufficientPermissionsError
        If the user lacks CREATE FUNCTION on the schema, or does not own what is to be replaced.
    """
    name, functions = function.name, Functions(session.unity)
    if name.catalog == HIVE_METASTORE:
        raise UnityCatalogError(
            f"'{name}' is in the workspace's {HIVE_METASTORE}: functions are made in Unity Catalog. "
            f"Name a catalog of it: <catalog>.{name.schema}.{name.table}."
        )
    session.unity.require_schema(name.catalog, name.schema)
    securable, existed = Securable("function", str(name)), functions.exists(name)
    if existed and replace:
        _require(session, "function", str(name))
    else:
        _require(session, "schema", f"{name.catalog}.{name.schema}", "CREATE_FUNCTION")
        _require_no_model(session, name)
    made = functions.create(function, replace=replace)
    if not existed:
        # what a function of that name had, whose schema was dropped, is not for this one
        session.unity.governance.forget(securable)
        if session.user != session.unity.governance.admin:
            session.unity.governance.describe(securable, owner=session.user)
    return made


def drop(session: LocalSparkSession, name: TableName) -> None:
    """Remove a function that the session's user owns, with its grants.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    InsufficientPermissionsError
        If it is somebody else's.
    """
    functions = Functions(session.unity)
    if functions.exists(name):
        _require(session, "function", str(name))
    functions.drop(name)
    session.unity.governance.forget(Securable("function", str(name)))


def _require(session: LocalSparkSession, kind: str, name: str, *one_of: str) -> None:
    if isinstance(session.unity, GovernedCatalogs):
        session.unity.require(kind, name, *one_of)


def _require_no_model(session: LocalSparkSession, name: TableName) -> None:
    """Refuse the name of a registered model: models and functions share their names."""
    if has_model(session, name):
        raise AlreadyExistsError(
            f"There is a registered model '{name}'; models and functions of a schema share their "
            f"names. Choose another name for the function."
        )


# ---- CREATE FUNCTION ---------------------------------------------------------------------------------
def _create(session: LocalSparkSession, text: str) -> DataFrame:
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
        return nothing(session)
    function = _read(session, statement, name, text, found["body"] if found else None)
    try:
        create(session, function, replace=replace)
    except AlreadyExistsError as error:
        if exists and Functions(session.unity).exists(name):
            return nothing(session)  # another process was first
        raise refusal("ROUTINE_ALREADY_EXISTS", str(error), "42723") from error
    return nothing(session)


def _read(
    session: LocalSparkSession, statement: exp.Create, name: TableName, text: str, body: str | None
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


def _parameters(
    session: LocalSparkSession, declared: exp.UserDefinedFunction
) -> tuple[Parameter, ...]:
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
            raise refusal(
                "USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION",
                f"The parameter `{item.name}` stands behind `{found[-1].name}`, which has a default, "
                f"and has none: give it one, or move it before the others.",
                "42601",
            )
        if item.name.lower() in (parameter.name.lower() for parameter in found):
            raise refusal(
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


def _type(session: LocalSparkSession, told: exp.Expr) -> DataType:
    """Ask the engine what a type of a statement is in Spark."""
    return (
        session.engine_sql(f"SELECT CAST(NULL AS {told.sql('databricks')}) AS x").schema[0].dataType
    )


def _result_type(
    session: LocalSparkSession,
    expression: exp.Expr,
    parameters: tuple[Parameter, ...],
    name: TableName,
) -> DataType:
    """Ask the engine for the type of a SQL function's expression; it refuses what it cannot compute."""
    from lakelab.local.sql_calls import typed_null, with_calls, with_values

    nulls = {p.name.lower(): typed_null(p.data_type) for p in parameters}
    text = with_values(expression, nulls, str(name)).sql("databricks")
    return session.engine_sql(with_calls(session, f"SELECT {text} AS x")).schema[0].dataType


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


# ---- DROP, DESCRIBE, SHOW ----------------------------------------------------------------------------
def _drop(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    name = session.resolve(told["name"])
    try:
        drop(session, name)
    except NotFoundError as error:
        if not told["exists"]:
            raise _not_found(error) from error
    return nothing(session)


def _not_found(error: NotFoundError) -> AnalysisException:
    return refusal("ROUTINE_NOT_FOUND", str(error), "42883")


def _describe(session: LocalSparkSession, told: re.Match[str]) -> DataFrame | None:
    name, functions = session.resolve(told["name"]), Functions(session.unity)
    if not functions.exists(name) and "." not in told["name"]:
        return None  # a function of the engine
    try:
        function = functions.get(name)
    except NotFoundError as error:
        raise _not_found(error) from error
    _require(session, "function", str(name), "EXECUTE", "BROWSE")
    rows = [f"Function:      {name}", "Type:          SCALAR"]
    inputs = [_parameter_line(parameter) for parameter in function.parameters] or ["()"]
    rows += _labelled("Input", inputs)
    if function.language != FEATURE_SPEC:
        rows.append(f"Returns:       {function.return_type.simpleString().upper()}")
    if told["extended"]:
        made = datetime.fromtimestamp(function.created_at / 1000, UTC)
        owner = session.unity.governance.owner(Securable("function", str(name)))
        rows += [
            f"Comment:       {function.comment or ''}".rstrip(),
            f"Deterministic: {str(function.deterministic).lower()}",
            f"Language:      {function.language}",
            f"Owner:         {owner}",
            f"Create Time:   {made:%a %b %d %H:%M:%S} UTC {made:%Y}",
            *_labelled("Body", function.body.strip("\n").splitlines() or [""]),
        ]
    return session.createDataFrame([(row,) for row in rows], "function_desc string")


def _parameter_line(parameter: Parameter) -> str:
    line = f"{parameter.name} {parameter.data_type.simpleString().upper()}"
    if parameter.default is not None:
        line += f" DEFAULT {parameter.default}"
    return f"{line} '{parameter.comment}'" if parameter.comment else line


def _labelled(label: str, lines: list[str]) -> list[str]:
    first, *others = lines
    return [f"{label + ':':<15}{first}", *(f"{'':<15}{line}" for line in others)]


def _show(session: LocalSparkSession, told: re.Match[str]) -> DataFrame:
    catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    if told["name"]:
        # a schema has the name of a table without its last level
        within = TableName.parse(f"{told['name']}.x", catalog=catalog, schema=schema)
        catalog, schema = within.catalog, within.schema
        session.unity.require_schema(catalog, schema)
    wanted = told["like"]
    pattern = re.compile(
        "|".join(".*".join(map(re.escape, one.split("*"))) for one in (wanted or "*").split("|")),
        re.IGNORECASE,
    )
    ours = [
        str(name)
        for name in Functions(session.unity).names(catalog, schema)
        if session.unity.governance.visible(session.user, Securable("function", str(name)))
    ]
    kind = (told["kind"] or "ALL").upper()
    engine = (
        session.engine_sql("SHOW SYSTEM FUNCTIONS").toPandas()["function"].tolist()
        if kind != "USER"
        else []
    )
    names = [] if kind == "SYSTEM" else ours
    rows = [
        (name,)
        for name in sorted({*engine, *names})
        if pattern.fullmatch(name) or (name in ours and pattern.fullmatch(name.rpartition(".")[2]))
    ]
    return session.createDataFrame(rows, "function string")


def _require_no_functions(session: LocalSparkSession, told: re.Match[str]) -> None:
    """Refuse to drop a schema with functions in it, unless CASCADE says to."""
    within = TableName.parse(f"{told['name']}.x", catalog=session.catalog.currentCatalog())
    if Functions(session.unity).names(within.catalog, within.schema):
        raise refusal(
            "SCHEMA_NOT_EMPTY",
            f"Cannot drop a schema `{within.schema}` because it contains objects. Use DROP SCHEMA ... "
            f"CASCADE to drop the schema and all its objects.",
            "2BP01",
        )
