"""Numbers, arrays, maps and structs as texts: ``1.0E20``, ``Infinity``, ``[1, null]``.

The engine writes ``1e20``, ``inf`` and ``[1, NULL]``. It does so in casts to STRING, and where a function takes a
text and gets another value. In an array the engine writes a number as Spark does: a number becomes a text by way of
an array of one element.

Follows https://docs.databricks.com/aws/en/sql/language-manual/functions/cast
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    FloatType,
    MapType,
    StructType,
    VariantType,
)
from sqlglot import exp

from lakelab.local.sql.rewrites.calls import function
from lakelab.local.sql.rewrites.expression_types import Types, types_by_clause

_ALL = None
_TEXT_ARGUMENTS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("string", "concat", "concat_ws"), _ALL),
    **dict.fromkeys(("replace", "translate", "levenshtein", "contains", "startswith"), _ALL),
    **dict.fromkeys(("endswith", "regexp_replace", "find_in_set", "like", "ilike"), _ALL),
    **dict.fromkeys(("upper", "lower", "ucase", "lcase", "initcap", "trim", "ltrim"), (0,)),
    **dict.fromkeys(("rtrim", "btrim", "length", "len", "char_length", "split"), (0,)),
    **dict.fromkeys(("character_length", "lpad", "rpad", "left", "right", "substr"), (0,)),
    **dict.fromkeys(("substring", "substring_index", "split_part", "repeat", "instr"), (0,)),
    **dict.fromkeys(("regexp_extract", "regexp_extract_all", "regexp_like", "rlike"), (0,)),
    **dict.fromkeys(("regexp_count", "regexp_substr", "regexp_instr", "reverse"), (0,)),
    **dict.fromkeys(("md5", "sha", "sha1", "sha2", "crc32", "base64", "ascii"), (0,)),
    **dict.fromkeys(("locate", "position", "charindex"), (1,)),
}
"""Functions that take texts, and the positions of these; `_ALL` stands for each argument."""

_FORMATS = ("format_string", "printf")
_FLAGS = "0123456789.-+ ,#("
_FRACTIONS = (DoubleType, FloatType)
_NESTED = (ArrayType, MapType, StructType, VariantType)

Needs = Callable[[DataType], bool]


def write_texts(tree: exp.Expr, types: Types) -> bool:
    """Turn values into texts as Spark does.

    Parameters
    ----------
    tree : sqlglot.exp.Expr
        It is changed.
    types : Types
        The types of its expressions.

    Returns
    -------
    bool
        Whether the tree was changed.
    """
    places = [(node, needs) for node, needs in _places(tree) if not _is_plain(node)]
    known = types_by_clause([node for node, _ in places], types)
    changed = False
    for node, needs in reversed(places):  # the innermost first
        kind = known[id(node)]
        if kind is not None and needs(kind):
            node.replace(as_text(node.copy(), kind))
            changed = True
    return changed


def differs_as_text(kind: DataType) -> bool:
    """Return whether the engine writes values of a type otherwise than Spark.

    Examples
    --------
    >>> differs_as_text(DoubleType()), differs_as_text(ArrayType(DoubleType()))
    (True, True)
    """
    return isinstance(kind, (*_FRACTIONS, *_NESTED))


def as_text(value: exp.Expr, kind: DataType, depth: int = 0) -> exp.Expr:
    """Return an expression of the text that Spark makes of a value.

    Parameters
    ----------
    value : sqlglot.exp.Expr
        It becomes a part of the expression.
    kind : pyspark.sql.types.DataType
        Its type.
    depth : int
        In how many arrays, maps and structs the value is.

    Examples
    --------
    >>> as_text(exp.column("x"), DoubleType()).sql("databricks")
    "NULLIF(NULLIF(BTRIM(CAST(ARRAY(x) AS STRING), '[]'), 'NULL'), 'null')"
    """
    if isinstance(kind, _FRACTIONS):
        in_array = exp.cast(function("array", value), "STRING")
        text = function("btrim", in_array, "[]")
        # of a null the engine makes NULL, and null where it writes a table
        return function("nullif", function("nullif", text, "NULL"), "null")
    if isinstance(kind, VariantType):
        text = exp.cast(value.copy(), "STRING")  # of a JSON string, with quotes
        bare = function("variant_get", value, "$", "string")
        return function("coalesce", bare, function("nullif", text, "null"))
    variable = exp.to_identifier(f"_value_{depth}")
    if isinstance(kind, ArrayType):
        items = _transform(value, variable, _or_null(variable.copy(), kind.elementType, depth))
        return function("concat", "[", function("array_join", items, ", "), "]")
    if isinstance(kind, MapType):
        key = as_text(_field(variable, "key"), kind.keyType, depth + 1)
        item = _or_null(_field(variable, "value"), kind.valueType, depth)
        pair = function("concat", key, " -> ", item)
        items = _transform(function("map_entries", value), variable, pair)
        return function("concat", "{", function("array_join", items, ", "), "}")
    if isinstance(kind, StructType):
        return _struct_text(value, kind, variable, depth)
    return exp.cast(value, "STRING")


def _struct_text(
    value: exp.Expr, kind: StructType, variable: exp.Identifier, depth: int
) -> exp.Expr:
    parts: list[exp.Expr | str] = ["{"]
    for number, field in enumerate(kind.fields):
        parts += [", "] if number else []
        parts.append(_or_null(_field(variable, field.name), field.dataType, depth))
    known = function("isnotnull", variable.copy())
    text = exp.Case(ifs=[exp.If(this=known, true=function("concat", *parts, "}"))])
    # by way of an array of one element: the value is computed once
    return function("get", _transform(function("array", value), variable, text), 0)


def _or_null(value: exp.Expr, kind: DataType, depth: int) -> exp.Expr:
    return function("coalesce", as_text(value, kind, depth + 1), "null")


def _field(variable: exp.Identifier, name: str) -> exp.Expr:
    return exp.Dot(this=variable.copy(), expression=exp.to_identifier(name, quoted=True))


def _transform(array: exp.Expr, variable: exp.Identifier, item: exp.Expr) -> exp.Expr:
    return function("transform", array, exp.Lambda(this=item, expressions=[variable.copy()]))


# ---- the places of texts --------------------------------------------------------------------------
def _places(tree: exp.Expr) -> Iterator[tuple[exp.Expr, Needs]]:
    """Yield the expressions whose values become texts, with the types that need it."""
    for node in tree.walk():
        if isinstance(node, exp.Cast) and node.is_type("text", "varchar", "char"):
            yield node.this, differs_as_text
        elif isinstance(node, exp.DPipe):
            yield node.this, _is_fraction
            yield node.expression, _is_fraction
        elif isinstance(node, exp.Like | exp.ILike | exp.RegexpLike):
            yield node.this, _is_fraction
        elif isinstance(node, exp.Anonymous):
            yield from _texts_of_call(node)


def _texts_of_call(node: exp.Anonymous) -> Iterator[tuple[exp.Expr, Needs]]:
    name = str(node.name).lower()
    arguments = list(node.expressions)
    if name in _FORMATS:
        for position in _texts_of_format(arguments):
            yield arguments[position], differs_as_text
    if name not in _TEXT_ARGUMENTS:
        return
    needs = differs_as_text if name == "string" else _is_fraction
    positions = _TEXT_ARGUMENTS[name]
    for position, argument in enumerate(arguments):
        if positions is None or position in positions:
            yield argument, needs


def _texts_of_format(arguments: list[exp.Expr]) -> Iterator[int]:
    """Yield the positions of the arguments that a format has ``%s`` for."""
    if not arguments or not isinstance(arguments[0], exp.Literal):
        return
    position = 0
    for part in arguments[0].name.replace("%%", "").replace("%n", "").split("%")[1:]:
        given, dollar, rest = part.partition("$")
        is_given = bool(dollar) and given.isdigit()
        position += not is_given
        place = int(given) if is_given else position
        conversion = (rest if is_given else part).lstrip(_FLAGS)[:1]
        if conversion in ("s", "S") and place < len(arguments):
            yield place


def _is_fraction(kind: DataType) -> bool:
    return isinstance(kind, _FRACTIONS)


def _is_plain(node: exp.Expr) -> bool:
    """Return whether the text of an expression tells that it is no number with a fraction and not nested."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Literal):
        return node.is_string or "e" not in node.name.lower()
    if isinstance(node, exp.Cast):
        return not node.is_type("double", "float", "array", "map", "struct", "variant")
    return isinstance(node, exp.DPipe | exp.Null | exp.Boolean | exp.Predicate | exp.Connector)
