"""What is to be done with each item, and doing it. Nothing of the learner's is lost.

Everything is decided by what is in the workspace at that moment, so a run that was broken off needs
nothing but to be started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from enum import Enum

from lakelab.upload.course import Item, Kind
from lakelab.upload.errors import UploadError
from lakelab.upload.folder import Folder, Manifest

AT_ONCE = 4
"""How many notebooks are read at the same time."""


class State(Enum):
    """How an item stands to what is in the workspace."""

    NEW = "new"
    CHANGED = "changed"
    """lakelab's is newer, and the learner has not touched the one in the workspace."""
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """The learner changed it."""


@dataclass(frozen=True)
class Step:
    """An item, how it stands, and what the workspace has of it."""

    item: Item
    state: State
    theirs: bytes | None

    def writes(self, force: bool) -> bool:
        """Say whether the item is to be written."""
        return self.state in (State.NEW, State.CHANGED) or (force and self.state is State.KEPT)


@dataclass(frozen=True)
class Plan:
    """The steps, in order, and the manifest that the folder has before."""

    steps: tuple[Step, ...]
    manifest: Manifest

    def of(self, state: State) -> list[Step]:
        """Give the steps in a state."""
        return [step for step in self.steps if step.state is state]

    def to_write(self, force: bool) -> list[Step]:
        """Give the steps that write."""
        return [step for step in self.steps if step.writes(force)]


def compare(item: Item, theirs: bytes | None, manifest: Manifest) -> State:
    """Compare an item with what the workspace has.

    Parameters
    ----------
    item : Item
        What would be uploaded now.
    theirs : bytes or None
        What is there; None if nothing is.
    manifest : Manifest
        What lakelab put there before.

    Examples
    --------
    >>> item = Item("databricks.yml", Kind.FILE, b"bundle: new")
    >>> nothing = Manifest()
    >>> compare(item, None, nothing), compare(item, b"bundle: new", nothing)
    (<State.NEW: 'new'>, <State.UNCHANGED: 'unchanged'>)
    >>> before = Manifest().with_all([Item("databricks.yml", Kind.FILE, b"bundle: old")])
    >>> compare(item, b"bundle: old", before), compare(item, b"bundle: mine", before)
    (<State.CHANGED: 'changed'>, <State.KEPT: 'kept'>)

    A file that ends too early is nobody's work:

    >>> compare(item, b"bundle:", nothing)
    <State.CHANGED: 'changed'>
    """
    if theirs is None:
        return State.NEW
    if item.kind is Kind.FILE and len(theirs) < item.size and item.content.startswith(theirs):
        return State.CHANGED
    try:
        found = item.fingerprint_of(theirs)
    except ValueError:  # no notebook of ours, so the learner's
        return State.KEPT
    if found in manifest.as_now(item):
        return State.UNCHANGED
    return State.CHANGED if found in manifest.ours(item) else State.KEPT


def make_plan(folder: Folder, items: list[Item], looked_at: Callable[[Item], None]) -> Plan:
    """Look at the folder, and say what is to be done. Writes nothing.

    Parameters
    ----------
    folder : Folder
        The folder in the workspace.
    items : list of Item
        What is to be there afterwards.
    looked_at : callable
        Called after each item.

    Raises
    ------
    UploadError
        If the folder cannot be read, or has something else in an item's place.
    """
    manifest = folder.manifest()
    there = {item.path for item in items if folder.exists(item)}  # fails before anything is read

    def look(item: Item) -> Step:
        theirs = folder.read(item.path, item.kind) if item.path in there else None
        return Step(item, compare(item, theirs, manifest), theirs)

    steps = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for step in threads.map(look, items):
            looked_at(step.item)
            steps.append(step)
    return Plan(tuple(steps), manifest)


def apply_plan(folder: Folder, plan: Plan, force: bool) -> Iterator[tuple[Step, str | None]]:
    """Write what the plan says, one step after the other.

    Parameters
    ----------
    folder : Folder
        The folder in the workspace.
    plan : Plan
        What `make_plan` made of it.
    force : bool
        Write also what the learner changed, after a copy of the learner's version.

    Yields
    ------
    tuple of Step and str or None
        What was written, and the path of the copy, if one was made.

    Raises
    ------
    UploadError
        If the workspace refuses, or the learner is changing a notebook at this moment.
    """
    steps = plan.to_write(force)
    items = [step.item for step in plan.steps]
    manifest = plan.manifest.with_all(items)
    if steps or manifest != plan.manifest:
        folder.make_folders(items)
    if manifest != plan.manifest:
        folder.write_manifest(manifest)
    for step in steps:
        copy = _write(folder, step)
        if step.item.kind is not Kind.FILE:
            _remember(folder, manifest, step.item)
        yield step, copy


def _remember(folder: Folder, manifest: Manifest, item: Item) -> None:
    """Note how the workspace gives a notebook back that was written this moment."""
    try:
        back = item.fingerprint_of(folder.read(item.path, item.kind))
    except ValueError:  # it will count as changed, and be kept
        return
    if manifest.given_back(item, back):
        folder.write_manifest(manifest)


def _write(folder: Folder, step: Step) -> str | None:
    item, theirs = step.item, step.theirs
    if theirs is None:
        folder.write(item, overwrite=False)
        return None
    if item.kind is not Kind.FILE:  # somebody may have it open
        now = folder.read(item.path, item.kind)
        if not item.same(now, theirs):
            raise UploadError(
                f"{folder.target}/{item.path} was changed while lakelab was looking. Nothing of it was "
                "overwritten. Run the same command again."
            )
        theirs = now  # with the newest outputs
    copy = None
    if step.state is State.KEPT:
        copy = folder.keep_a_copy(item, theirs, date.today().isoformat())
    folder.write(item, overwrite=True)
    return copy
