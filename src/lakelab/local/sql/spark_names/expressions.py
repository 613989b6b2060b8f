"""The name that Spark gives to an expression: ``(a + 1)``, ``CAST(a AS INT)``, ``sum(a) FILTER (WHERE b)``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-qry-select

Tested in ``tests/engine/test_column_names.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from sqlglot import exp

from lakelab.local.sql.grammar.expressions import INFIX, INTERVAL, LITERAL, PLUS, SUFFIX, UNIT
from lakelab.local.sql.spark_names.functions import GENERATORS, call_name
from lakelab.local.sql.spark_names.intervals import interval_name
from lakelab.local.sql.spark_names.literals import (
    UnknownNameError,
    date_name,
    double_name,
    float_name,
    number_name,
    timestamp_name,
)
from lakelab.local.sql.spark_names.windows import frame_name, order_name

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "div",
    exp.EQ: "=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
    exp.And: "AND",
    exp.Or: "OR",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
_NEGATED: dict[type[exp.Expr], str] = {exp.NEQ: "=", exp.NullSafeNEQ: "<=>"}
_TYPES = {
    exp.DType.TEXT: "STRING",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    exp.DType.NULL: "VOID",
}
_NESTED = (exp.DType.ARRAY, exp.DType.MAP, exp.DType.STRUCT)
_DATES = frozenset(
    [
        "current_date",
        "curdate",
        "date",
        "to_date",
        "date_add",
        "date_sub",
        "last_day",
        "next_day",
        "make_date",
        "add_months",
        "date_from_unix_date",
        "trunc",
    ]
)
_MAPS = frozenset(
    ["map", "map_concat", "map_filter", "map_from_arrays", "map_from_entries", "str_to_map"]
)
_TIMESTAMPS = frozenset(["current_timestamp", "now", "timestamp", "to_timestamp", "date_trunc"])


KindOf = Callable[[exp.Expr], "str | None"]
"""What tells whether an expression is a ``DATE`` or another type; None if it cannot tell."""


def spark_name(
    node: exp.Expr,
    relations: Collection[str] = (),
    kind_of: KindOf | None = None,
    aliases: Collection[str] = (),
) -> str | None:
    """Return the name that Spark gives to a result column.

    Parameters
    ----------
    node : sqlglot.exp.Expr
        A result column without an alias, as the user wrote it.
    relations : collection of str
        The names of the query's relations in lower case: ``t.a`` is a column of ``t``, ``s.a`` a field of ``s``.
    kind_of : callable, optional
        What tells the type of an expression to which an interval is added.
    aliases : collection of str, optional
        The columns that are aliases of the same query, in lower case.

    Returns
    -------
    str or None
        None if the tree does not tell it.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> [spark_name(parse_expression(text)) for text in ("a IN (1, -2)", "split(a, ',')[0]", "a")]
    ['(a IN (1, -2))', 'split(a, ,, -1)[0]', 'a']
    """
    return SparkNames(relations, kind_of, aliases).of(node)


class SparkNames:
    """Write the names of the expressions of a query.

    Parameters
    ----------
    relations : collection of str
        The names of the query's relations in lower case.
    kind_of : callable, optional
        What tells the type of an expression to which an interval is added.
    aliases : collection of str, optional
        The columns that are aliases of the same query, in lower case.
    """

    def __init__(
        self,
        relations: Collection[str] = (),
        kind_of: KindOf | None = None,
        aliases: Collection[str] = (),
    ):
        self._relations = relations
        self._aliases = aliases
        self._kind_of: KindOf = kind_of or (lambda node: None)
        self._variables: list[str] = []

    def of(self, node: exp.Expr) -> str | None:
        """Return the name of a result column; None if the tree does not tell it."""
        node = without_parentheses(node)
        if isinstance(node, exp.Cast) and is_column(node.this, self._relations):
            return last_name(node.this)
        return last_name(node) if is_field(node) else self.name_or_none(node)

    def name_or_none(self, node: exp.Expr) -> str | None:
        """Return the name of an expression inside of another; None if the tree does not tell it."""
        try:
            return self.name(node)
        except UnknownNameError:
            return None

    def name(self, node: exp.Expr) -> str:
        """Return the name of an expression inside of another.

        Raises
        ------
        UnknownNameError
            If the tree does not tell it.
        """
        if node.meta.get(PLUS):
            return f"(+ {self._plain_name(node)})"
        return self._plain_name(node)

    def _plain_name(self, node: exp.Expr) -> str:
        kind = type(node)
        if kind in _OPERATORS:
            return self._binary(node)
        if kind in _NEGATED:
            return f"(NOT ({self.name(node.this)} {_NEGATED[kind]} {self.name(node.expression)}))"
        writer = self.WRITERS.get(kind)
        if writer is None:
            raise UnknownNameError(f"no name of {kind.__name__}")
        return writer(self, node)

    def names(self, nodes: Sequence[exp.Expr]) -> str:
        """Return the names of several expressions, with commas between them."""
        return ", ".join(self.name(node) for node in nodes)

    def _binary(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Add | exp.Sub):
            if node.meta.get(INTERVAL):
                return interval_name(node)
            if shifted := self._shifted(node):
                return shifted
        left, right = node.this, node.expression
        if isinstance(node, exp.Mul) and _is_interval(right) and not _is_interval(left):
            left, right = right, left
        return f"({self.name(left)} {_OPERATORS[type(node)]} {self.name(right)})"

    def _shifted(self, node: exp.Expr) -> str | None:
        """Return the name of a date or timestamp plus or minus a number of days or an interval."""
        left, right = node.this, node.expression
        if (
            isinstance(node, exp.Add)
            and not _is_interval(right)
            and (_is_interval(left) or type_of(right) == "DATE")
        ):
            left, right = right, left
        kind = type_of(left)
        sign = "+" if isinstance(node, exp.Add) else "-"
        if not _is_interval(right):
            if kind != "DATE" or type_of(right) != "INT":
                return None
            return f"date_{'add' if sign == '+' else 'sub'}({self.name(left)}, {self.name(right)})"
        if _is_interval(left):
            return None
        interval = self.name(right)
        if kind is None and interval.endswith("DAY"):
            kind = self._kind_of(left)
        if kind == "DATE" and interval.endswith("DAY"):
            days = f"extractansiintervaldays({interval})"
            return f"date_add({self.name(left)}, {days if sign == '+' else f'(- {days})'})"
        if kind is None and interval.endswith("DAY"):
            raise UnknownNameError("a DATE and a TIMESTAMP have different names")
        return f"{self.name(left)} {sign} {interval}"

    def _column(self, node: exp.Expr) -> str:
        parts = [part.name for part in node.parts] if isinstance(node, exp.Column) else []
        if not parts or isinstance(node.this, exp.Star):
            raise UnknownNameError("a star")
        if parts[0].lower() in self._variables:
            return ".".join(["namedlambdavariable()", *parts[1:]])
        if parts[0].lower() in self._aliases:
            return ".".join([f"lateralAliasReference({parts[0]})", *parts[1:]])
        return ".".join(own_parts(parts, self._relations))

    def _identifier(self, node: exp.Expr) -> str:
        if node.name.lower() in self._variables:
            return "namedlambdavariable()"
        raise UnknownNameError(node.name)

    def _literal(self, node: exp.Expr) -> str:
        return str(node.name) if node.is_string else number_name(str(node.this))

    def _negative(self, node: exp.Expr) -> str:
        inner = node.this
        name = self.name(inner)
        is_number = isinstance(inner, exp.Literal) and not inner.is_string
        is_number |= isinstance(inner, exp.Cast) and bool(inner.meta.get(SUFFIX))
        return f"-{name}" if is_number else f"(- {name})"

    def _cast(self, node: exp.Expr) -> str:
        to, inner = node.args["to"], node.this
        if is_literal(node):
            return self._typed_literal(inner, to)
        if to.this in _NESTED:
            return self.name(inner)
        function = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
        return f"{function}({self.name(inner)} AS {type_name(to)})"

    def _typed_literal(self, value: exp.Expr, to: exp.Expr) -> str:
        text, kind = str(value.name), to.this
        if kind == exp.DType.DOUBLE:
            return double_name(float(text))
        if kind == exp.DType.FLOAT:
            return float_name(float(text))
        if kind == exp.DType.DATE:
            return date_name(text)
        if not value.is_string or kind == exp.DType.DECIMAL:
            return number_name(text)
        return timestamp_name(type_name(to), text)

    def _call(self, node: exp.Expr) -> str:
        name = str(node.name)
        lower = name.lower()
        arguments = list(node.expressions)
        if lower in GENERATORS:
            raise UnknownNameError(name)
        if lower == "count" and len(arguments) == 1 and isinstance(arguments[0], exp.Star):
            return "count(1)"
        if lower == "position" and len(arguments) == 1 and isinstance(arguments[0], exp.In):
            pair = arguments[0]
            return call_name("locate", [self.name(pair.this), self.name(pair.args["field"])])
        return call_name(name, self._arguments(arguments))

    def _arguments(self, nodes: Sequence[exp.Expr]) -> list[str]:
        if len(nodes) != 1 or not isinstance(nodes[0], exp.Distinct):
            return [self._argument(node) for node in nodes]
        first, *others = (self.name(node) for node in nodes[0].expressions)
        return [f"DISTINCT {first}", *others]

    def _argument(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Alias):
            return f"{self.name(node.this)} AS {node.alias}"
        return self.name(node)

    def _lambda(self, node: exp.Expr) -> str:
        variables = [variable.name.lower() for variable in node.expressions]
        outer = self._variables
        self._variables = [*outer, *variables]
        try:
            body = self.name(node.this)
        finally:
            self._variables = outer
        return f"lambdafunction({', '.join([body, *['namedlambdavariable()'] * len(variables)])})"

    def _is(self, node: exp.Expr) -> str:
        operator = "IS" if isinstance(node.expression, exp.Null) else "<=>"
        return f"({self.name(node.this)} {operator} {self.name(node.expression)})"

    def _not(self, node: exp.Expr) -> str:
        inner = node.this
        if (
            isinstance(inner, exp.Is)
            and node.meta.get(INFIX)
            and isinstance(inner.expression, exp.Null)
        ):
            return f"({self.name(inner.this)} IS NOT NULL)"
        return f"(NOT {self.name(inner)})"

    def _in(self, node: exp.Expr) -> str:
        if node.args.get("unnest") or node.args.get("field"):
            raise UnknownNameError("IN of another form")
        values = "listquery()" if node.args.get("query") else self.names(node.expressions)
        return f"({self.name(node.this)} IN ({values}))"

    def _tuple(self, node: exp.Expr) -> str:
        parts = []
        for position, value in enumerate(node.expressions, start=1):
            is_named = isinstance(value, exp.Column | exp.Identifier)
            parts += [value.name if is_named else f"col{position}", self.name(value)]
        return f"named_struct({', '.join(parts)})"

    def _like(self, node: exp.Expr) -> str:
        pattern = node.expression
        insensitive = isinstance(node, exp.ILike)
        negated = bool(node.args.get("negate"))
        subject = self.name(node.this)
        if isinstance(pattern, exp.Any | exp.All):
            function = (
                f"{'not' if negated else ''}like{'any' if isinstance(pattern, exp.Any) else 'all'}"
            )
            return f"{function}({f'lower({subject})' if insensitive else subject})"
        text = call_name("ilike" if insensitive else "like", [subject, self.name(pattern)])
        return f"(NOT {text})" if negated else text

    def _escape(self, node: exp.Expr) -> str:
        like = node.this
        if isinstance(like, exp.ILike):
            return self.name(like)
        text = call_name(
            "like", [self.name(part) for part in (like.this, like.expression, node.expression)]
        )
        return f"(NOT {text})" if like.args.get("negate") else text

    def _case(self, node: exp.Expr) -> str:
        base = f"({self.name(node.this)} = " if node.this else ""
        parts = []
        for one in node.args["ifs"]:
            condition = self.name(one.this)
            when = f"{base}{condition})" if base else condition
            parts.append(f"WHEN {when} THEN {self.name(one.args['true'])}")
        if default := node.args.get("default"):
            parts.append(f"ELSE {self.name(default)}")
        return f"CASE {' '.join(parts)} END"

    def _if(self, node: exp.Expr) -> str:
        return f"(IF({self.names([node.this, node.args['true'], node.args['false']])}))"

    def _bracket(self, node: exp.Expr) -> str:
        return f"{self.name(node.this)}[{self.names(node.expressions)}]"

    def _dot(self, node: exp.Expr) -> str:
        if isinstance(node.expression, exp.Anonymous):
            if node.this.sql().lower() in ("builtin", "system.builtin"):
                return self.name(node.expression)
            raise UnknownNameError("a function of Unity Catalog")
        if isinstance(node.this, exp.Anonymous) and str(node.this.name).lower() in _MAPS:
            return f"{self.name(node.this)}[{node.expression.name}]"
        return f"{self.name(node.this)}.{node.expression.name}"

    def _trim(self, node: exp.Expr) -> str:
        side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
            node.args.get("position") or "", "trim"
        )
        characters = node.expression
        return call_name(side, [self.name(part) for part in (characters, node.this) if part])

    def _keyword_call(self, name: str, node: exp.Expr, keys: Sequence[str]) -> str:
        parts = [node.args[key] for key in keys if node.args.get(key) is not None]
        return call_name(name, [self.name(part) for part in parts])

    def _window(self, node: exp.Expr) -> str:
        return f"{self.name(node.this)} OVER ({frame_name(self, node)})"

    def _ignore_nulls(self, node: exp.Expr) -> str:
        name = self.name(node.this)
        for function in ("first", "last"):
            if name.startswith(f"{function}_value("):
                return f"{function}{name.removeprefix(f'{function}_value')}"
        ignores = isinstance(node, exp.IgnoreNulls)
        return f"{name} ignore nulls" if ignores and name.startswith("nth_value(") else name

    def _within_group(self, node: exp.Expr) -> str:
        name = self.name(node.this)
        (ordered,) = node.expression.expressions
        if name == "mode()":
            direction = "" if ordered.args.get("desc") else " DESC"
            return f"mode() WITHIN GROUP (ORDER BY {self.name(ordered.this)}{direction})"
        if name.startswith("percentile_"):
            order = f"{self.name(ordered.this)}{' DESC' if ordered.args.get('desc') else ''}"
        else:
            order = order_name(self, node.expression)
        function = (
            f"listagg{name.removeprefix('string_agg')}" if name.startswith("string_agg(") else name
        )
        return f"{function} WITHIN GROUP (ORDER BY {order})"

    def _subquery(self, node: exp.Expr) -> str:
        outer = self._outer_columns(node)
        return f"{'exists' if isinstance(node, exp.Exists) else 'scalarsubquery'}({outer})"

    def _outer_columns(self, node: exp.Expr) -> str:
        """Return the columns of this query that a subquery uses; each has the name of its relation."""
        inner = {name for select in node.find_all(exp.Select) for name in relations_of(select)}
        names = [
            column.name
            for column in node.find_all(exp.Column)
            if column.table and column.table.lower() not in inner
        ]
        return ", ".join(dict.fromkeys(names))

    WRITERS: ClassVar[dict[type[exp.Expr], Callable[[SparkNames, exp.Expr], str]]] = {
        exp.Paren: lambda self, node: self.name(node.this),
        exp.Column: _column,
        exp.Identifier: _identifier,
        exp.Literal: _literal,
        exp.RawString: lambda self, node: str(node.this),
        exp.HexString: lambda self, node: f"X'{str(node.this).upper()}'",
        exp.Null: lambda self, node: "NULL",
        exp.Boolean: lambda self, node: "true" if node.this else "false",
        exp.Interval: lambda self, node: interval_name(node),
        exp.Neg: _negative,
        exp.BitwiseNot: lambda self, node: f"~{self.name(node.this)}",
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Anonymous: _call,
        exp.Lambda: _lambda,
        exp.Is: _is,
        exp.Not: _not,
        exp.In: _in,
        exp.Tuple: _tuple,
        exp.Between: lambda self, node: (
            f"between({self.names([node.this, node.args['low'], node.args['high']])})"
        ),
        exp.Like: _like,
        exp.ILike: _like,
        exp.Escape: _escape,
        exp.RegexpLike: lambda self, node: f"RLIKE({self.names([node.this, node.expression])})",
        exp.DPipe: lambda self, node: f"concat({self.names([node.this, node.expression])})",
        exp.Case: _case,
        exp.If: _if,
        exp.Bracket: _bracket,
        exp.Dot: _dot,
        exp.Trim: _trim,
        exp.Substring: lambda self, node: self._keyword_call(
            "substring", node, ("this", "start", "length")
        ),
        exp.Overlay: lambda self, node: self._keyword_call(
            "overlay", node, ("this", "expression", "from_", "for_")
        ),
        exp.Extract: lambda self, node: (
            f"extract({node.meta.get(UNIT, node.this.name)} FROM {self.name(node.expression)})"
        ),
        exp.CurrentDate: lambda self, node: "current_date()",
        exp.CurrentTimestamp: lambda self, node: "current_timestamp()",
        exp.CurrentUser: lambda self, node: "current_user()",
        exp.Collate: lambda self, node: f"collate({self.name(node.this)}, {node.expression.name})",
        exp.Filter: lambda self, node: (
            f"{self.name(node.this)} FILTER (WHERE {self.name(node.expression.this)})"
        ),
        exp.Window: _window,
        exp.IgnoreNulls: _ignore_nulls,
        exp.RespectNulls: _ignore_nulls,
        exp.WithinGroup: _within_group,
        exp.Subquery: _subquery,
        exp.Exists: _subquery,
    }
    """A kind of node -> what writes its name."""


def is_field(node: exp.Expr) -> bool:
    """Return whether an expression is a column, or a field of one, so that its last name is its name."""
    while isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        node = without_parentheses(node.this)
    return isinstance(node, exp.Column) and not (
        isinstance(node.this, exp.Star) or node.meta.get(PLUS)
    )


def without_parentheses(node: exp.Expr) -> exp.Expr:
    """Return what stands between parentheses; a subquery stays one."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def is_column(node: exp.Expr, relations: Collection[str]) -> bool:
    """Return whether an expression is a column of a relation, and no field of one."""
    if not isinstance(node, exp.Column):
        return False
    return len(own_parts([part.name for part in node.parts], relations)) == 1


