"""``ALTER ... OWNER TO``: the owner of a catalog, schema, table or function.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/ownership
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.grammar.governance import SetOwner
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import resolve_securable

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _set_owner(session: Session, node: SetOwner) -> None:
    securable = resolve_securable(session, node.args["kind"], node.this)
    catalog_service(session).update(securable, owner=node.args["principal"])


HANDLERS: Handlers = {SetOwner: _set_owner}
