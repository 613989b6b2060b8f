"""``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS`` of Unity Catalog.

``CREATE FUNCTION`` is in :mod:`lakelab.local.sql.statements.create_function`, and calls of functions are in
:mod:`lakelab.local.sql.function_calls`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-function,
.../sql-ref-syntax-aux-describe-function and .../sql-ref-syntax-aux-show-functions
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import FEATURE_SPEC, Functions, Parameter, UnityFunction
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.function_rights import drop_function
from lakelab.local.sql.results import string_column
from lakelab.local.sql.securables import require_privilege, resolve_schema
from lakelab.local.sql.statements.show import IN_SCHEMA, LIKE, filter_like
from lakelab.local.sql.text import DESCRIBE, QUALIFIED_NAME, statement_pattern

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _drop_function(session: Session, match: re.Match[str]) -> None:
    name = session.resolve(match["name"])
    try:
        drop_function(session, name)
    except NotFoundError as error:
        if not match["exists"]:
            raise _not_found(error) from error


def _describe_function(session: Session, match: re.Match[str]) -> DataFrame:
    name, functions = session.resolve(match["name"]), Functions(session.unity)
    if not functions.exists(name) and "." not in match["name"]:
        return session.engine_sql(match[0])  # a function of the engine
    try:
        function = functions.get(name)
    except NotFoundError as error:
        raise _not_found(error) from error
    require_privilege(session, Securable("function", str(name)), "EXECUTE", "BROWSE")
    lines = _signature_lines(function)
    if match["extended"]:
        lines += _extended_lines(session, function)
    return string_column(session, "function_desc", lines)


def _signature_lines(function: UnityFunction) -> list[str]:
    inputs = [_parameter_line(parameter) for parameter in function.parameters] or ["()"]
    lines = [
        f"Function:      {function.name}",
        "Type:          SCALAR",
        *_labelled("Input", inputs),
    ]
    if function.language != FEATURE_SPEC:
        lines.append(f"Returns:       {function.return_type.simpleString().upper()}")
    return lines


def _extended_lines(session: Session, function: UnityFunction) -> list[str]:
    created = datetime.fromtimestamp(function.created_at / 1000, UTC)
    owner = session.unity.governance.owner(Securable("function", str(function.name)))
    return [
        f"Comment:       {function.comment or ''}".rstrip(),
        f"Deterministic: {str(function.deterministic).lower()}",
        f"Language:      {function.language}",
        f"Owner:         {owner}",
        f"Create Time:   {created:%a %b %d %H:%M:%S} UTC {created:%Y}",
        *_labelled("Body", function.body.strip("\n").splitlines() or [""]),
    ]


def _parameter_line(parameter: Parameter) -> str:
    line = f"{parameter.name} {parameter.data_type.simpleString().upper()}"
    if parameter.default is not None:
        line += f" DEFAULT {parameter.default}"
    return f"{line} '{parameter.comment}'" if parameter.comment else line


def _labelled(label: str, lines: list[str]) -> list[str]:
    first, *others = lines
    return [f"{label + ':':<15}{first}", *(f"{'':<15}{line}" for line in others)]


def _show_functions(session: Session, match: re.Match[str]) -> DataFrame:
    catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    if match["name"]:
        catalog, schema = resolve_schema(session, match["name"])
        session.unity.require_schema(catalog, schema)
    kind = (match["kind"] or "ALL").upper()
    names: set[str] = set()
    if kind != "USER":
        built_in = session.engine_sql("SHOW SYSTEM FUNCTIONS").toPandas()["function"].tolist()
        names.update(filter_like(built_in, match["like"]))
    if kind != "SYSTEM":
        names.update(_visible_functions(session, catalog, schema, match["like"]))
    return string_column(session, "function", sorted(names))


def _visible_functions(session: Session, catalog: str, schema: str, like: str | None) -> list[str]:
    """Return the functions of a schema that the user may see; the pattern may match the last level alone."""
    return [
        str(name)
        for name in Functions(session.unity).names(catalog, schema)
        if filter_like([str(name), name.table], like)
        and session.unity.governance.is_visible(session.user, Securable("function", str(name)))
    ]


def _not_found(error: NotFoundError) -> AnalysisException:
    return analysis_error("ROUTINE_NOT_FOUND", str(error), "42883")


STATEMENTS = [
    (statement_pattern(rf"DROP FUNCTION(?P<exists> IF EXISTS)? {QUALIFIED_NAME}"), _drop_function),
    (
        statement_pattern(rf"{DESCRIBE} FUNCTION(?P<extended> EXTENDED)? {QUALIFIED_NAME}"),
        _describe_function,
    ),
    (
        statement_pattern(rf"SHOW(?: (?P<kind>USER|ALL|SYSTEM))? FUNCTIONS{IN_SCHEMA}{LIKE}"),
        _show_functions,
    ),
]
