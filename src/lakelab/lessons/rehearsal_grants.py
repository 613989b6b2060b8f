"""Grants that are only recorded, to check the exercises on sharing.

Tested in ``tests/lessons/test_lesson_05.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

SecurableName = tuple[str, str]
"""The type of a securable, as ``grants.update`` takes it, and its full name."""


class RehearsalGrants:
    """Records the calls of ``WorkspaceClient().grants.update``.

    Parameters
    ----------
    principal : str
        The principal that is to get privileges.

    Attributes
    ----------
    held : dict
        (type, full name) -> the privileges of the principal.
    others : set of str
        Other principals that got privileges.
    """

    def __init__(self, principal: str) -> None:
        self._principal = principal
        self.held: dict[SecurableName, set[str]] = {}
        self.others: set[str] = set()

    def update(
        self, securable_type: Any, full_name: str, *, changes: Any = None, **unknown: Any
    ) -> None:
        securable = (_normalized(securable_type), full_name)
        for change in changes or []:
            added = {_normalized(privilege) for privilege in change.add or []}
            removed = {_normalized(privilege) for privilege in change.remove or []}
            if change.principal != self._principal:
                self.others.add(str(change.principal))
                continue
            self.held[securable] = self.held.get(securable, set()) | added - removed


def _normalized(value: Any) -> str:
    """Return one form of ``Privilege.USE_CATALOG``, ``"use catalog"`` and the like."""
    return str(getattr(value, "value", value)).strip().upper().replace(" ", "_")


def wrong_shares(
    share: Callable[..., Any] | Any,
    shared: str,
    principal: str,
    needed: Mapping[SecurableName, set[str]],
    purpose: str,
    mistaken: Mapping[str, str] | None = None,
) -> list[str]:
    """Compare the grants of a function with the privileges that are needed.

    Parameters
    ----------
    share : callable
        The learner's ``share(w, shared, principal)``. Any other value is a mistake.
    shared : str
        Full name of the shared securable.
    principal : str
        The principal that needs access.
    needed : mapping
        (type, full name) -> privileges.
    purpose : str
        The purpose of the grants, such as ``"reading this table"``.
    mistaken : mapping of str to str, optional
        Type that learners often confuse with the right one -> the sentence to return.

    Returns
    -------
    list of str
        One sentence for each mistake.

    Examples
    --------
    >>> wrong_shares(lambda w, table, who: None, "ops.weather.hourly", "ana",
    ...              {("TABLE", "ops.weather.hourly"): {"SELECT"}}, "reading this table")
    ['SELECT on the table ops.weather.hourly is missing.']
    """
    if not callable(share):
        return [f"share should be a function, not {type(share).__name__}."]
    grants = RehearsalGrants(principal)
    try:
        share(SimpleNamespace(grants=grants), shared, principal)
    except AttributeError as error:
        return [
            f"share raised AttributeError: {error}. The rehearsal client has grants.update(...)."
        ]
    except Exception as error:  # noqa: BLE001 - a learner's function may raise anything
        return [f"share raised {type(error).__name__}: {error}"]
    wrong = []
    if grants.others:
        wrong.append(f"Granted to {', '.join(sorted(grants.others))}; only {principal} asked.")
    wrong += [
        sentence for kind, sentence in (mistaken or {}).items() if (kind, shared) in grants.held
    ]
    for (kind, name), privileges in needed.items():
        for missing in privileges - grants.held.get((kind, name), set()):
            wrong.append(f"{missing.replace('_', ' ')} on the {kind.lower()} {name} is missing.")
    for (kind, name), privileges in grants.held.items():
        if kind in (mistaken or {}):
            continue
        for surplus in sorted(privileges - needed.get((kind, name), set())):
            wrong.append(
                f"{surplus.replace('_', ' ')} on {kind.lower()} {name} gives more than {purpose}."
            )
    return wrong
