"""``CREATE VIEW`` and ``ALTER VIEW``, but for temporary views, which are the engine's.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-view

Tested in ``tests/local/sql/statements/test_view.py``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot.tokens import TokenType

from lakelab.local.catalog import conditions
from lakelab.local.sql.grammar.parser import Name, StatementError, StatementNode, StatementParser

_SCHEMA_MODES = (
    "WITH SCHEMA BINDING",
    "WITH SCHEMA COMPENSATION",
    "WITH SCHEMA TYPE EVOLUTION",
    "WITH SCHEMA EVOLUTION",
)


class CreateView(StatementNode):
    """``CREATE [OR REPLACE] VIEW [IF NOT EXISTS] name [(columns)] clauses AS query``.

    `columns` has a name and a comment or None for each column, and `query` is the text of the query.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "columns": False,
        "comment": False,
        "properties": False,
        "schema_mode": False,
        "replace": False,
        "exists": False,
        "query": True,
    }


class AlterView(StatementNode):
    """``ALTER VIEW name action value``; `action` is a word, and `value` depends on it."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "action": True, "value": False}


class ViewParser(StatementParser):
    """Parse the statements that define views."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "CREATE": ("_parse_create_view",),
        "ALTER": ("_parse_alter_view",),
    }

    def _parse_create_view(self) -> CreateView | None:
        self._require_words("CREATE")
        replace = self._match_words("OR REPLACE")
        if not self._match_words("VIEW"):
            return None
        exists = self._match_words("IF NOT EXISTS")
        name = self._parse_name()
        if replace and exists:
            raise StatementError(
                f"CREATE VIEW {name.plain} with both IF NOT EXISTS and REPLACE is not allowed.",
                conditions.CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE,
            )
        columns = (
            self._parse_in_parentheses(self._parse_view_column)
            if self._match(TokenType.L_PAREN, advance=False)
            else []
        )
        clauses = self._parse_view_clauses()
        if not self._match_words("AS"):
            self._refuse("expected AS")
        if not self._curr:
            self._refuse("expected a query")
        return CreateView(
            this=name, columns=columns, replace=replace, exists=exists, query=self._parse_rest(), **clauses
        )  # fmt: skip

    def _parse_view_column(self) -> tuple[str, str | None]:
        """Parse ``name [COMMENT 'text']``."""
        name, comment = self._parse_level().name, None
        if self._match_words("COMMENT"):
            comment = self._parse_text()
        if not self._curr or self._curr.token_type not in (TokenType.COMMA, TokenType.R_PAREN):
            self._refuse("expected a column name [COMMENT 'text']")
        return name, comment

    def _parse_view_clauses(self) -> dict[str, Any]:
        clauses: dict[str, Any] = {"comment": None, "properties": {}, "schema_mode": None}
        while True:
            if self._match_words("COMMENT"):
                clauses["comment"] = self._parse_text()
            elif self._match_words("TBLPROPERTIES"):
                clauses["properties"] = dict(self._parse_in_parentheses(self._parse_named_property))
            elif mode := self._match_one_of(*_SCHEMA_MODES):
                clauses["schema_mode"] = mode
            else:
                return clauses

    def _parse_alter_view(self) -> AlterView | None:
        self._require_words("ALTER")
        if not self._match_words("VIEW"):
            return None
        name = self._parse_name()
        action = self._match_one_of(
            "RENAME TO", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "SET TAGS", "UNSET TAGS", "AS",
            *_SCHEMA_MODES,
        )  # fmt: skip
        if action is None:
            return None
        node = AlterView(this=name, action=action, value=self._parse_view_change(action))
        self._require_end()
        return node

    def _parse_view_change(self, action: str) -> str | Name | dict[str, str] | list[str]:
        """Parse what follows the action of ALTER VIEW."""
        if action == "RENAME TO":
            return self._parse_name()
        if action == "SET TBLPROPERTIES":
            return dict(self._parse_in_parentheses(self._parse_named_property))
        if action == "UNSET TBLPROPERTIES":
            self._match_words("IF EXISTS")
            return self._parse_in_parentheses(self._parse_property_name)
        return self._parse_rest()
