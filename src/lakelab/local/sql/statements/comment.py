"""``COMMENT ON`` a catalog, schema, table or column.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-comment
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.grammar.governance import CommentOn
from lakelab.local.sql.grammar.parser import Name
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import resolve_securable
from lakelab.local.sql.statements.view import set_view_comment

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _comment(session: Session, node: CommentOn) -> None:
    kind, text = node.args["kind"], node.args["text"]
    if kind == "VIEW":
        set_view_comment(session, node.this, text)
    elif kind == "TABLE":
        session.unity.table(session.resolve(node.target)).set_comment(text)
    elif kind == "COLUMN":
        _comment_column(session, node.levels, text)
    else:
        securable = resolve_securable(session, kind, node.this)
        catalog_service(session).update(securable, comment=text or "")


def _comment_column(session: Session, levels: list[str], text: str | None) -> None:
    *table, column = levels
    if not table:
        raise UnityCatalogError(
            f"COMMENT ON COLUMN {column} does not say of which table: write <table>.{column}."
        )
    name = session.resolve(Name.of(*table).quoted)
    session.unity.table(name).set_column_comment(column, text)


HANDLERS: Handlers = {CommentOn: _comment}
