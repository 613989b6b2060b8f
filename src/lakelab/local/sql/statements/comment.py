"""``COMMENT ON``, and the tags of tables, columns, schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table#set-tags
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.tags import merge_tags
from lakelab.local.sql.securables import require_privilege, resolve_securable
from lakelab.local.sql.text import (
    NAME,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    split_name,
    statement_pattern,
    unquote,
)

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _comment(session: Session, told: re.Match[str]) -> None:
    kind = told["kind"].upper()
    text = None if told["text"].upper() == "NULL" else parse_string(told["text"])
    if kind == "TABLE":
        session.unity.table(session.resolve(told["name"])).set_comment(text)
    elif kind == "COLUMN":
        *table, column = split_name(told["name"])
        if not table:
            raise UnityCatalogError(
                f"COMMENT ON COLUMN {column} does not say of which table: write <table>.{column}."
            )
        name = session.resolve(".".join(f"`{level}`" for level in table))
        session.unity.table(name).set_column_comment(column, text)
    else:
        securable = resolve_securable(session, kind, told["name"])
        require_privilege(session, securable)
        session.unity.governance.update(securable, comment=text or "")


def _tags(session: Session, told: re.Match[str]) -> None:
    """``ALTER TABLE t [ALTER COLUMN c] SET TAGS ('a' = 'b')`` or ``UNSET TAGS ('a')``."""
    table = session.unity.table(session.resolve(told["name"]))
    column = unquote(told["column"]) if told["column"] else None
    tags = dict(_pairs(told["list"]))
    if told["action"].upper() == "UNSET":
        if column:
            table.unset_column_tags(column, list(tags))
        else:
            table.unset_tags(list(tags))
    elif column:
        table.set_column_tags(column, tags)
    else:
        table.set_tags(tags)


def _tags_of_container(session: Session, told: re.Match[str]) -> None:
    """``ALTER SCHEMA s SET TAGS ('a' = 'b')``, and the same of a catalog."""
    securable, tags = (
        resolve_securable(session, told["kind"].upper(), told["name"]),
        dict(_pairs(told["list"])),
    )
    require_privilege(session, securable, "APPLY_TAG")
    if told["action"].upper() == "UNSET":
        session.unity.governance.change_tags(
            securable, lambda old: {k: v for k, v in old.items() if k not in tags}
        )
    else:
        session.unity.governance.change_tags(securable, lambda old: merge_tags(old, tags))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Read ``'a' = 'b', 'c'``: a tag without a value is empty, as in Unity Catalog."""
    from sqlglot import parse_one

    found = parse_one(f"SELECT {text}", dialect="databricks").expressions
    return [
        (item.this.name, item.expression.name) if item.args.get("expression") else (item.name, "")
        for item in found
    ]


STATEMENTS = [
    (
        statement_pattern(
            rf"COMMENT ON (?P<kind>CATALOG|SCHEMA|DATABASE|TABLE|COLUMN) {QUALIFIED_NAME} IS "
            rf"(?P<text>NULL|{STRING})"
        ),
        _comment,
    ),
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME}(?: ALTER(?: COLUMN)? (?P<column>{NAME}))?"
            r" (?P<action>SET|UNSET) TAGS\s*\((?P<list>.*)\)"
        ),
        _tags,
    ),
    (
        statement_pattern(
            rf"ALTER (?P<kind>CATALOG|SCHEMA|DATABASE) {QUALIFIED_NAME}"
            r" (?P<action>SET|UNSET) TAGS\s*\((?P<list>.*)\)"
        ),
        _tags_of_container,
    ),
]
