"""``ALTER ... OWNER TO``: the owner of a catalog, schema, table or function.

Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/ownership
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.sql.securables import require_privilege, resolve_securable
from lakelab.local.sql.text import NAME, QUALIFIED_NAME, statement_pattern, unquote

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def _set_owner(session: Session, match: re.Match[str]) -> None:
    securable = resolve_securable(session, match["kind"].upper(), match["name"])
    require_privilege(session, securable)
    session.unity.governance.update(securable, owner=unquote(match["principal"]))


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER (?P<kind>CATALOG|SCHEMA|DATABASE|TABLE|FUNCTION) {QUALIFIED_NAME}"
            rf"(?: SET)? OWNER TO (?P<principal>{NAME})"
        ),
        _set_owner,
    ),
]
