"""``COMMENT ON`` a catalog, schema, table or column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.securables import require_privilege, resolve_securable
from lakelab.local.sql.text import (
    QUALIFIED_NAME,
    STRING,
    parse_string,
    split_name,
    statement_pattern,
)

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _comment(session: Session, match: re.Match[str]) -> None:
    kind = match["kind"].upper()
    text = None if match["text"].upper() == "NULL" else parse_string(match["text"])
    if kind == "TABLE":
        session.unity.table(session.resolve(match["name"])).set_comment(text)
    elif kind == "COLUMN":
        _comment_column(session, split_name(match["name"]), text)
    else:
        securable = resolve_securable(session, kind, match["name"])
        require_privilege(session, securable)
        session.unity.governance.update(securable, comment=text or "")


def _comment_column(session: Session, levels: list[str], text: str | None) -> None:
    *table, column = levels
    if not table:
        raise UnityCatalogError(
            f"COMMENT ON COLUMN {column} does not say of which table: write <table>.{column}."
        )
    name = session.resolve(".".join(f"`{level}`" for level in table))
    session.unity.table(name).set_column_comment(column, text)


STATEMENTS = [
    (
        statement_pattern(
            rf"COMMENT ON (?P<kind>CATALOG|SCHEMA|DATABASE|TABLE|COLUMN) {QUALIFIED_NAME} IS "
            rf"(?P<text>NULL|{STRING})"
        ),
        _comment,
    ),
]
