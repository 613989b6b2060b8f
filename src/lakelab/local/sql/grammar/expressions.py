"""Expressions and tables as the engine reads them: SQL text made from a tree means what the user's text means.

sqlglot has its own classes for some calls and operators, and writes them differently: ``a RLIKE b`` becomes
``REGEXP_LIKE(a, b)``, and the column of the result has another name then. Here a call stays as it was written, and
an operator is written as the user wrote it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-functions-builtin and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-literals

Tested in ``tests/local/sql/grammar/test_expressions.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.generators.databricks import DatabricksGenerator
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokens import Token, TokenType

from lakelab.local.sql.grammar.pipes import OTHER_FORM, PipeParser

LITERAL = "is_literal"
"""Mark of a cast that the user wrote as a literal: ``DATE'2024-01-31'``."""

SUFFIX = "suffix"
"""Mark of a cast that the user wrote as a suffix of a number, with the suffix: ``1.5D``."""

IS_REWRITTEN = "is_rewritten"
"""Mark of a tree with a literal that the engine would read otherwise than Spark."""

INFIX = "is_infix"
"""Mark of a negation that the user wrote inside: ``a IS NOT NULL``, ``a NOT IN (1)``."""

INTERVAL = "is_interval"
"""Mark of a sum that the user wrote as one interval: ``INTERVAL 1 DAY 2 HOURS``."""

PLUS = "is_plus"
"""Mark of an expression with a plus before it, which sqlglot leaves out: ``+a``."""

END = "written_end"
"""The position in the text after a result column."""

UNIT = "unit"
"""The field of an EXTRACT as the user wrote it."""

MAX_LEVEL = "max_level"
"""Argument of a common table expression: the number of MAX RECURSION LEVEL."""

_KEYWORD_ARGUMENTS = ("TRIM", "SUBSTRING", "SUBSTR", "POSITION", "OVERLAY")
"""Functions whose arguments may have keywords between them: ``SUBSTRING(a FROM 1 FOR 2)``."""


def _call_or(name: str) -> Callable[[Any], exp.Expr | None]:
    return lambda self: self._parse_plain_call(DatabricksParser.FUNCTION_PARSERS[name])


def _literal(self: Any, value: exp.Expr, kind: exp.DataType) -> exp.Expr:
    """Return a typed literal; what follows it, such as ``::STRING``, applies to its value."""
    literal = value
    while not isinstance(literal, exp.Literal):
        literal = literal.this
    cast = exp.Cast(this=literal.copy(), to=kind)
    cast.meta[LITERAL] = True
    if literal is value:
        return cast
    literal.replace(cast)
    return value


class ExpressionParser(PipeParser):
    """Parse expressions without a class for each function."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        **{name: DatabricksParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")},
        "EXTRACT": lambda self: self._parse_written_extract(),
        **{name: _call_or(name) for name in _KEYWORD_ARGUMENTS},
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: parser
        for name, parser in DatabricksParser.NO_PAREN_FUNCTION_PARSERS.items()
        if name not in ("ANY", "TRANSFORM")
    }
    UNARY_PARSERS: ClassVar[dict[Any, Any]] = {
        **DatabricksParser.UNARY_PARSERS,
        TokenType.PLUS: lambda self: self._parse_plus(),
    }
    # `array(1, 2)[0]` is an item of an array, and no array of one item
    ARRAY_CONSTRUCTORS: ClassVar[dict[str, Any]] = {}
    TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = dict.fromkeys(
        (
            exp.DType.DATE,
            exp.DType.TIMESTAMP,
            exp.DType.TIMESTAMPLTZ,
            exp.DType.TIMESTAMPNTZ,
            exp.DType.TIMESTAMPTZ,
        ),
        _literal,
    )
    VERSION_PHRASES: ClassVar[dict[tuple[str, ...], str]] = {
        **DatabricksParser.VERSION_PHRASES,
        ("FOR", "SYSTEM_VERSION"): "VERSION",
        ("SYSTEM_VERSION", "AS", "OF"): "VERSION",
        ("SYSTEM_TIME", "AS", "OF"): "TIMESTAMP",
    }

    def parse(self, raw_tokens: list[Token], sql: str) -> list[exp.Expr | None]:
        """Parse tokens; the function ``window`` is not the clause WINDOW, and ``'a''b'`` one literal."""
        for token, following in pairwise(raw_tokens):
            if token.token_type == TokenType.WINDOW and following.token_type == TokenType.L_PAREN:
                token.token_type = TokenType.VAR
        tokens = _join_quotes(raw_tokens, sql)
        trees: list[exp.Expr | None] = super().parse(tokens, sql)
        if tokens is not raw_tokens or _has_hexadecimal_escape(tokens, sql):
            for tree in filter(None, trees):
                tree.meta[IS_REWRITTEN] = True
        return trees

    def _parse_statement(self) -> exp.Expr | None:
        statement: exp.Expr | None = (
            self._parse_select() if self._is_table_query() else super()._parse_statement()
        )
        return statement

    def _parse_select(self, *args: Any, **options: Any) -> exp.Expr | None:
        """Parse a query; ``TABLE t`` is one, too."""
        if not self._is_table_query():
            is_from_first = self._curr and self._curr.token_type == TokenType.FROM
            query: exp.Expr | None = super()._parse_select(*args, **options)
            if is_from_first and query is not None:
                query.meta[OTHER_FORM] = True
            return query
        self._advance()
        table = exp.From(this=self._parse_table_parts())
        whole = exp.Select(expressions=[exp.Star()], from_=table)
        modified: exp.Expr | None = self._parse_query_modifiers(self._parse_set_operations(whole))
        if self._match(TokenType.PIPE_GT, advance=False) and isinstance(modified, exp.Query):
            modified = self._parse_pipe_syntax_query(modified)
        return modified

    def _parse_projections(self) -> tuple[list[exp.Expr], list[exp.Expr] | None]:
        """Parse the result columns of a query, and keep where each ends in the text."""
        return self._parse_csv(self._parse_result_column), None

    def _parse_result_column(self) -> exp.Expr | None:
        column: exp.Expr | None = self._parse_expression()
        if column is not None:
            column.meta[END] = self._prev.end + 1
        return column

    def _parse_cte(self) -> Any:
        """Parse a common table expression; ``MAX RECURSION LEVEL number`` may follow its name."""
        index = self._index
        alias = self._parse_table_alias(self.ID_VAR_TOKENS)
        if not self._match_text_seq("MAX", "RECURSION", "LEVEL"):
            self._retreat(index)
            return super()._parse_cte()
        level = self._curr.text if self._curr else ""
        self._advance()
        self._match(TokenType.ALIAS)
        query = self._parse_wrapped(self._parse_statement)
        table = exp.CTE(this=query, alias=alias)
        table.set(MAX_LEVEL, level)
        return table

    def _is_table_query(self) -> bool:
        return bool(
            self._curr
            and self._curr.token_type == TokenType.TABLE
            and self._next
            and self._next.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
        )

    def _parse_plain_call(self, parse: Callable[[Any], exp.Expr | None]) -> exp.Expr | None:
        """Parse the arguments of a call: with commas between them, or with the function's keywords."""
        index = self._index
        name = self._tokens[index - 2].text
        arguments = self._parse_csv(self._parse_disjunction)
        if self._match(TokenType.R_PAREN, advance=False):
            return exp.Anonymous(this=name, expressions=arguments)
        self._retreat(index)
        return parse(self)

    def _parse_written_extract(self) -> exp.Expr:
        unit = self._curr.text
        extract: exp.Expr = self._parse_extract()
        extract.meta[UNIT] = unit
        return extract

    def _parse_plus(self) -> exp.Expr | None:
        node = self._parse_unary()
        if node is not None:
            node.meta[PLUS] = True
        return node

    def _parse_primary(self) -> exp.Expr | None:
        primary: exp.Expr | None = super()._parse_primary()
        if isinstance(primary, exp.Concat):  # string literals one after the other are one literal
            return exp.Literal.string("".join(part.name for part in primary.expressions))
        if isinstance(primary, exp.Literal) and not primary.is_string and self._is_suffix():
            return self._parse_suffix(primary)
        return primary

    def _is_suffix(self) -> bool:
        """Return whether the tokenizer made a cast of the suffix of the number before."""
        number, cast = self._prev, self._curr
        return bool(
            cast and cast.token_type == TokenType.DCOLON and number and cast.start == number.start
        )

    def _parse_suffix(self, number: exp.Literal) -> exp.Expr:
        self._advance()
        kind = self._curr.text.upper()
        self._advance()
        cast = exp.Cast(this=number, to=_suffix_type(kind, number.name))
        cast.meta[SUFFIX] = kind
        return cast

    def _parse_is(self, this: exp.Expr | None) -> exp.Expr | None:
        return _marked(super()._parse_is(this))

    def _parse_interval(self, *args: Any, **options: Any) -> Any:
        interval = super()._parse_interval(*args, **options)
        if isinstance(interval, exp.Add):
            interval.meta[INTERVAL] = True
        return interval

    def _negate_range(self, this: exp.Expr | None = None) -> exp.Expr | None:
        return _marked(super()._negate_range(this))


