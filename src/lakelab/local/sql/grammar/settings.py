"""``SET``, ``RESET`` and ``SET TIME ZONE``: settings of the session.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-reset and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set-timezone

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser


class SetConfig(StatementNode):
    """``SET key [= value]``."""

    arg_types: ClassVar[dict[str, bool]] = {"key": True, "value": False}


class ShowConfigs(StatementNode):
    """``SET`` or ``SET -v``."""

    arg_types: ClassVar[dict[str, bool]] = {"described": True}


class SetTimeZone(StatementNode):
    """``SET TIME ZONE {LOCAL | 'zone' | INTERVAL ...}``; LOCAL has neither a zone nor an interval."""

    arg_types: ClassVar[dict[str, bool]] = {"zone": False, "interval": False}


class ResetConfig(StatementNode):
    """``RESET [key]``."""

    arg_types: ClassVar[dict[str, bool]] = {"key": False}


class SettingsParser(StatementParser):
    """Parse the statements about settings of the session."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "SET": ("_parse_set_time_zone", "_parse_set_config"),
        "RESET": ("_parse_reset_config",),
    }

    def _parse_set_time_zone(self) -> SetTimeZone | None:
        if not self._match_words("SET TIME ZONE"):
            return None
        if self._match_words("LOCAL"):
            node = SetTimeZone()
        elif self._curr and self._curr.text.upper() == "INTERVAL":
            node = SetTimeZone(interval=self._parse_rest())
        else:
            zone = self._parse_text()
            if zone is None:
                self._refuse("expected LOCAL, a zone in quotes, or INTERVAL")
            node = SetTimeZone(zone=zone)
        self._require_end()
        return node

    def _parse_set_config(self) -> SetConfig | ShowConfigs | None:
        self._require_words("SET")
        if not self._curr:
            return ShowConfigs(described=False)
        if self._match(TokenType.DASH):
            self._require_words("V")
            self._require_end()
            return ShowConfigs(described=True)
        key = self._parse_config_key()
        if key is None:
            return None
        value = self._parse_rest() if self._match(TokenType.EQ) else None
        return SetConfig(key=key, value=value)

    def _parse_reset_config(self) -> ResetConfig | None:
        self._require_words("RESET")
        return ResetConfig(key=self._parse_config_key() if self._curr else None)

    def _parse_config_key(self) -> str | None:
        """Parse the text up to an equal sign; None if it has spaces, so that it is no key."""
        start = self._curr
        while self._curr and self._curr.token_type != TokenType.EQ:
            if self._curr is not start and self._curr.start != self._prev.end + 1:
                return None
            self._advance()
        return None if self._curr is start else self._find_sql(start, self._prev).strip("`")
