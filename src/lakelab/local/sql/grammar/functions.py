"""``CREATE``, ``DROP``, ``DESCRIBE`` and ``SHOW`` of functions.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-sql-function and the pages
of the other statements beside it

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser


class CreateFunction(StatementNode):
    """``CREATE FUNCTION``; `this` is sqlglot's node, and `body` the text between the dollar signs."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "body": False}


class DropFunction(StatementNode):
    """``DROP [TEMPORARY] FUNCTION [IF EXISTS] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "exists": False, "temporary": False}


class DescribeFunction(StatementNode):
    """``DESCRIBE FUNCTION [EXTENDED] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "extended": False}


class ShowFunctions(StatementNode):
    """``SHOW [USER | ALL | SYSTEM] FUNCTIONS [IN schema] [LIKE pattern]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": False, "kind": False, "like": False}


class FunctionParser(StatementParser):
    """Parse the statements about functions."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "CREATE": ("_parse_create_function",),
        "DROP": ("_parse_drop_function",),
        "DESCRIBE": ("_parse_describe_function",),
        "DESC": ("_parse_describe_function",),
        "SHOW": ("_parse_show_functions",),
    }

    def _parse_create_function(self) -> CreateFunction | None:
        start = self._index
        self._require_words("CREATE")
        self._match_words("OR REPLACE")
        self._match_one_of("TEMPORARY", "TEMP")
        if not self._match_words("FUNCTION"):
            return None
        # sqlglot strips the body, whose indentation counts
        bodies = [t for t in self._tokens if t.token_type == TokenType.HEREDOC_STRING]
        self._retreat(start)
        create = super()._parse_statement()
        self._require_end()
        if not isinstance(create, exp.Create) or not isinstance(
            create.this, exp.UserDefinedFunction
        ):
            self._refuse("it is no CREATE FUNCTION name(parameter TYPE, ...) RETURNS TYPE ...")
        body = bodies[-1].text if isinstance(create.expression, exp.Heredoc) else None
        return CreateFunction(this=create, body=body)

    def _parse_drop_function(self) -> DropFunction | None:
        self._require_words("DROP")
        temporary = self._match_one_of("TEMPORARY", "TEMP") is not None
        if not self._match_words("FUNCTION"):
            return None
        exists = self._match_words("IF EXISTS")
        node = DropFunction(this=self._parse_name(), exists=exists, temporary=temporary)
        self._require_end()
        return node

    def _parse_describe_function(self) -> DescribeFunction | None:
        self._match_one_of("DESCRIBE", "DESC")
        if not self._is_kind("FUNCTION"):
            return None
        self._advance()
        extended = self._is_kind("EXTENDED") and self._match_words("EXTENDED")
        return DescribeFunction(this=self._parse_name(), extended=extended)

    def _parse_show_functions(self) -> ShowFunctions | None:
        self._require_words("SHOW")
        kind = self._match_one_of("USER", "ALL", "SYSTEM")
        if not self._match_words("FUNCTIONS"):
            return None
        name, like = self._parse_in_and_like()
        return ShowFunctions(this=name, kind=kind, like=like)
