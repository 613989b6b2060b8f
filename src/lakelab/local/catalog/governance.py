"""Owners, comments and grants of securables, in one JSON file that all processes share."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError, InsufficientPermissionsError
from lakelab.local.catalog.privileges import PRIVILEGES, parse_privilege
from lakelab.local.catalog.securable import Securable

DEFAULT_USER = "learner@example.com"
"""The user of a session that names no other user."""

EVERYONE = "account users"
"""The group that every user belongs to."""


_NOT_IN_ALL = frozenset({"MANAGE", "EXTERNAL_USE_SCHEMA"})


class Governance:
    """The owners and grants of securables, and the comments and tags of catalogs and schemas.

    Privileges are inherited downwards, and ``ALL_PRIVILEGES`` stands for all but ``MANAGE``. The owner
    of a securable or of its container may do everything, and so may the administrator. Follows
    https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges

    Parameters
    ----------
    path : Path
        The JSON file. It need not exist.
    admin : str
        The administrator, who owns every securable without another owner.
    """

    def __init__(self, path: Path, admin: str):
        self.path = path
        self.admin = admin

    # ---- entries ---------------------------------------------------------------------------
    def owner(self, securable: Securable) -> str:
        owner: str = self._entry(securable).get("owner", self.admin)
        return owner

    def comment(self, securable: Securable) -> str | None:
        comment: str | None = self._entry(securable).get("comment")
        return comment

    def grants(self, securable: Securable) -> dict[str, list[str]]:
        """Return the privileges of each principal, granted on this securable itself."""
        grants: dict[str, list[str]] = self._entry(securable).get("grants", {})
        return grants

    def tags(self, securable: Securable) -> dict[str, str]:
        """Return the tags of a catalog or schema; those of tables are in the Delta logs."""
        tags: dict[str, str] = self._entry(securable).get("tags", {})
        return tags

    def change_tags(
        self, securable: Securable, change: Callable[[dict[str, str]], dict[str, str]]
    ) -> None:
        """Replace the tags of a catalog or schema by the result of a function of the old tags."""
        with self._changed() as entries:
            entry = entries.setdefault(securable.key, {})
            entry["tags"] = change(entry.get("tags", {}))

    def update(
        self, securable: Securable, *, owner: str | None = None, comment: str | None = None
    ) -> None:
        """Change owner or comment; None keeps the old value, and an empty comment removes the comment."""
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
        UnityCatalogError
            If the securable cannot have one of the privileges.
        """
        added = {parse_privilege(p, securable) for p in add}
        removed = {parse_privilege(p, securable) for p in remove}
        with self._changed() as entries:
            grants = entries.setdefault(securable.key, {}).setdefault("grants", {})
            left = sorted((set(grants.get(principal, [])) | added) - removed)
            if left:
                grants[principal] = left
            else:
                grants.pop(principal, None)

    def rename(self, old: Securable, new: Securable) -> None:
        """Move owner, comment, tags and grants to the new name of a securable."""
        with self._changed() as entries:
            if old.key in entries:
                entries[new.key] = entries.pop(old.key)

    def remove(self, securable: Securable) -> None:
        """Delete owner, comment, tags and grants of a securable, and of all that is in it."""
        below = f" {securable.name}."
        with self._changed() as entries:
            for key in [key for key in entries if key == securable.key or below in key]:
                del entries[key]

    # ---- privileges --------------------------------------------------------------------------
    def owns(self, user: str, securable: Securable) -> bool:
        """Return whether a user owns a securable or one of its containers, or is the administrator."""
        entries = self._read()
        return any(
            user in (self.admin, entries.get(level.key, {}).get("owner", self.admin))
            for level in securable.lineage
        )

    def privileges(self, user: str, securable: Securable) -> set[str]:
        """Return the privileges of a user, granted on the securable or inherited."""
        entries = self._read()
        grants = (entries.get(level.key, {}).get("grants", {}) for level in securable.lineage)
        held = {p for grant in grants for group in (user, EVERYONE) for p in grant.get(group, [])}
        return held | (PRIVILEGES - _NOT_IN_ALL) if "ALL_PRIVILEGES" in held else held

    def may(self, user: str, securable: Securable, *one_of: str) -> bool:
        """Return whether `require` accepts the user."""
        try:
            self.require(user, securable, *one_of)
        except InsufficientPermissionsError:
            return False
        return True

    def require(self, user: str, securable: Securable, *one_of: str) -> None:
        """Check that a user may use the containers, and has one of the privileges.

        Raises
        ------
        InsufficientPermissionsError
            With the first missing privilege and its securable.
        """
        if self.owns(user, securable):
            return
        for container in securable.lineage[:-1]:
            needed = f"USE_{container.kind.upper()}"
            if not self.owns(user, container) and needed not in self.privileges(user, container):
                raise _denied(needed, container)
        if not self.privileges(user, securable) & {*one_of, "MANAGE"}:
            raise _denied(one_of[0] if one_of else "MANAGE", securable)

    def is_visible(self, user: str, securable: Securable) -> bool:
        """Return whether a list shows the securable: any privilege on, above or below it is enough."""
        if self.owns(user, securable) or self.privileges(user, securable):
            return True
        below = f" {securable.name}."
        return any(
            below in key
            and (entry.get("owner") == user or {user, EVERYONE} & {*entry.get("grants", {})})
            for key, entry in self._read().items()
        )

    # ---- the file ----------------------------------------------------------------------------
    def _entry(self, securable: Securable) -> dict[str, Any]:
        entry: dict[str, Any] = self._read().get(securable.key, {})
        return entry

    def _read(self) -> dict[str, Any]:
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            entries = None
        if not isinstance(entries, dict):
            raise ApiError(
                conditions.INVALID_STATE,
                f"The file with owners and grants is damaged: {self.path}. "
                "Mend it, or remove it: all grants and comments of catalogs and schemas are lost then.",
            )
        return entries

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """Change the entries under a lock; a reader sees either the whole change or nothing of it."""
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


def _denied(privilege: str, securable: Securable) -> InsufficientPermissionsError:
    return InsufficientPermissionsError(
        f"User does not have {privilege.replace('_', ' ')} on {securable}."
    )