def last_name(node: exp.Expr) -> str:
    """Return the last of the names that lead to a column or to a field."""
    last = node.expression if isinstance(node, exp.Dot) else node
    return str(last.name)


def own_parts(parts: Sequence[str], relations: Collection[str]) -> Sequence[str]:
    """Return the name of a column and of its field without that of the relation.

    Examples
    --------
    >>> own_parts(["t", "s", "x"], {"t"}), own_parts(["main", "dev", "t", "s"], {"t"}), own_parts(["s", "x"], {"t"})
    (['s', 'x'], ['s'], ['s', 'x'])
    """
    for position in range(min(3, len(parts) - 1)):
        if parts[position].lower() in relations:
            return parts[position + 1 :]
    return parts


def relations_of(select: exp.Expr) -> set[str]:
    """Return the names of the relations of a query in lower case."""
    from_ = select.args.get("from_")
    relations = [from_.this] if from_ is not None else []
    relations += [join.this for join in select.args.get("joins") or []]
    relations += select.args.get("laterals") or []
    return {relation.alias_or_name.lower() for relation in relations}


def is_literal(node: exp.Expr) -> bool:
    """Return whether a cast is a literal with a type: ``DATE'2024-01-01'``, ``1.5D``."""
    if not isinstance(node, exp.Cast) or not isinstance(node.this, exp.Literal):
        return False
    return bool(node.meta.get(LITERAL) or node.meta.get(SUFFIX))