def _suffix_type(suffix: str, number: str) -> exp.DataType:
    if suffix != "BD":
        return exp.DataType.build(Databricks.Tokenizer.NUMERIC_LITERALS[suffix])
    _, digits, exponent = Decimal(number).as_tuple()
    scale = max(-int(exponent), 0)
    precision = max(len(digits) + max(int(exponent), 0), scale)
    return exp.DataType.build(f"DECIMAL({precision}, {scale})")


def _join_quotes(tokens: list[Token], sql: str) -> list[Token]:
    """Return the tokens with one literal for ``'a''b'``, of which sqlglot and the engine make two.

    Returns
    -------
    list of Token
        The same list if there is no such literal.
    """
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if last is not None and _is_one_literal(last, token, sql):
            is_raw = last.token_type == TokenType.RAW_STRING
            text = f"{last.text}{'' if is_raw else sql[token.start]}{token.text}"
            joined[-1] = Token(
                last.token_type, text, last.line, last.col, last.start, token.end, last.comments
            )
        else:
            joined.append(token)
    return joined if len(joined) < len(tokens) else tokens


def _is_one_literal(left: Token, right: Token, sql: str) -> bool:
    """Return whether sqlglot would not read two literals as one, or not as the right one."""
    if left.token_type == TokenType.RAW_STRING:
        return right.token_type in (TokenType.RAW_STRING, TokenType.STRING)
    return (
        left.token_type == right.token_type == TokenType.STRING
        and left.end + 1 == right.start
        and sql[left.end] == sql[right.start]
    )


