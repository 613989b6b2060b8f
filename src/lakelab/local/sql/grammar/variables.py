"""``DECLARE``, ``SET VARIABLE``, ``DROP TEMPORARY VARIABLE`` and ``EXECUTE IMMEDIATE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-declare-variable,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-set-variable,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-drop-variable and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-execute-immediate

Tested in ``tests/local/sql/statements/test_variable.py``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import Name, StatementNode, StatementParser

DEFAULT = "DEFAULT"
"""The value of an assignment of the default."""


class DeclareVariable(StatementNode):
    """``DECLARE [OR REPLACE] [VARIABLE] names [type] [{DEFAULT | =} value]``; `value` is text."""

    arg_types: ClassVar[dict[str, bool]] = {
        "names": True,
        "replace": False,
        "kind": False,
        "value": False,
    }


class SetVariable(StatementNode):
    """``SET {VAR | VARIABLE} name = value, ...`` or ``(names) = (query)``; values and query are text."""

    arg_types: ClassVar[dict[str, bool]] = {"names": True, "values": False, "query": False}


class DropVariable(StatementNode):
    """``DROP TEMPORARY VARIABLE [IF EXISTS] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "exists": False}


class ExecuteImmediate(StatementNode):
    """``EXECUTE IMMEDIATE text [INTO names] [USING values]``.

    `text` is the text of an expression; `arguments` has the text and the name or None of each value.
    """

    arg_types: ClassVar[dict[str, bool]] = {"text": True, "into": False, "arguments": False}


class VariableParser(StatementParser):
    """Parse the statements about variables of the session."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "DECLARE": ("_parse_declare_variable",),
        "SET": ("_parse_set_variable",),
        "DROP": ("_parse_drop_variable",),
        "EXECUTE": ("_parse_execute_immediate",),
    }

    def _parse_declare_variable(self) -> DeclareVariable | None:
        self._require_words("DECLARE")
        replace = self._match_words("OR REPLACE")
        if self._curr and self._curr.text.upper() in ("VARIABLE", "VAR") and not self._names_end():
            self._advance()
        names = list(self._parse_csv(self._parse_name))
        kind, value = None, None
        if not self._match_one_of_value():
            kind = self._parse_types()
            if kind is None:
                self._refuse("expected a type, DEFAULT or =")
            has_value = self._match_one_of_value()
        else:
            has_value = True
        if has_value:
            value = self._parse_text_of_expression()
        self._require_end()
        return DeclareVariable(names=names, replace=replace, kind=kind, value=value)

    def _names_end(self) -> bool:
        """Return whether the next word is itself a name: ``DECLARE variable = 1``."""
        return bool(self._next) and (
            self._next.token_type == TokenType.EQ or self._next.text.upper() == DEFAULT
        )

    def _match_one_of_value(self) -> bool:
        return bool(self._match(TokenType.EQ)) or self._match_words(DEFAULT)

    def _parse_text_of_expression(self) -> str:
        """Parse an expression, and return its text."""
        start = self._curr
        if not start or self._parse_disjunction() is None:
            self._refuse("expected an expression")
        return str(self._find_sql(start, self._prev))

    def _parse_set_variable(self) -> SetVariable | None:
        if not self._match_one_of("SET VARIABLE", "SET VAR"):
            return None
        if not self._curr or self._curr.token_type == TokenType.EQ:
            return None  # SET var = 1 is a setting
        if self._match(TokenType.L_PAREN, advance=False):
            names = self._parse_in_parentheses(self._parse_name)
            self._require_equal_sign()
            query = self._parse_rest()
            return SetVariable(names=names, query=query)
        pairs = list(self._parse_csv(self._parse_assigned))
        self._require_end()
        return SetVariable(names=[n for n, _ in pairs], values=[value for _, value in pairs])

    def _parse_assigned(self) -> tuple[Name, str]:
        name = self._parse_name()
        self._require_equal_sign()
        return name, DEFAULT if self._match_words(DEFAULT) else self._parse_text_of_expression()

    def _require_equal_sign(self) -> None:
        if not self._match(TokenType.EQ):
            self._refuse("expected =")

    def _parse_drop_variable(self) -> DropVariable | None:
        if not self._match_one_of("DROP TEMPORARY VARIABLE", "DROP TEMP VARIABLE"):
            return None
        exists = self._match_words("IF EXISTS")
        node = DropVariable(this=self._parse_name(), exists=exists)
        self._require_end()
        return node

    def _parse_execute_immediate(self) -> ExecuteImmediate | None:
        if not self._match_words("EXECUTE IMMEDIATE"):
            return None
        text = self._parse_text_of_expression()
        into = list(self._parse_csv(self._parse_name)) if self._match_words("INTO") else []
        arguments = []
        if self._match_words("USING"):
            wrapped = self._match(TokenType.L_PAREN)
            arguments = list(self._parse_csv(self._parse_argument))
            if wrapped:
                self._match_r_paren()
        self._require_end()
        return ExecuteImmediate(text=text, into=into, arguments=arguments)

    def _parse_argument(self) -> tuple[str, str | None]:
        """Parse ``value [[AS] name]``."""
        text = self._parse_text_of_expression()
        is_named = self._match_words("AS") or (
            self._curr is not None
            and self._curr.token_type not in (TokenType.COMMA, TokenType.R_PAREN)
        )
        if not is_named or not self._curr:
            return text, None
        name = self._parse_level()
        assert isinstance(name, exp.Identifier)
        return text, name.name
