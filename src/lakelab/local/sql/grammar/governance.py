"""``COMMENT ON``, ``SET TAGS``, ``OWNER TO``, ``GRANT``, ``REVOKE`` and ``SHOW GRANTS``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table#set-tags and
https://docs.databricks.com/aws/en/sql/language-manual/security-grant

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import Name, StatementNode, StatementParser


class CommentOn(StatementNode):
    """``COMMENT ON kind name IS {text | NULL}``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "kind": True, "text": False}


class ChangeTags(StatementNode):
    """``ALTER kind name [ALTER COLUMN column] {SET | UNSET} TAGS (key [= value], ...)``."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "kind": True,
        "column": False,
        "unset": False,
        "tags": True,
    }


class SetOwner(StatementNode):
    """``ALTER kind name [SET] OWNER TO principal``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "kind": True, "principal": True}


class GrantStatement(StatementNode):
    """``{GRANT | REVOKE} privileges ON [kind] name {TO | FROM} principal``."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "kind": False,
        "privileges": False,
        "principal": False,
    }


class GrantPrivileges(GrantStatement):
    """``GRANT``."""


class RevokePrivileges(GrantStatement):
    """``REVOKE``."""


class ShowGrants(GrantStatement):
    """``SHOW GRANTS [principal] ON [kind] name``."""


class GovernanceParser(StatementParser):
    """Parse the statements about comments, tags, owners and privileges."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "COMMENT": ("_parse_comment_on",),
        "ALTER": ("_parse_change_tags", "_parse_set_owner"),
        "GRANT": ("_parse_grant_privileges",),
        "REVOKE": ("_parse_revoke_privileges",),
        "SHOW": ("_parse_show_grants",),
    }

    def _parse_comment_on(self) -> CommentOn | None:
        self._require_words("COMMENT")
        self._require_words("ON")
        kind = self._match_one_of("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "COLUMN")
        if kind is None:
            self._refuse("expected CATALOG, SCHEMA, TABLE or COLUMN")
        name = self._parse_name()
        self._require_words("IS")
        text = self._parse_text()
        if text is None:
            self._require_words("NULL")
        self._require_end()
        return CommentOn(this=name, kind=kind, text=text)

    def _parse_change_tags(self) -> ChangeTags | None:
        self._require_words("ALTER")
        kind = self._match_one_of("CATALOG", "SCHEMA", "DATABASE", "TABLE")
        if kind is None:
            return None
        name, column = self._parse_name(), None
        if kind == "TABLE" and self._match_words("ALTER"):
            self._match_words("COLUMN")
            column = self._parse_level().name
        action = self._match_one_of("SET TAGS", "UNSET TAGS")
        if action is None:
            return None
        tags = dict(self._parse_in_parentheses(self._parse_tag))
        self._require_end()
        return ChangeTags(
            this=name, kind=kind, column=column, unset=action == "UNSET TAGS", tags=tags
        )

    def _parse_tag(self) -> tuple[str, str]:
        """Parse ``'key' = 'value'`` or ``'key'``, whose value is empty."""
        key = self._parse_text()
        value = self._parse_text() if self._match(TokenType.EQ) else ""
        if key is None or value is None:
            self._refuse("expected a tag in quotes")
        return key, value

    def _parse_set_owner(self) -> SetOwner | None:
        self._require_words("ALTER")
        kind = self._match_one_of("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "FUNCTION")
        if kind is None:
            return None
        name = self._parse_name()
        self._match_words("SET")
        if not self._match_words("OWNER TO"):
            return None
        node = SetOwner(this=name, kind=kind, principal=self._parse_word())
        self._require_end()
        return node

    def _parse_grant_privileges(self) -> GrantPrivileges | None:
        self._require_words("GRANT")
        privileges = self._parse_privileges()
        kind, name = self._parse_granted()
        self._require_words("TO")
        principal = self._parse_word()
        self._require_end()
        return GrantPrivileges(this=name, kind=kind, privileges=privileges, principal=principal)

    def _parse_revoke_privileges(self) -> RevokePrivileges | None:
        self._require_words("REVOKE")
        privileges = self._parse_privileges()
        kind, name = self._parse_granted()
        self._require_words("FROM")
        principal = self._parse_word()
        self._require_end()
        return RevokePrivileges(this=name, kind=kind, privileges=privileges, principal=principal)

    def _parse_show_grants(self) -> ShowGrants | None:
        self._require_words("SHOW")
        if not self._match_one_of("GRANTS", "GRANT"):
            return None
        at_principal = not self._match_words("ON")
        if not at_principal:
            self._retreat(self._index - 1)
        principal = self._parse_word() if at_principal else None
        kind, name = self._parse_granted()
        self._require_end()
        return ShowGrants(this=name, kind=kind, principal=principal)

    def _parse_privileges(self) -> list[str]:
        """Parse the privileges up to ON, each of one or more words."""
        return list(self._parse_csv(self._parse_privilege))

    def _parse_privilege(self) -> str:
        words = []
        while self._curr and self._curr.token_type not in (TokenType.COMMA, TokenType.ON):
            words.append(self._parse_privilege_word())
        if not words:
            self._refuse("expected a privilege")
        return " ".join(words)

    def _parse_privilege_word(self) -> str:
        text = str(self._curr.text)
        if self._is_quoted(self._curr) or not text.replace("_", "").replace(" ", "").isalpha():
            self._refuse("expected a privilege")
        self._advance()
        return text

    def _parse_granted(self) -> tuple[str | None, Name]:
        """Parse ``ON [kind] name``; without a kind, the name is that of a table."""
        self._require_words("ON")
        kind = None
        if not self._is_name_alone():
            kind = self._parse_level().name.upper()
            if kind in ("EXTERNAL", "STORAGE", "SERVICE") and not self._is_name_alone():
                kind += " " + self._parse_level().name.upper()
        return kind, self._parse_name()

    def _is_name_alone(self) -> bool:
        """Return whether the next level begins the name, and is no kind of object before it."""
        following = self._next
        return (
            not following
            or self._is_quoted(self._curr)
            or following.token_type == TokenType.DOT
            or (not self._is_quoted(following) and following.text.upper() in ("TO", "FROM"))
        )
