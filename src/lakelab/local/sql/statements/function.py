"""``CREATE FUNCTION``, ``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS`` of Unity Catalog.

How a query calls such a function is in :mod:`lakelab.local.sql.function_calls`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import FEATURE_SPEC, Functions, Parameter
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.function_rights import drop_function
from lakelab.local.sql.securables import require_privilege, resolve_schema
from lakelab.local.sql.statements.create_function import run_create_function
from lakelab.local.sql.statements.show import LIKE, OF, matching
from lakelab.local.sql.text import QUALIFIED_NAME, statement_pattern

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _create(session: Session, told: re.Match[str]) -> None:
    run_create_function(session, told[0])


def _drop(session: Session, told: re.Match[str]) -> None:
    name = session.resolve(told["name"])
    try:
        drop_function(session, name)
    except NotFoundError as error:
        if not told["exists"]:
            raise _not_found(error) from error


def _not_found(error: NotFoundError) -> AnalysisException:
    return analysis_error("ROUTINE_NOT_FOUND", str(error), "42883")


def _describe(session: Session, told: re.Match[str]) -> DataFrame:
    name, functions = session.resolve(told["name"]), Functions(session.unity)
    if not functions.exists(name) and "." not in told["name"]:
        return session.engine_sql(told[0])  # a function of the engine
    try:
        function = functions.get(name)
    except NotFoundError as error:
        raise _not_found(error) from error
    require_privilege(session, Securable("function", str(name)), "EXECUTE", "BROWSE")
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


def _show(session: Session, told: re.Match[str]) -> DataFrame:
    catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    if told["name"]:
        catalog, schema = resolve_schema(session, told["name"])
        session.unity.require_schema(catalog, schema)
    kind = (told["kind"] or "ALL").upper()
    found: set[str] = set()
    if kind != "USER":
        known = session.engine_sql("SHOW SYSTEM FUNCTIONS").toPandas()["function"].tolist()
        found.update(matching(known, told["like"]))
    if kind != "SYSTEM":
        for name in Functions(session.unity).names(catalog, schema):
            full = str(name)  # a pattern may be one of the last level
            if matching([full, name.table], told["like"]) and session.unity.governance.is_visible(
                session.user, Securable("function", full)
            ):
                found.add(full)
    return session.createDataFrame([(name,) for name in sorted(found)], "function string")


STATEMENTS = [
    (statement_pattern(r"CREATE(?: OR REPLACE)?(?: TEMP(?:ORARY)?)? FUNCTION .*"), _create),
    (statement_pattern(rf"DROP FUNCTION(?P<exists> IF EXISTS)? {QUALIFIED_NAME}"), _drop),
    (
        statement_pattern(rf"DESC(?:RIBE)? FUNCTION(?P<extended> EXTENDED)? {QUALIFIED_NAME}"),
        _describe,
    ),
    (statement_pattern(rf"SHOW(?: (?P<kind>USER|ALL|SYSTEM))? FUNCTIONS{OF}{LIKE}"), _show),
]
