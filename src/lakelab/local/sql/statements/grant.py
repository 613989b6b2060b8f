"""``GRANT``, ``REVOKE`` and ``SHOW GRANTS``.

The sessions of other users enforce the privileges to read and change a table
(:mod:`lakelab.local.catalog.governed_catalogs`). The local workspace enforces the privileges to use a model.
Both read the grants that these statements store.

Follows https://docs.databricks.com/aws/en/sql/language-manual/security-grant,
https://docs.databricks.com/aws/en/sql/language-manual/security-revoke and
https://docs.databricks.com/aws/en/sql/language-manual/security-show-grant
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import ApiError, UnityCatalogError
from lakelab.local.catalog.names import HIVE_METASTORE
from lakelab.local.catalog.privileges import parse_privilege
from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.securables import require_privilege, resolve_securable
from lakelab.local.sql.text import (
    BACKTICKED,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    statement_pattern,
    unquote,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_KINDS = ("CATALOG", "SCHEMA", "DATABASE", "TABLE", "FUNCTION", "MODEL")
_PRIVILEGES = r"(?P<privileges>[A-Z_,\s]+?)"
_ON = rf"ON (?:(?P<kind>[A-Z]+(?: LOCATION| CREDENTIAL)?) )?{QUALIFIED_NAME}"
_PRINCIPAL = rf"(?P<principal>{STRING}|{BACKTICKED}|[^\s;`'\"]+)"


def _grant(session: Session, match: re.Match[str]) -> None:
    securable = _resolve(session, match)
    require_privilege(session, securable)
    privileges = _parse_privileges(match["privileges"], securable)
    principal = _parse_principal(match["principal"])
    session.unity.governance.change_grants(securable, principal, add=privileges)


def _revoke(session: Session, match: re.Match[str]) -> None:
    securable = _resolve(session, match)
    require_privilege(session, securable)
    privileges = _parse_privileges(match["privileges"], securable)
    principal = _parse_principal(match["principal"])
    if "ALL_PRIVILEGES" in privileges:  # it also revokes privileges that were granted one by one
        granted = session.unity.governance.grants(securable).get(principal, [])
        privileges = [*privileges, *(p for p in granted if p != "MANAGE")]
    session.unity.governance.change_grants(securable, principal, remove=privileges)


def _show_grants(session: Session, match: re.Match[str]) -> DataFrame:
    securable = _resolve(session, match)
    only = _parse_principal(match["principal"]) if match["principal"] else None
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


def _resolve(session: Session, match: re.Match[str]) -> Securable:
    kind = " ".join((match["kind"] or "TABLE").upper().split())
    if not match["kind"] and match["name"].upper() == "METASTORE":
        kind = "METASTORE"
    if kind not in _KINDS:
        raise UnityCatalogError(
            f"Grants on a {kind} are kept on Databricks only. On a laptop: {', '.join(_KINDS)}."
        )
    securable = resolve_securable(session, kind, match["name"])
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        raise UnityCatalogError(
            f"'{securable.name}' is in the workspace's {HIVE_METASTORE}, which has no grants of Unity "
            f"Catalog. Name something in a catalog of Unity Catalog."
        )
    return securable


def _parse_privileges(text: str, securable: Securable) -> list[str]:
    try:
        return [parse_privilege(name, securable) for name in text.split(",")]
    except ApiError as error:
        raise UnityCatalogError(error.message, condition=error.code) from error


def _parse_principal(text: str) -> str:
    return parse_string(text) if text[0] in "'\"" else unquote(text)


STATEMENTS = [
    (statement_pattern(rf"GRANT {_PRIVILEGES} {_ON} TO {_PRINCIPAL}"), _grant),
    (statement_pattern(rf"REVOKE {_PRIVILEGES} {_ON} FROM {_PRINCIPAL}"), _revoke),
    (statement_pattern(rf"SHOW GRANTS?(?: {_PRINCIPAL})? {_ON}"), _show_grants),
]
