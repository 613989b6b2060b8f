"""``GRANT``, ``REVOKE`` and ``SHOW GRANTS``.

The sessions of other users enforce the privileges to read and change a table
(:mod:`lakelab.local.catalog.governed_catalogs`). The local workspace enforces the privileges to use a model.
Both read the grants that these statements store.

Follows https://docs.databricks.com/aws/en/sql/language-manual/security-grant,
https://docs.databricks.com/aws/en/sql/language-manual/security-revoke and
https://docs.databricks.com/aws/en/sql/language-manual/security-show-grant
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.grammar.governance import (
    GrantPrivileges,
    GrantStatement,
    RevokePrivileges,
    ShowGrants,
)
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import require_privilege, resolve_securable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_KINDS = ("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "FUNCTION", "MODEL")


def _grant(session: Session, node: GrantPrivileges) -> None:
    securable, principal = _resolve(session, node), node.args["principal"]
    catalog_service(session).change_grants(securable, principal, add=node.args["privileges"])


def _revoke(session: Session, node: RevokePrivileges) -> None:
    securable, principal = _resolve(session, node), node.args["principal"]
    catalog_service(session).change_grants(securable, principal, remove=node.args["privileges"])


def _show_grants(session: Session, node: ShowGrants) -> DataFrame:
    securable = _resolve(session, node)
    only = node.args["principal"]
    if only != session.user:
        require_privilege(session, securable)  # other users see their own grants only
    rows = [
        (principal, privilege.replace("_", " "), level.kind.upper(), level.name)
        for level in securable.lineage
        for principal, privileges in session.unity.governance.grants(level).items()
        for privilege in privileges
        if only in (None, principal)
    ]
    columns = "principal string, actionType string, objectType string, objectKey string"
    return session.createDataFrame(sorted(rows), columns)


def _resolve(session: Session, node: GrantStatement) -> Securable:
    kind = node.args["kind"] or "TABLE"
    if not node.args["kind"] and node.this.plain.upper() == "METASTORE":
        kind = "METASTORE"
    if kind not in _KINDS:
        raise UnityCatalogError(
            f"Grants on a {kind} are kept on Databricks only. On a laptop: {', '.join(_KINDS)}."
        )
    securable = resolve_securable(session, kind, node.this)
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        raise UnityCatalogError(
            f"'{securable.name}' is in the workspace's {HIVE_METASTORE}, which has no grants of Unity "
            f"Catalog. Name something in a catalog of Unity Catalog."
        )
    return securable


HANDLERS: Handlers = {
    GrantPrivileges: _grant,
    RevokePrivileges: _revoke,
    ShowGrants: _show_grants,
}
