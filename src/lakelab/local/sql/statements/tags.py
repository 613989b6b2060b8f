"""``SET TAGS`` and ``UNSET TAGS`` of tables, columns, schemas and catalogs.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-alter-table#set-tags
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.grammar.governance import ChangeTags
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import resolve_securable

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _change_tags(session: Session, node: ChangeTags) -> None:
    if node.args["kind"] == "TABLE":
        _change_table_tags(session, node)
    else:
        _change_container_tags(session, node)


def _change_table_tags(session: Session, node: ChangeTags) -> None:
    """``ALTER TABLE t [ALTER COLUMN c] SET TAGS ('a' = 'b')`` or ``UNSET TAGS ('a')``."""
    table = session.unity.table(session.resolve(node.target))
    column = node.args["column"]
    tags = node.args["tags"]
    if node.args["unset"]:
        if column:
            table.unset_column_tags(column, list(tags))
        else:
            table.unset_tags(list(tags))
    elif column:
        table.set_column_tags(column, tags)
    else:
        table.set_tags(tags)


def _change_container_tags(session: Session, node: ChangeTags) -> None:
    """``ALTER SCHEMA s SET TAGS ('a' = 'b')``, and the same of a catalog."""
    securable = resolve_securable(session, node.args["kind"], node.this)
    tags = node.args["tags"]
    service = catalog_service(session)
    if node.args["unset"]:
        service.unset_tags(securable, tags)
    else:
        service.set_tags(securable, tags)


HANDLERS: Handlers = {ChangeTags: _change_tags}
