"""``SET TAGS`` and ``UNSET TAGS`` of tables, columns, schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table#set-tags
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.tags import merge_tags
from lakelab.local.sql.securables import require_privilege, resolve_securable
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, statement_pattern, unquote

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _change_table_tags(session: Session, match: re.Match[str]) -> None:
    """``ALTER TABLE t [ALTER COLUMN c] SET TAGS ('a' = 'b')`` or ``UNSET TAGS ('a')``."""
    table = session.unity.table(session.resolve(match["name"]))
    column = unquote(match["column"]) if match["column"] else None
    tags = _parse_tags(match["list"])
    if match["action"].upper() == "UNSET":
        if column:
            table.unset_column_tags(column, list(tags))
        else:
            table.unset_tags(list(tags))
    elif column:
        table.set_column_tags(column, tags)
    else:
        table.set_tags(tags)


def _change_container_tags(session: Session, match: re.Match[str]) -> None:
    """``ALTER SCHEMA s SET TAGS ('a' = 'b')``, and the same of a catalog."""
    securable = resolve_securable(session, match["kind"].upper(), match["name"])
    tags = _parse_tags(match["list"])
    require_privilege(session, securable, "APPLY_TAG")
    if match["action"].upper() == "UNSET":
        session.unity.governance.change_tags(
            securable, lambda old: {k: v for k, v in old.items() if k not in tags}
        )
    else:
        session.unity.governance.change_tags(securable, lambda old: merge_tags(old, tags))


def _parse_tags(text: str) -> dict[str, str]:
    """Parse ``'a' = 'b', 'c'``: a tag without a value is empty, as in Unity Catalog.

    Examples
    --------
    >>> _parse_tags("'team' = 'data, science', 'pii'")
    {'team': 'data, science', 'pii': ''}
    """
    from sqlglot import parse_one

    items = parse_one(f"SELECT {text}", dialect="databricks").expressions
    return {
        (item.this.name if item.args.get("expression") else item.name): (
            item.expression.name if item.args.get("expression") else ""
        )
        for item in items
    }


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME}(?: ALTER(?: COLUMN)? (?P<column>{NAME}))?"
            r" (?P<action>SET|UNSET) TAGS\s*\((?P<list>.*)\)"
        ),
        _change_table_tags,
    ),
    (
        statement_pattern(
            rf"ALTER (?P<kind>CATALOG|SCHEMA|DATABASE) {QUALIFIED_NAME}"
            r" (?P<action>SET|UNSET) TAGS\s*\((?P<list>.*)\)"
        ),
        _change_container_tags,
    ),
]
