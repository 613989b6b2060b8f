"""``DROP FUNCTION``, ``DESCRIBE FUNCTION`` and ``SHOW FUNCTIONS`` of Unity Catalog.

``CREATE FUNCTION`` is in :mod:`lakelab.local.sql.statements.create_function`, and calls of functions are in
:mod:`lakelab.local.sql.function_calls`.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-function,
.../sql-ref-syntax-aux-describe-function and .../sql-ref-syntax-aux-show-functions
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import FEATURE_SPEC, Functions, Parameter, UnityFunction
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.function_calls import is_session_schema
from lakelab.local.sql.grammar.functions import DescribeFunction, DropFunction, ShowFunctions
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.results import string_column
from lakelab.local.sql.securables import require_privilege, resolve_schema
from lakelab.local.sql.statements.create_function import temporary_name
from lakelab.local.sql.statements.show import filter_like

if TYPE_CHECKING:
    from pyspark.errors import AnalysisException
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


_LABEL = 15
"""Width of the labels of a description."""


def _drop_function(session: Session, node: DropFunction) -> None:
    if node.args["temporary"]:
        _drop_temporary(session, node)
        return
    name = session.resolve(node.target)
    try:
        catalog_service(session).drop_function(name)
    except NotFoundError as error:
        if not node.args["exists"]:
            raise _not_found(error) from error


def _drop_temporary(session: Session, node: DropFunction) -> None:
    name = temporary_name(node.levels)
    if session.temporary_functions.pop(name, None) is None and not node.args["exists"]:
        raise analysis_error(
            conditions.ROUTINE_NOT_FOUND,
            f"The routine `{name}` cannot be found. Verify the spelling, or use DROP TEMPORARY FUNCTION IF "
            f"EXISTS.",
        )


def _describe_function(session: Session, node: DescribeFunction) -> DataFrame:
    if (function := _temporary(session, node.levels)) is not None:
        return _describe_temporary(session, function, extended=bool(node.args["extended"]))
    name, functions = session.resolve(node.target), Functions(session.unity)
    if not functions.exists(name) and len(node.levels) == 1:
        extended = "EXTENDED " if node.args["extended"] else ""
        return session.engine_sql(f"DESCRIBE FUNCTION {extended}{node.target}")
    try:
        function = functions.get(name)
    except NotFoundError as error:
        raise _not_found(error) from error
    require_privilege(session, Securable("function", str(name)), "EXECUTE", "BROWSE")
    lines = _signature_lines(function, str(function.name), _LABEL)
    if node.args["extended"]:
        lines += _extended_lines(session, function)
    return string_column(session, "function_desc", lines)


def _describe_temporary(session: Session, function: UnityFunction, *, extended: bool) -> DataFrame:
    """Return the description of a temporary function, as Spark has it."""
    width = _LABEL if extended else 10
    lines = _signature_lines(function, function.name.table, width)
    pairs = [(p.name, p.data_type.simpleString().upper()) for p in function.parameters]
    if len(pairs) > 1:
        first, second = (max(map(len, column)) for column in zip(*pairs, strict=True))
        inputs = [f"{name:<{first}} {kind:<{second}}" for name, kind in pairs]
        lines[2 : 2 + len(pairs)] = _labelled("Input", inputs, width)
    lines += _extended_lines(session, function) if extended else []
    return string_column(session, "function_desc", lines)


def _temporary(session: Session, levels: list[str]) -> UnityFunction | None:
    """Return the temporary function of a name; None if there is none."""
    if len(levels) > 1 and not is_session_schema(levels[:-1]):
        return None
    return session.temporary_functions.get(levels[-1].lower())


def _signature_lines(function: UnityFunction, name: str, width: int) -> list[str]:
    inputs = [_parameter_line(parameter) for parameter in function.parameters] or ["()"]
    lines = [
        *_labelled("Function", [name], width),
        *_labelled("Type", ["SCALAR"], width),
        *_labelled("Input", inputs, width),
    ]
    if function.language != FEATURE_SPEC:
        lines += _labelled("Returns", [function.return_type.simpleString().upper()], width)
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


def _labelled(label: str, lines: list[str], width: int = _LABEL) -> list[str]:
    first, *others = lines
    return [f"{label + ':':<{width}}{first}", *(f"{'':<{width}}{line}" for line in others)]


def _show_functions(session: Session, node: ShowFunctions) -> DataFrame:
    catalog, schema = session.catalog.currentCatalog(), session.catalog.currentDatabase()
    if node.this:
        catalog, schema = resolve_schema(session, node.this)
        session.unity.require_schema(catalog, schema)
    kind = node.args["kind"] or "ALL"
    names: set[str] = set()
    if kind != "USER":
        built_in = session.engine_sql("SHOW SYSTEM FUNCTIONS").toPandas()["function"].tolist()
        names.update(filter_like(built_in, node.args["like"]))
    if kind != "SYSTEM":
        names.update(_visible_functions(session, catalog, schema, node.args["like"]))
        names.update(filter_like(list(session.temporary_functions), node.args["like"]))
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
    return analysis_error(conditions.ROUTINE_NOT_FOUND, str(error))


HANDLERS: Handlers = {
    DropFunction: _drop_function,
    DescribeFunction: _describe_function,
    ShowFunctions: _show_functions,
}