def type_name(to: exp.Expr) -> str:
    """Return a type as Spark writes it in a cast.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse_expression
    >>> [type_name(parse_expression(f"CAST(a AS {text})").args["to"]) for text in ("long", "decimal", "numeric(5, 1)")]
    ['BIGINT', 'DECIMAL(10,0)', 'DECIMAL(5,1)']
    """
    kind = to.this
    if kind == exp.DType.TIME:
        raise UnknownNameError("a TIME")
    if isinstance(kind, exp.Interval):
        return f"INTERVAL {kind.args['unit'].sql()}"
    parameters = [parameter.this.name for parameter in to.expressions]
    if kind == exp.DType.DECIMAL:
        return f"DECIMAL({','.join([*parameters, *['10', '0'][len(parameters) :]])})"
    if kind in (exp.DType.VARCHAR, exp.DType.CHAR):
        return "STRING"
    return _TYPES[kind] if kind in _TYPES else to.sql("databricks").upper()


def type_of(node: exp.Expr) -> str | None:
    """Return ``DATE``, ``TIMESTAMP``, ``INT`` or ``INTERVAL`` if the tree tells that an expression has the type."""
    node = without_parentheses(node)
    if _is_interval(node):
        return "INTERVAL"
    if isinstance(node, exp.Cast):
        kind = type_name(node.args["to"])
        return kind if kind in ("DATE", "TIMESTAMP", "INT") else "OTHER"
    if isinstance(node, exp.Literal):
        return "INT" if node.is_int else "OTHER"
    if isinstance(node, exp.CurrentDate):
        return "DATE"
    if isinstance(node, exp.CurrentTimestamp):
        return "TIMESTAMP"
    if isinstance(node, exp.Anonymous):
        name = str(node.name).lower()
        return "DATE" if name in _DATES else "TIMESTAMP" if name in _TIMESTAMPS else None
    if isinstance(node, exp.Add | exp.Sub) and _is_interval(node.expression):
        return type_of(node.this)
    return None


def _is_interval(node: exp.Expr) -> bool:
    return isinstance(node, exp.Interval) or bool(node.meta.get(INTERVAL))
