"""List the objects of the course, and remove them after a confirmation."""

from __future__ import annotations

from collections.abc import Iterable

from lakelab.cleanup.delete import ignore_missing
from lakelab.cleanup.find import find
from lakelab.cleanup.inventory import CourseObject
from lakelab.cleanup.scope import CleanupScope

RESTART = (
    "To go on learning, restart the notebook's session and run the lesson's first cell: it makes again "
    "what the lesson needs."
)


class CleanupError(Exception):
    """Some objects could not be removed; the message says which, and why."""


def cleanup(scope: CleanupScope, confirm: bool = False) -> None:
    """List what the course created; with ``confirm=True``, remove it.

    Parameters
    ----------
    scope : CleanupScope
    confirm : bool
        Without it nothing is removed.

    Raises
    ------
    CleanupError
        If some objects could not be removed. All others are removed then.
    """
    inventory = find(scope)
    inventory.print(confirm)
    objects = inventory.objects
    if confirm and objects:
        failures = remove(objects)
        print(f"Removed {len(objects) - len(failures)} of {len(objects)}. {RESTART}")
        if failures:
            raise CleanupError("not removed: " + "; ".join(failures))


def remove(objects: Iterable[CourseObject]) -> list[str]:
    """Remove objects one after the other. A failure does not stop the others.

    Returns
    -------
    list of str
        The objects that could not be removed, with the error.
    """
    failures = []
    for one in objects:
        try:
            ignore_missing(one.remove)
        except Exception as error:  # noqa: BLE001 - of any client; it is reported, and the next object follows
            reason = str(error).strip().partition("\n")[0]
            failures.append(f"{one.kind} {one.name} ({type(error).__name__}: {reason})")
    return failures