def _has_hexadecimal_escape(tokens: list[Token], sql: str) -> bool:
    r"""Return whether a literal has ``\x41``, of which the engine makes ``A``, and Spark ``x41``."""
    return "\\x" in sql and any(
        token.token_type == TokenType.STRING and "\\x" in sql[token.start : token.end]
        for token in tokens
    )


def _marked(node: exp.Expr | None) -> exp.Expr | None:
    if isinstance(node, exp.Not):
        node.meta[INFIX] = True
    return node


class ExpressionGenerator(DatabricksGenerator):
    """Write expressions as the user wrote them."""

    # a WITH stays where it is: the engine does not read one before INSERT
    EXPRESSIONS_WITHOUT_NESTED_CTES: ClassVar[set[type[exp.Expr]]] = set()
    TRANSFORMS: ClassVar[dict[Any, Any]] = {
        **DatabricksGenerator.TRANSFORMS,
        exp.BitwiseLeftShift: lambda self, node: self.binary(node, "<<"),
        exp.BitwiseRightShift: lambda self, node: self.binary(node, ">>"),
        exp.NullSafeEQ: lambda self, node: self.binary(node, "<=>"),
        exp.RegexpLike: lambda self, node: self.binary(node, "RLIKE"),
    }

    def cte_sql(self, expression: exp.CTE) -> str:
        text = str(super().cte_sql(expression))
        level, alias = expression.args.get(MAX_LEVEL), self.sql(expression, "alias")
        return text.replace(alias, f"{alias} MAX RECURSION LEVEL {level}", 1) if level else text

    def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
        if SUFFIX in expression.meta and isinstance(expression.this, exp.Literal):
            return f"{expression.this.name}{expression.meta[SUFFIX]}"
        if LITERAL in expression.meta and isinstance(expression.this, exp.Literal):
            return f"{self.sql(expression, 'to')}{self.sql(expression, 'this')}"
        return str(super().cast_sql(expression, safe_prefix))

    def not_sql(self, expression: exp.Not) -> str:
        text = str(super().not_sql(expression))
        inner = expression.this
        if INFIX not in expression.meta:
            return text
        if isinstance(inner, exp.Is):
            return f"{self.sql(inner, 'this')} IS NOT {self.sql(inner, 'expression')}"
        if isinstance(inner, exp.In | exp.Between | exp.RegexpLike):
            subject = self.sql(inner, "this")
            rest = self.sql(inner).removeprefix(subject)
            return f"{subject} NOT{rest}"
        return text
