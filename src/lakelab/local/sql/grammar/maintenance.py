"""``OPTIMIZE``, ``VACUUM``, ``RESTORE``, ``REFRESH TABLE`` and ``TRUNCATE TABLE``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-optimize,
https://docs.databricks.com/aws/en/sql/language-manual/delta-vacuum,
https://docs.databricks.com/aws/en/sql/language-manual/delta-restore and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-cache-refresh-table

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser


class Optimize(StatementNode):
    """``OPTIMIZE name [FULL] [WHERE ...] [ZORDER BY (columns)]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "where": False, "columns": False}


class Vacuum(StatementNode):
    """``VACUUM name [FULL | LITE] [RETAIN hours HOURS] [DRY RUN]``."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "lite": False,
        "hours": False,
        "dry_run": False,
    }


class Restore(StatementNode):
    """``RESTORE [TABLE] name [TO] {VERSION AS OF version | TIMESTAMP AS OF expression}``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "version": False, "timestamp": False}


class RefreshTable(StatementNode):
    """``REFRESH [TABLE] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class TruncateTable(StatementNode):
    """``TRUNCATE TABLE name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class MaintenanceParser(StatementParser):
    """Parse the statements that maintain the files of a table."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "OPTIMIZE": ("_parse_optimize",),
        "VACUUM": ("_parse_vacuum",),
        "RESTORE": ("_parse_restore",),
        "REFRESH": ("_parse_refresh_table",),
        "TRUNCATE": ("_parse_truncate_statement",),
    }

    def _parse_optimize(self) -> Optimize | None:
        if not self._match_words("OPTIMIZE"):
            return None
        name = self._parse_name()
        self._match_words("FULL")
        where = self._parse_where()
        columns = (
            self._parse_in_parentheses(lambda: self._parse_level().name)
            if self._match_words("ZORDER BY")
            else []
        )
        return Optimize(this=name, where=where, columns=columns)

    def _parse_vacuum(self) -> Vacuum | None:
        if not self._match_words("VACUUM"):
            return None
        name = self._parse_name()
        kind = self._match_one_of("FULL", "LITE")
        hours = None
        if self._match_words("RETAIN"):
            hours = self._parse_number()
            if hours is None or not self._match_words("HOURS"):
                return None
        dry_run = self._match_words("DRY RUN")
        return Vacuum(this=name, lite=kind == "LITE", hours=hours, dry_run=dry_run)

    def _parse_restore(self) -> Restore | None:
        if not self._match_words("RESTORE"):
            return None
        self._match_words("TABLE")
        name = self._parse_name()
        self._match_words("TO")
        if self._match_words("VERSION AS OF"):
            return Restore(this=name, version=self._parse_number())
        if self._match_words("TIMESTAMP AS OF"):
            return Restore(this=name, timestamp=self._parse_rest())
        return None

    def _parse_refresh_table(self) -> RefreshTable | None:
        if not self._match_words("REFRESH"):
            return None
        self._match_words("TABLE")
        return RefreshTable(this=self._parse_name())

    def _parse_truncate_statement(self) -> TruncateTable | None:
        self._require_words("TRUNCATE TABLE")
        node = TruncateTable(this=self._parse_name())
        self._require_end()
        return node
