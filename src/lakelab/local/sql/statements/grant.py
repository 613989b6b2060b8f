"""``GRANT``, ``REVOKE`` and ``SHOW GRANTS``.

Who may read and change a table is enforced for the sessions of other users
(:mod:`lakelab.local.catalog.governed_catalogs`), who may use a model by the local workspace; both look at the grants that
these statements keep.

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
from lakelab.local.sql.text import NAME, STRING, parse_string, statement_pattern, unquote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_GRANTED_HERE = ("CATALOG", "SCHEMA", "DATABASE", "TABLE", "FUNCTION", "MODEL")
_WORDS = r"(?P<privileges>[A-Z_,\s]+?)"
_ON = rf"ON (?:(?P<kind>[A-Z]+(?: LOCATION| CREDENTIAL)?) )?(?P<name>{NAME}(?:\.{NAME})*)"
_WHO = rf"(?P<who>{STRING}|`(?:[^`]|``)+`|[^\s;`'\"]+)"


def _grant(session: Session, told: re.Match[str]) -> None:
    securable = _securable(session, told)
    require_privilege(session, securable)
    privileges = _privileges(told["privileges"], securable)
    session.unity.governance.change_grants(securable, _principal(told["who"]), add=privileges)


def _revoke(session: Session, told: re.Match[str]) -> None:
    securable = _securable(session, told)
    require_privilege(session, securable)
    privileges = _privileges(told["privileges"], securable)
    who = _principal(told["who"])
    if "ALL_PRIVILEGES" in privileges:  # what was granted one by one goes, too
        held = session.unity.governance.grants(securable).get(who, [])
        privileges = [*privileges, *(p for p in held if p != "MANAGE")]
    session.unity.governance.change_grants(securable, who, remove=privileges)


def _show(session: Session, told: re.Match[str]) -> DataFrame:
    securable = _securable(session, told)
    who = _principal(told["who"]) if told["who"] else None
    if who != session.user:
        require_privilege(session, securable)  # others see their own grants only
    rows = [
        (principal, privilege.replace("_", " "), level.kind.upper(), level.name)
        for level in securable.lineage
        for principal, privileges in session.unity.governance.grants(level).items()
        for privilege in privileges
        if who in (None, principal)
    ]
    columns = "principal string, actionType string, objectType string, objectKey string"
    return session.createDataFrame(sorted(rows), columns)


def _securable(session: Session, told: re.Match[str]) -> Securable:
    kind = " ".join((told["kind"] or "TABLE").upper().split())
    if not told["kind"] and told["name"].upper() == "METASTORE":
        kind = "METASTORE"
    if kind not in _GRANTED_HERE:
        raise UnityCatalogError(
            f"Grants on a {kind} are kept on Databricks only. On a laptop: {', '.join(_GRANTED_HERE)}."
        )
    securable = resolve_securable(session, kind, told["name"])
    if securable.name.partition(".")[0] == HIVE_METASTORE:
        raise UnityCatalogError(
            f"'{securable.name}' is in the workspace's {HIVE_METASTORE}, which has no grants of Unity "
            f"Catalog. Name something in a catalog of Unity Catalog."
        )
    return securable


def _privileges(text: str, securable: Securable) -> list[str]:
    try:
        return [parse_privilege(word, securable) for word in text.split(",")]
    except ApiError as error:
        raise UnityCatalogError(error.message, condition=error.code) from error


def _principal(text: str) -> str:
    return parse_string(text) if text[0] in "'\"" else unquote(text)


STATEMENTS = [
    (statement_pattern(rf"GRANT {_WORDS} {_ON} TO {_WHO}"), _grant),
    (statement_pattern(rf"REVOKE {_WORDS} {_ON} FROM {_WHO}"), _revoke),
    (statement_pattern(rf"SHOW GRANTS?(?: {_WHO})? {_ON}"), _show),
]
