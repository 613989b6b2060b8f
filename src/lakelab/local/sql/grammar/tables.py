"""Statements about tables that sqlglot leaves as text: ALTER COLUMN, CLUSTER BY, TBLPROPERTIES, keys and clones.

sqlglot parses the other actions of ALTER TABLE, CREATE TABLE, DROP TABLE and INSERT. A condition of CHECK and a
default keep the text that the user wrote, as Delta stores it.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table,
https://docs.databricks.com/aws/en/sql/language-manual/delta-clone and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-tblproperties

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.tokens import TokenType

from lakelab.local.sql.grammar.parser import StatementNode, StatementParser

_TEXT = "source_text"


def source_text(node: exp.Expr) -> str:
    """Return the condition of a CHECK constraint as the user wrote it."""
    return str(node.meta[_TEXT])


class AlterColumns(StatementNode):
    """``ALTER TABLE name ALTER COLUMN column change, ...``; `changes` are of `ColumnChange`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "changes": True}


class ColumnChange(exp.Expression):
    """The change of one column: `this` is the column's name, `action` and `value` are what changes."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "action": True, "value": False}


class DropPrimaryKey(StatementNode):
    """``ALTER TABLE name DROP PRIMARY KEY [IF EXISTS] [RESTRICT | CASCADE]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "exists": False}


class SetClustering(StatementNode):
    """``ALTER TABLE name CLUSTER BY {(columns) | NONE | AUTO}``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "columns": False, "auto": False}


class UnsetProperties(StatementNode):
    """``ALTER TABLE name UNSET TBLPROPERTIES [IF EXISTS] (keys)``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "keys": True, "exists": False}


class ShowProperties(StatementNode):
    """``SHOW TBLPROPERTIES name [(key)]``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "key": False}


class CloneTable(StatementNode):
    """``CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name [SHALLOW | DEEP] CLONE source [version] [TBLPROPERTIES]``."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "source": True,
        "replace": False,
        "must_exist": False,
        "exists": False,
        "shallow": False,
        "version": False,
        "timestamp": False,
        "properties": False,
    }


class TableParser(StatementParser):
    """Parse the statements that define tables and change their definition."""

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {
        "ALTER": (
            "_parse_alter_columns",
            "_parse_drop_primary_key",
            "_parse_set_clustering",
            "_parse_unset_properties",
        ),
        "SHOW": ("_parse_show_properties",),
        "CREATE": ("_parse_clone",),
        "REPLACE": ("_parse_clone",),
    }

    def _parse_alter_columns(self) -> AlterColumns | None:
        if not self._match_words("ALTER TABLE"):
            return None
        name = self._parse_name()
        if not self._match_one_of("ALTER", "CHANGE"):
            return None
        self._match_words("COLUMN")
        changes = [self._parse_column_change()]
        while changes[-1] is not None and self._match(TokenType.COMMA):
            changes.append(self._parse_column_change())
        return None if changes[-1] is None else AlterColumns(this=name, changes=changes)

    def _parse_column_change(self) -> ColumnChange | None:
        column = self._parse_name()
        action = self._match_one_of(
            "SET NOT NULL", "DROP NOT NULL", "DROP DEFAULT", "SET DEFAULT", "COMMENT", "TYPE", "FIRST",
            "AFTER",
        )  # fmt: skip
        value: Any = None
        if action == "COMMENT":
            value = self._parse_text()
        elif action == "SET DEFAULT":
            start = self._curr
            self._parse_disjunction()
            value = self._find_sql(start, self._prev)
        elif action == "TYPE":
            value = self._parse_types()
        elif action == "AFTER":
            value = self._parse_level().name
        if action is None or (action in ("COMMENT", "TYPE") and value is None):
            return None
        return ColumnChange(this=column, action=action, value=value)

    def _parse_drop_primary_key(self) -> DropPrimaryKey | None:
        if not self._match_words("ALTER TABLE"):
            return None
        name = self._parse_name()
        if not self._match_words("DROP PRIMARY KEY"):
            return None
        exists = self._match_words("IF EXISTS")
        self._match_one_of("RESTRICT", "CASCADE")
        return DropPrimaryKey(this=name, exists=exists)

    def _parse_set_clustering(self) -> SetClustering | None:
        if not self._match_words("ALTER TABLE"):
            return None
        name = self._parse_name()
        if not self._match_words("CLUSTER BY"):
            return None
        if word := self._match_one_of("NONE", "AUTO"):
            return SetClustering(this=name, columns=[], auto=word == "AUTO")
        columns = self._parse_in_parentheses(lambda: self._parse_level().name)
        return SetClustering(this=name, columns=columns)

    def _parse_unset_properties(self) -> UnsetProperties | None:
        if not self._match_words("ALTER TABLE"):
            return None
        name = self._parse_name()
        if not self._match_words("UNSET TBLPROPERTIES"):
            return None
        exists = self._match_words("IF EXISTS")
        keys = self._parse_in_parentheses(self._parse_property_name)
        return UnsetProperties(this=name, keys=keys, exists=exists)

    def _parse_show_properties(self) -> ShowProperties | None:
        if not self._match_words("SHOW TBLPROPERTIES"):
            return None
        name = self._parse_name()
        keys = (
            self._parse_in_parentheses(self._parse_property_name)
            if self._match(TokenType.L_PAREN, advance=False)
            else []
        )
        return ShowProperties(this=name, key=keys[0] if keys else None) if len(keys) < 2 else None

    def _parse_clone(self) -> CloneTable | None:
        must_exist = self._match_words("REPLACE")
        replace = must_exist or self._match_words("CREATE OR REPLACE")
        if not (replace or self._match_words("CREATE")) or not self._match_words("TABLE"):
            return None
        exists = self._match_words("IF NOT EXISTS")
        name = self._parse_name()
        kind = self._match_one_of("SHALLOW CLONE", "DEEP CLONE", "CLONE")
        if kind is None:
            return None
        source, version, timestamp = self._parse_name(), None, None
        self._match_words("FOR")
        if self._match_one_of("VERSION AS OF", "SYSTEM_VERSION AS OF"):
            version = self._parse_number()
        elif self._match_one_of("TIMESTAMP AS OF", "SYSTEM_TIME AS OF"):
            start = self._curr
            self._parse_disjunction()
            timestamp = self._find_sql(start, self._prev)
        properties = (
            dict(self._parse_in_parentheses(self._parse_named_property))
            if self._match_words("TBLPROPERTIES")
            else {}
        )
        return CloneTable(
            this=name, source=source, replace=replace, must_exist=must_exist, exists=exists,
            shallow=kind == "SHALLOW CLONE", version=version, timestamp=timestamp, properties=properties,
        )  # fmt: skip

    def _parse_check_constraint(self) -> exp.CheckColumnConstraint | None:
        if not self._match(TokenType.L_PAREN):
            return None
        start = self._curr
        condition = self._parse_assignment()
        text = self._find_sql(start, self._prev)
        self._match_r_paren()
        node = exp.CheckColumnConstraint(
            this=condition, enforced=self._match_words("ENFORCED") or None
        )
        node.meta[_TEXT] = text
        return node
