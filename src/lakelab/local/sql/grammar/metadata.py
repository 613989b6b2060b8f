"""``DESCRIBE`` and ``SHOW`` of catalogs, schemas, tables and columns.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-describe-table and the pages of
the other statements beside it

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser

_LISTS = ("CATALOGS", "SCHEMAS", "DATABASES", "NAMESPACES", "TABLES", "VIEWS")
_READING = ("QUERY", "SELECT", "VALUES", "WITH", "FROM")
_QUERIES = (*_READING, "INSERT", "MERGE", "UPDATE", "DELETE")


class DescribeNamespace(StatementNode):
    """``DESCRIBE [CATALOG | SCHEMA] [EXTENDED] name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "extended": False}


class DescribeCatalog(DescribeNamespace):
    """``DESCRIBE CATALOG``."""


class DescribeSchema(DescribeNamespace):
    """``DESCRIBE SCHEMA``."""


class DescribeTable(StatementNode):
    """``DESCRIBE [TABLE] [EXTENDED] name [column]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "extended": False, "column": False}


class DescribeDetail(StatementNode):
    """``DESCRIBE DETAIL name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class DescribeHistory(StatementNode):
    """``DESCRIBE HISTORY name [LIMIT number]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "limit": False}


class ShowList(StatementNode):
    """``SHOW kind [IN name] [LIKE pattern]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": False, "like": False}


class ShowCatalogs(ShowList):
    """``SHOW CATALOGS``."""


class ShowSchemas(ShowList):
    """``SHOW SCHEMAS``."""


class ShowTables(ShowList):
    """``SHOW TABLES``."""


class ShowViews(ShowList):
    """``SHOW VIEWS``."""


class ShowColumns(StatementNode):
    """``SHOW COLUMNS IN table [IN schema]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "schema": False}


class ShowCreateTable(StatementNode):
    """``SHOW CREATE TABLE name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class DescribeQuery(StatementNode):
    """``DESCRIBE [QUERY] query``; `query` is the text of the query."""

    arg_types: ClassVar[dict[str, bool]] = {"query": True}


class ShowPartitions(StatementNode):
    """``SHOW PARTITIONS name [PARTITION (column = value, ...)]``; `values` has None for a column without value."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "values": False}


class MetadataParser(StatementParser):
    """Parse the statements that show what there is."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "DESCRIBE": (
            "_parse_describe_namespace",
            "_parse_describe_delta",
            "_parse_describe_query",
            "_parse_describe_table",
        ),
        "DESC": (
            "_parse_describe_namespace",
            "_parse_describe_delta",
            "_parse_describe_query",
            "_parse_describe_table",
        ),
        "SHOW": (
            "_parse_show_list",
            "_parse_show_columns",
            "_parse_show_create_table",
            "_parse_show_partitions",
        ),
    }

    def _parse_describe_namespace(self) -> DescribeNamespace | None:
        self._match_one_of("DESCRIBE", "DESC")
        if not self._is_kind("CATALOG", "SCHEMA", "DATABASE", "NAMESPACE"):
            return None
        kind = self._match_one_of("CATALOG", "SCHEMA", "DATABASE", "NAMESPACE")
        extended = self._is_kind("EXTENDED") and self._match_words("EXTENDED")
        node = DescribeCatalog if kind == "CATALOG" else DescribeSchema
        described = node(this=self._parse_name(), extended=extended)
        self._require_end()
        return described

    def _parse_describe_delta(self) -> DescribeDetail | DescribeHistory | None:
        self._match_one_of("DESCRIBE", "DESC")
        if not self._is_kind("DETAIL", "HISTORY"):
            return None
        is_detail = self._match_one_of("DETAIL", "HISTORY") == "DETAIL"
        name = self._parse_name()
        limit = self._parse_number() if not is_detail and self._match_words("LIMIT") else None
        self._require_end()
        return DescribeDetail(this=name) if is_detail else DescribeHistory(this=name, limit=limit)

    def _parse_describe_query(self) -> DescribeQuery | None:
        self._match_one_of("DESCRIBE", "DESC")
        if not self._is_kind(*_READING, "("):
            return None
        self._match_words("QUERY")
        return DescribeQuery(query=self._parse_rest())

    def _parse_describe_table(self) -> DescribeTable | None:
        self._match_one_of("DESCRIBE", "DESC")
        if self._is_kind(*_QUERIES, "FUNCTION", "("):
            return None
        if self._is_kind("TABLE"):
            self._advance()
        extended = self._is_kind("EXTENDED", "FORMATTED")
        if extended:
            self._advance()
        if self._is_kind(*_QUERIES, "("):
            return None  # DESCRIBE EXTENDED SELECT
        name, column = self._parse_name(), None
        if self._curr and self._curr.text.upper() in ("AS", "PARTITION"):
            return None
        if self._curr:
            column = self._parse_level().name
        return DescribeTable(this=name, extended=extended, column=column)

    def _parse_show_list(self) -> ShowList | None:
        self._require_words("SHOW")
        kind = self._match_one_of(*_LISTS)
        if kind is None:
            return None
        name, like = self._parse_in_and_like()
        self._require_end()
        nodes = {"CATALOGS": ShowCatalogs, "TABLES": ShowTables, "VIEWS": ShowViews}
        return nodes.get(kind, ShowSchemas)(this=name, like=like)

    def _parse_show_columns(self) -> ShowColumns | None:
        self._require_words("SHOW")
        if not self._match_words("COLUMNS"):
            return None
        if not self._match_one_of("IN", "FROM"):
            self._refuse("expected IN")
        name = self._parse_name()
        schema = self._parse_name() if self._match_one_of("IN", "FROM") else None
        self._require_end()
        return ShowColumns(this=name, schema=schema)

    def _parse_show_create_table(self) -> ShowCreateTable | None:
        self._require_words("SHOW")
        if not self._match_words("CREATE TABLE"):
            return None
        return ShowCreateTable(this=self._parse_name())

    def _parse_show_partitions(self) -> ShowPartitions | None:
        self._require_words("SHOW")
        if not self._match_words("PARTITIONS"):
            return None
        name = self._parse_name()
        values = (
            dict(self._parse_in_parentheses(self._parse_partition_value))
            if self._match_words("PARTITION")
            else {}
        )
        self._require_end()
        return ShowPartitions(this=name, values=values)

    def _parse_partition_value(self) -> tuple[str, exp.Expr | None]:
        column = self._parse_level().name
        return column, self._parse_primary() if self._match(TokenType.EQ) else None
