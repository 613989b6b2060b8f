"""REST calls about grants, as ``databricks.sdk`` makes them.

Follows https://docs.databricks.com/api/workspace/grants
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError
from lakelab.local.catalog.securable import Securable
from lakelab.local.workspace.api import UNITY_API, Call, Endpoint
from lakelab.local.workspace.securables import LEVELS, Securables, parse_securable


class GrantsApi:
    """The calls about grants on catalogs, schemas, tables, functions and models.

    Parameters
    ----------
    securables : Securables
    """

    def __init__(self, securables: Securables):
        self._securables = securables
        self._governance = securables.governance

    def endpoints(self) -> list[Endpoint]:
        path = "{kind}/{name}"
        effective = f"{UNITY_API}/effective-privilege-assignments/{path}"
        return [
            ("GET", f"{UNITY_API}/permissions/{path}", self.get),
            ("PATCH", f"{UNITY_API}/permissions/{path}", self.update),
            ("GET", f"{UNITY_API}/effective-permissions/{path}", self.get_effective),
            # the same two in pages, for `grants.list` and `grants.list_effective` of databricks.sdk
            ("GET", f"{UNITY_API}/privilege-assignments/{path}", self.get),
            ("GET", effective, self.list_effective),
        ]

    def get(self, call: Call) -> dict[str, Any]:
        securable = self._securable(call)
        is_shown = self._principal_filter(call, securable)
        return {
            "privilege_assignments": [
                {"principal": principal, "privileges": privileges}
                for principal, privileges in self._governance.grants(securable).items()
                if is_shown(principal)
            ]
        }

    def get_effective(self, call: Call) -> dict[str, Any]:
        securable = self._securable(call)
        is_shown = self._principal_filter(call, securable)
        privileges_of: dict[str, list[dict[str, str]]] = {}
        for level in reversed(securable.lineage):
            inherited = {
                "inherited_from_type": level.kind.upper(),
                "inherited_from_name": level.name,
            }
            for principal, privileges in self._governance.grants(level).items():
                if is_shown(principal):
                    privileges_of.setdefault(principal, []).extend(
                        {"privilege": p, **({} if level == securable else inherited)}
                        for p in privileges
                    )
        return {
            "privilege_assignments": [
                {"principal": principal, "privileges": privileges}
                for principal, privileges in privileges_of.items()
            ]
        }

    def list_effective(self, call: Call) -> dict[str, Any]:
        answer = self.get_effective(call)
        return {"effective_privilege_assignments": answer["privilege_assignments"]}

    def update(self, call: Call) -> dict[str, Any]:
        securable = self._securable(call)
        service = self._securables.service(call)
        service.owned(securable)
        for item in call.items("changes"):
            service.change_grants(
                securable,
                Call(call.user, item).text("principal"),
                add=_privileges(item.get("add")),
                remove=_privileges(item.get("remove")),
            )
        return self.get(call)

    def _securable(self, call: Call) -> Securable:
        kind = call.text("kind").lower()
        kind = "function" if kind == "model" else kind
        if kind not in LEVELS:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Securable type '{call.text('kind')}' has no grants on a laptop: expected CATALOG, "
                "SCHEMA, TABLE or FUNCTION (registered models are functions).",
            )
        securable = parse_securable(call, kind)
        self._securables.require(securable)
        return securable

    def _principal_filter(self, call: Call, securable: Securable) -> Callable[[str], bool]:
        """Return whether an answer shows a principal's grants, as a function of the principal.

        Owners see all grants, other users only their own ones.
        """
        requested = call.optional("principal")
        own_only = not self._governance.may(call.user, securable)

        def is_shown(principal: str) -> bool:
            return requested in (None, principal) and (not own_only or principal == call.user)

        return is_shown


def _privileges(value: Any) -> list[str]:
    if value is not None and not (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    ):
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Invalid value {value!r}: expected a list of privileges.",
        )
    return value or []
