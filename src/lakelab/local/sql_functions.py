"""``CREATE FUNCTION``, ``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS`` of Unity Catalog.

How a query calls such a function is in :mod:`lakelab.local.sql_calls`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakelab.local.create_function import create_function
from lakelab.local.function_rights import drop, require
from lakelab.local.functions import FEATURE_SPEC, Functions, Parameter
from lakelab.local.sql_errors import refusal
from lakelab.local.unity_errors import NotFoundError
from lakelab.local.unity_names import TableName
from lakelab.local.unity_statements import nothing
from lakelab.local.workspace.grants import Securable

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession

_OURS = re.compile(
    r"(CREATE(\s+OR\s+REPLACE)?(\s+TEMP(ORARY)?)?\s+FUNCTION|DROP(\s+TEMP(ORARY)?)?\s+FUNCTION"
    r"|DESC(RIBE)?\s+FUNCTION|SHOW\s+(\w+\s+)?FUNCTIONS|DROP\s+(SCHEMA|DATABASE))\b",
    re.IGNORECASE,
)
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
        return create_function(session, text)
    if told := _DROP.match(text):
        return _drop(session, told)
    if told := _DESCRIBE.match(text):
        return _describe(session, told)
    if told := _SHOW.match(text):
        return _show(session, told)
    if told := _DROP_SCHEMA.match(text):
        _require_no_functions(session, told)
    return None


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
    require(session, "function", str(name), "EXECUTE", "BROWSE")
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
