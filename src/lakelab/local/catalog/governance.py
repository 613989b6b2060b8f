"""Owners, comments and grants of securables, in one JSON file that all processes share."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from lakelab.local.catalog.errors import ApiError

EVERYONE = "account users"
"""The group that every user belongs to."""

_LABELS = {
    "catalog": "Catalog",
    "schema": "Schema",
    "table": "Table",
    "function": "Routine or Model",
}
# A registered model is a subtype of function: its grants go by that type.
# https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/
PRIVILEGES = frozenset(
    {
        "ALL_PRIVILEGES",
        "APPLY_TAG",
        "BROWSE",
        "CREATE_FUNCTION",
        "CREATE_MODEL",
        "CREATE_MODEL_VERSION",
        "CREATE_SCHEMA",
        "CREATE_TABLE",
        "CREATE_VIEW",
        "CREATE_VOLUME",
        "EXECUTE",
        "EXTERNAL_USE_SCHEMA",
        "MANAGE",
        "MODIFY",
        "READ_VOLUME",
        "REFRESH",
        "SELECT",
        "USE_CATALOG",
        "USE_SCHEMA",
        "WRITE_VOLUME",
    }
)
"""The privileges on catalogs, schemas, tables and models."""

_ON_SCHEMAS = PRIVILEGES - {"CREATE_SCHEMA", "USE_CATALOG"}
_APPLICABLE = {
    "catalog": PRIVILEGES,
    "schema": _ON_SCHEMAS,
    "table": frozenset({"ALL_PRIVILEGES", "APPLY_TAG", "BROWSE", "MANAGE", "MODIFY", "SELECT"}),
    "function": frozenset(
        {"ALL_PRIVILEGES", "APPLY_TAG", "BROWSE", "CREATE_MODEL_VERSION", "EXECUTE", "MANAGE"}
    ),
}
"""What can be granted on each kind of securable; a container takes what is inherited by what is in it."""

_NOT_IN_ALL = frozenset({"MANAGE", "EXTERNAL_USE_SCHEMA"})


@dataclass(frozen=True)
class Securable:
    """A catalog, schema, table or function (a model is one), by its full name in lower case.

    Examples
    --------
    >>> [str(s) for s in Securable("function", "main.flights.delay").lineage]
    ["Catalog 'main'", "Schema 'main.flights'", "Routine or Model 'main.flights.delay'"]
    """

    kind: str
    name: str

    @property
    def lineage(self) -> list[Securable]:
        """The securable after all that it inherits privileges from."""
        parts = self.name.split(".")
        parents = [
            Securable(kind, ".".join(parts[: level + 1]))
            for level, kind in enumerate(("catalog", "schema")[: len(parts) - 1])
        ]
        return [*parents, self]

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"

    def __str__(self) -> str:
        return f"{_LABELS[self.kind]} '{self.name}'"


class Governance:
    """Who owns what, who may do what, and what catalogs and schemas are about.

    Privileges are inherited downwards, ``ALL_PRIVILEGES`` stands for all but ``MANAGE``, and the
    owner of a securable or of what contains it may do everything, as may the administrator. Follows
    https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges

    Parameters
    ----------
    path : Path
        The JSON file. It need not exist.
    admin : str
        The user who owns all that has no other owner.
    """

    def __init__(self, path: Path, admin: str):
        self.path = path
        self.admin = admin

    # ---- what is kept ----------------------------------------------------------------------
    def owner(self, securable: Securable) -> str:
        return self._read().get(securable.key, {}).get("owner", self.admin)

    def comment(self, securable: Securable) -> str | None:
        return self._read().get(securable.key, {}).get("comment")

    def grants(self, securable: Securable) -> dict[str, list[str]]:
        """Give the privileges of each principal, granted on this securable itself."""
        return self._read().get(securable.key, {}).get("grants", {})

    def tags(self, securable: Securable) -> dict[str, str]:
        """Give the tags of a catalog or schema; those of tables are in their Delta logs."""
        return self._read().get(securable.key, {}).get("tags", {})

    def change_tags(
        self, securable: Securable, change: Callable[[dict[str, str]], dict[str, str]]
    ) -> None:
        """Replace the tags of a catalog or schema by what is made of them."""
        with self._changed() as entries:
            entry = entries.setdefault(securable.key, {})
            entry["tags"] = change(entry.get("tags", {}))

    def describe(
        self, securable: Securable, *, owner: str | None = None, comment: str | None = None
    ) -> None:
        """Change owner or comment; what is None stays, and an empty comment is none."""
        with self._changed() as entries:
            entry = entries.setdefault(securable.key, {})
            if owner is not None:
                entry["owner"] = owner
            if comment is not None:
                entry.pop("comment", None)
            if comment:
                entry["comment"] = comment

    def change_grants(
        self,
        securable: Securable,
        principal: str,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        """Grant and revoke privileges.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if one is no privilege that the securable can have.
        """
        added = {applicable(p, securable) for p in add}
        removed = {applicable(p, securable) for p in remove}
        with self._changed() as entries:
            grants = entries.setdefault(securable.key, {}).setdefault("grants", {})
            left = sorted((set(grants.get(principal, [])) | added) - removed)
            if left:
                grants[principal] = left
            else:
                grants.pop(principal, None)

    def rename(self, old: Securable, new: Securable) -> None:
        with self._changed() as entries:
            if old.key in entries:
                entries[new.key] = entries.pop(old.key)

    def forget(self, securable: Securable) -> None:
        with self._changed() as entries:
            entries.pop(securable.key, None)

    # ---- who may do what ---------------------------------------------------------------------
    def owns(self, user: str, securable: Securable) -> bool:
        entries = self._read()
        return any(
            user in (self.admin, entries.get(level.key, {}).get("owner", self.admin))
            for level in securable.lineage
        )

    def held(self, user: str, securable: Securable) -> set[str]:
        """Give the privileges of a user, granted here or inherited."""
        entries = self._read()
        grants = (entries.get(level.key, {}).get("grants", {}) for level in securable.lineage)
        held = {p for grant in grants for who in (user, EVERYONE) for p in grant.get(who, [])}
        return held | (PRIVILEGES - _NOT_IN_ALL) if "ALL_PRIVILEGES" in held else held

    def may(self, user: str, securable: Securable, *one_of: str) -> bool:
        try:
            self.require(user, securable, *one_of)
        except ApiError:
            return False
        return True

    def require(self, user: str, securable: Securable, *one_of: str) -> None:
        """Refuse a user who may not use the containers, or holds none of the privileges.

        Raises
        ------
        ApiError
            ``PERMISSION_DENIED``, with the first privilege that is missing and where.
        """
        if self.owns(user, securable):
            return
        for container in securable.lineage[:-1]:
            needed = f"USE_{container.kind.upper()}"
            if not self.owns(user, container) and needed not in self.held(user, container):
                raise _denied(needed, container)
        if not self.held(user, securable) & {*one_of, "MANAGE"}:
            raise _denied(one_of[0] if one_of else "MANAGE", securable)

    def visible(self, user: str, securable: Securable) -> bool:
        """Tell whether a list shows the securable: any privilege on it, above or below it is enough."""
        if self.owns(user, securable) or self.held(user, securable):
            return True
        below = f" {securable.name}."
        return any(
            below in key
            and (entry.get("owner") == user or {user, EVERYONE} & {*entry.get("grants", {})})
            for key, entry in self._read().items()
        )

    # ---- the file ----------------------------------------------------------------------------
    def _read(self) -> dict[str, Any]:
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            told = error
        if not isinstance(told, dict):
            raise ApiError(
                "INVALID_STATE",
                f"The file with owners and grants is damaged: {self.path}. "
                "Mend it, or remove it: all grants and comments of catalogs and schemas are lost then.",
            )
        return told

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """Change the entries while no other process does; readers see all of the change or nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock", timeout=60):
            entries = self._read()
            yield entries
            draft = self.path.with_name(f".{self.path.name}-{uuid.uuid4().hex}")
            try:
                draft.write_text(
                    json.dumps(entries, indent=2, sort_keys=True, ensure_ascii=False), "utf-8"
                )
                os.replace(draft, self.path)
            finally:
                draft.unlink(missing_ok=True)


