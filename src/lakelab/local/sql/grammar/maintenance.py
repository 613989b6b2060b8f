"""``OPTIMIZE``, ``VACUUM``, ``RESTORE``, ``TRUNCATE``, ``ANALYZE``, and ``CACHE`` and ``REFRESH`` of tables.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-optimize,
https://docs.databricks.com/aws/en/sql/language-manual/delta-vacuum,
https://docs.databricks.com/aws/en/sql/language-manual/delta-restore,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-cache-refresh-table and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-analyze-table

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


class AnalyzeTable(StatementNode):
    """``ANALYZE TABLE name [PARTITION (...)] COMPUTE [DELTA] STATISTICS [NOSCAN | FOR [ALL] COLUMNS [names]]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "columns": False}


class AnalyzeTables(StatementNode):
    """``ANALYZE TABLES [IN schema] COMPUTE STATISTICS [NOSCAN]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": False}


class CacheTable(StatementNode):
    """``CACHE [LAZY] TABLE name [OPTIONS (...)] [[AS] query]``; `query` is the text of the query."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "query": False}


class UncacheTable(StatementNode):
    """``UNCACHE TABLE [IF EXISTS] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "exists": False}


class ClearCache(StatementNode):
    """``CLEAR CACHE``."""


class MaintenanceParser(StatementParser):
    """Parse the statements that maintain the files of a table."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "OPTIMIZE": ("_parse_optimize",),
        "VACUUM": ("_parse_vacuum",),
        "RESTORE": ("_parse_restore",),
        "REFRESH": ("_parse_refresh_table",),
        "TRUNCATE": ("_parse_truncate_statement",),
        "ANALYZE": ("_parse_analyze_tables",),
        "CACHE": ("_parse_cache_table",),
        "UNCACHE": ("_parse_uncache_table",),
        "CLEAR": ("_parse_clear_cache",),
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

    def _parse_analyze_tables(self) -> AnalyzeTable | AnalyzeTables | None:
        self._require_words("ANALYZE")
        if self._match_words("TABLES"):
            schema = self._parse_name() if self._match_one_of("IN", "FROM") else None
            self._require_words("COMPUTE STATISTICS")
            self._match_words("NOSCAN")
            self._require_end()
            return AnalyzeTables(this=schema)
        self._require_words("TABLE")
        name = self._parse_name()
        if self._match_words("PARTITION"):
            self._parse_in_parentheses(self._parse_disjunction)
        self._require_words("COMPUTE")
        self._match_words("DELTA")
        self._require_words("STATISTICS")
        columns: list[str] = []
        if self._match_words("FOR COLUMNS"):
            columns = self._parse_csv(lambda: self._parse_level().name)
        else:
            self._match_one_of("NOSCAN", "FOR ALL COLUMNS")
        self._require_end()
        return AnalyzeTable(this=name, columns=columns)

    def _parse_cache_table(self) -> CacheTable | None:
        self._require_words("CACHE")
        self._match_words("LAZY")
        if not self._match_words("TABLE"):
            return None
        name = self._parse_name()
        if self._match_words("OPTIONS"):
            self._parse_in_parentheses(self._parse_disjunction)
        self._match_words("AS")
        return CacheTable(this=name, query=self._parse_rest())

    def _parse_uncache_table(self) -> UncacheTable:
        self._require_words("UNCACHE TABLE")
        exists = self._match_words("IF EXISTS")
        node = UncacheTable(this=self._parse_name(), exists=exists)
        self._require_end()
        return node

    def _parse_clear_cache(self) -> ClearCache:
        self._require_words("CLEAR CACHE")
        self._require_end()
        return ClearCache()
