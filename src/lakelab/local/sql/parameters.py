"""Parameters of a statement: ``:name`` and ``?`` are replaced by literals, in any statement.

The engine knows parameters in queries only.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-parameter-marker and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names-identifier-clause
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.catalog import conditions
from lakelab.local.catalog.names import split_levels
from lakelab.local.sql.dialect import LocalDatabricks, Statement, parse, to_sql
from lakelab.local.sql.errors import analysis_error
from lakelab.local.sql.literals import literal

_PLACE = "place_"
_VIEW_ERROR = conditions.UNSUPPORTED_FEATURE_PARAMETER_MARKER_IN_UNEXPECTED_STATEMENT


def bind_parameters(statement: Statement, args: Any) -> tuple[Statement, Any]:
    """Return a statement with its parameters' values in their places, and the parameters that are left.

    Parameters
    ----------
    statement : Statement
    args : dict, list or None
        The values, as for ``SparkSession.sql``.

    Returns
    -------
    tuple of Statement and Any
        The same statement and parameters if a value is an expression of a DataFrame: the engine binds these.

    Raises
    ------
    pyspark.errors.AnalysisException
        If a parameter has no value, or cannot have one in the statement.
    """
    if statement.tree is None or not (args or "?" in statement.text or ":" in statement.text):
        return statement, args
    markers = [m for m in statement.tree.find_all(exp.Placeholder) if not m.args.get("widget")]
    if not markers:
        return statement, args
    if not args:
        raise _unbound(markers[0])
    is_named = isinstance(args, Mapping)
    values = args if is_named else {f"{_PLACE}{place}": value for place, value in enumerate(args)}
    literals = {key: literal(value) for key, value in values.items()}
    if any(value is None for value in literals.values()):
        return statement, args
    if isinstance(statement.tree, exp.Create) and statement.tree.kind == "VIEW":
        raise analysis_error(
            _VIEW_ERROR,
            "The feature is not supported: Parameter markers are not allowed in the query of CREATE VIEW.",
            "0A000",
        )
    tree = (statement if is_named else parse(_numbered(statement.text))).tree
    assert tree is not None
    tree = tree.copy()
    for marker in list(tree.find_all(exp.Placeholder)):
        marker.replace(_value(literals, marker).copy())
    resolve_identifiers(tree)
    return parse(to_sql(tree)), None


def _numbered(text: str) -> str:
    """Return a statement with names for its markers ``?``, in the order of the text.

    Examples
    --------
    >>> _numbered("SELECT ?, '?' FROM t LIMIT ?")
    "SELECT :place_0, '?' FROM t LIMIT :place_1"
    """
    markers = [t for t in LocalDatabricks().tokenize(text) if t.token_type == TokenType.PLACEHOLDER]
    for place, token in reversed(list(enumerate(markers))):
        text = f"{text[: token.start]}:{_PLACE}{place}{text[token.end + 1 :]}"
    return text


def resolve_identifiers(tree: exp.Expr) -> None:
    """Replace ``IDENTIFIER('name')`` by the name, for tables and columns."""
    for call in list(tree.find_all(exp.Anonymous)):
        if str(call.this).upper() != "IDENTIFIER" or len(call.expressions) != 1:
            continue
        text = call.expressions[0]
        levels = (
            split_levels(text.name) if isinstance(text, exp.Literal) and text.is_string else None
        )
        if not levels or len(levels) > 3:
            continue  # the engine reports what is wrong
        parts = [exp.to_identifier(level, quoted=True) for level in reversed(levels)]
        if isinstance(call.parent, exp.Table):
            for key, part in zip(("this", "db", "catalog"), parts, strict=False):
                call.parent.set(key, part)
        else:
            keys = ("this", "table", "db")
            call.replace(exp.Column(**dict(zip(keys, parts, strict=False))))


def _value(literals: Mapping[str, exp.Expr | None], marker: exp.Placeholder) -> exp.Expr:
    value = literals.get(str(marker.this))
    if value is not None:
        return value
    raise _unbound(marker)


def _unbound(marker: exp.Placeholder) -> Exception:
    name = "_" if marker.this is None else str(marker.this).replace(_PLACE, "_")
    return analysis_error(
        conditions.UNBOUND_SQL_PARAMETER,
        f"Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to "
        f"either a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`.",
    )
