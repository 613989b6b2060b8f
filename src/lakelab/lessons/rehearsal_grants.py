"""Grants that are only written down: what the exercises on sharing are checked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

Place = tuple[str, str]
"""What is granted on: its kind as ``grants.update`` takes it, and its full name."""


class RehearsalGrants:
    """Writes down what ``WorkspaceClient().grants.update`` is asked for.

    Parameters
    ----------
    principal : str
        Who shall be granted something.

    Attributes
    ----------
    held : dict
        (kind, full name) -> the privileges that the principal holds.
    others : set of str
        Other principals who were granted something.
    """

    def __init__(self, principal: str) -> None:
        self._principal = principal
        self.held: dict[Place, set[str]] = {}
        self.others: set[str] = set()

    def update(
        self, securable_type: Any, full_name: str, *, changes: Any = None, **unknown: Any
    ) -> None:
        place = (_word(securable_type), full_name)
        for change in changes or []:
            added = {_word(privilege) for privilege in change.add or []}
            removed = {_word(privilege) for privilege in change.remove or []}
            if change.principal != self._principal:
                self.others.add(str(change.principal))
                continue
            self.held[place] = self.held.get(place, set()) | added - removed


def _word(value: Any) -> str:
    """Bring ``Privilege.USE_CATALOG``, ``"use catalog"`` and the like to one form."""
    return str(getattr(value, "value", value)).strip().upper().replace(" ", "_")


def wrong_shares(
    share: Callable[..., Any] | Any,
    shared: str,
    principal: str,
    needed: Mapping[Place, set[str]],
    purpose: str,
    mistaken: Mapping[str, str] | None = None,
) -> list[str]:
    """Compare what a function grants with what is needed: no less, no more.

    Parameters
    ----------
    share : callable
        The learner's ``share(w, shared, principal)``; anything else is told to be none.
    shared : str
        Full name of what is shared.
    principal : str
        Who asked for it.
    needed : mapping
        (kind, full name) -> privileges.
    purpose : str
        What the grants are for, such as ``"reading this table"``.
    mistaken : mapping of str to str, optional
        Kind that is often mistaken for the right one -> what to say of it.

    Returns
    -------
    list of str
        What is wrong, a sentence each.

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
    wrong += [told for kind, told in (mistaken or {}).items() if (kind, shared) in grants.held]
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