def applicable(name: str, securable: Securable) -> str:
    """Bring ``use schema`` and the like to ``USE_SCHEMA``, a privilege that the securable can have.

    Follows https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges

    Raises
    ------
    ApiError
        If Unity Catalog has no such privilege there, or none that a laptop can know.

    Examples
    --------
    >>> applicable("use schema", Securable("catalog", "main"))
    'USE_SCHEMA'
    >>> applicable("EXECUTE", Securable("table", "main.flights.weather"))
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.ApiError: Privilege EXECUTE is not applicable to this entity \
[Table 'main.flights.weather']. Possible are: ALL_PRIVILEGES, APPLY_TAG, BROWSE, MANAGE, MODIFY, SELECT.
    """
    privilege = "_".join(str(name).upper().replace("_", " ").split())
    privilege = "ALL_PRIVILEGES" if privilege == "ALL" else privilege
    if privilege not in _APPLICABLE[securable.kind]:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Privilege {privilege} is not applicable to this entity [{securable}]. Possible are: "
            f"{', '.join(sorted(_APPLICABLE[securable.kind]))}.",
        )
    return privilege


def _denied(privilege: str, securable: Securable) -> ApiError:
    return ApiError(
        "PERMISSION_DENIED", f"User does not have {privilege.replace('_', ' ')} on {securable}."
    )


DEFAULT_USER = "learner@example.com"
