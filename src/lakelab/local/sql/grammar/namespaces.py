"""``USE``, and ``CREATE`` and ``DROP`` of schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-schema and the pages of
the other statements beside it

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import ClassVar

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser

SCHEMA = ("SCHEMA", "DATABASE", "NAMESPACE")
"""The words for a schema."""


class UseCatalog(StatementNode):
    """``{USE | SET} CATALOG name``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class UseSchema(StatementNode):
    """``USE [SCHEMA] name``; `kind` is the word, or None."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "kind": False}


class CreateNamespace(StatementNode):
    """``CREATE {SCHEMA | CATALOG} [IF NOT EXISTS] name [COMMENT text]``; `other` is the text of more clauses."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "exists": False,
        "comment": False,
        "other": False,
    }


class CreateSchema(CreateNamespace):
    """``CREATE SCHEMA``."""


class CreateCatalog(CreateNamespace):
    """``CREATE CATALOG``."""


class DropNamespace(StatementNode):
    """``DROP {SCHEMA | CATALOG} [IF EXISTS] name [RESTRICT | CASCADE]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "exists": False, "cascade": False}


class DropSchema(DropNamespace):
    """``DROP SCHEMA``."""


class DropCatalog(DropNamespace):
    """``DROP CATALOG``."""


class NamespaceParser(StatementParser):
    """Parse the statements about catalogs and schemas."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "USE": ("_parse_use_namespace",),
        "SET": ("_parse_set_catalog",),
        "CREATE": ("_parse_create_namespace",),
        "DROP": ("_parse_drop_namespace",),
    }

    def _parse_use_namespace(self) -> UseCatalog | UseSchema | None:
        self._require_words("USE")
        if self._is_kind("CATALOG"):
            self._advance()
            return self._parse_catalog_to_use()
        kind = None
        if self._is_kind(*SCHEMA):
            kind = self._match_one_of(*SCHEMA)
        node = UseSchema(this=self._parse_name(), kind=kind)
        self._require_end()
        return node

    def _parse_set_catalog(self) -> UseCatalog | None:
        if not self._match_words("SET CATALOG"):
            return None
        return self._parse_catalog_to_use()

    def _parse_catalog_to_use(self) -> UseCatalog:
        node = UseCatalog(this=self._parse_catalog_name())
        self._require_end()
        return node

    def _parse_create_namespace(self) -> CreateNamespace | None:
        self._require_words("CREATE")
        kind = self._match_one_of("CATALOG", *SCHEMA)
        if kind is None:
            return None
        exists = self._match_words("IF NOT EXISTS")
        name = self._parse_catalog_name() if kind == "CATALOG" else self._parse_name()
        comment = None
        if self._match_words("COMMENT"):
            comment = self._parse_text()
            if comment is None:
                self._refuse("expected a text in quotes")
        node = CreateCatalog if kind == "CATALOG" else CreateSchema
        return node(this=name, exists=exists, comment=comment, other=self._parse_rest())

    def _parse_drop_namespace(self) -> DropNamespace | None:
        self._require_words("DROP")
        kind = self._match_one_of("CATALOG", *SCHEMA)
        if kind is None:
            return None
        exists = self._match_words("IF EXISTS")
        name = self._parse_catalog_name() if kind == "CATALOG" else self._parse_name()
        cascade = self._match_one_of("RESTRICT", "CASCADE") == "CASCADE"
        self._require_end()
        node = DropCatalog if kind == "CATALOG" else DropSchema
        return node(this=name, exists=exists, cascade=cascade)
