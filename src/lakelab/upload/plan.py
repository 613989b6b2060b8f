"""The plan of an upload, and its execution. The user's changes in the workspace are never lost.

The state of the workspace alone decides the plan: to continue an interrupted upload, run it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from enum import Enum

from lakelab.upload.course import Item, Kind
from lakelab.upload.errors import UploadError
from lakelab.upload.folder import Folder
from lakelab.upload.manifest import Manifest

MAX_PARALLEL_READS = 4
"""The number of notebooks that are read at the same time."""


class State(Enum):
    """The state of an item, compared with the workspace."""

    NEW = "new"
    CHANGED = "changed"
    """lakelab has a newer version, and the user has not changed the one in the workspace."""
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """The user changed the item in the workspace."""


@dataclass(frozen=True)
class Step:
    """An item, its state, and its content in the workspace."""

    item: Item
    state: State
    existing: bytes | None

    def writes(self, force: bool) -> bool:
        """Return whether the item is written."""
        return self.state in (State.NEW, State.CHANGED) or (force and self.state is State.KEPT)


@dataclass(frozen=True)
class Plan:
    """The steps in order, and the manifest before the upload."""

    steps: tuple[Step, ...]
    manifest: Manifest

    def in_state(self, state: State) -> list[Step]:
        """Return the steps in a state."""
        return [step for step in self.steps if step.state is state]

    def steps_to_write(self, force: bool) -> list[Step]:
        """Return the steps that write."""
        return [step for step in self.steps if step.writes(force)]


def compare(item: Item, existing: bytes | None, manifest: Manifest) -> State:
    """Compare an item with its content in the workspace.

    Parameters
    ----------
    item : Item
        The item to upload.
    existing : bytes or None
        The content in the workspace; None if the item does not exist there.
    manifest : Manifest
        The record of earlier uploads.

    Examples
    --------
    >>> item = Item("databricks.yml", Kind.FILE, b"bundle: new")
    >>> empty = Manifest()
    >>> compare(item, None, empty), compare(item, b"bundle: new", empty)
    (<State.NEW: 'new'>, <State.UNCHANGED: 'unchanged'>)
    >>> before = Manifest().with_all([Item("databricks.yml", Kind.FILE, b"bundle: old")])
    >>> compare(item, b"bundle: old", before), compare(item, b"bundle: mine", before)
    (<State.CHANGED: 'changed'>, <State.KEPT: 'kept'>)

    An incomplete file is the rest of an interrupted upload:

    >>> compare(item, b"bundle:", empty)
    <State.CHANGED: 'changed'>
    """
    if existing is None:
        return State.NEW
    if item.kind is Kind.FILE and len(existing) < item.size and item.content.startswith(existing):
        return State.CHANGED
    try:
        fingerprint = item.fingerprint_of(existing)
    except ValueError:  # not a notebook of lakelab, so it is the user's
        return State.KEPT
    if fingerprint in manifest.current_fingerprints(item):
        return State.UNCHANGED
    return State.CHANGED if fingerprint in manifest.known_fingerprints(item) else State.KEPT


def make_plan(folder: Folder, items: list[Item], on_compared: Callable[[Item], None]) -> Plan:
    """Compare all items with the folder, and return the plan. Nothing is written.

    Parameters
    ----------
    folder : Folder
        The folder in the workspace.
    items : list of Item
        The items of the course.
    on_compared : callable
        Called after each item.

    Raises
    ------
    UploadError
        If the folder cannot be read, or another type of object is at the path of an item.
    """
    manifest = folder.manifest()
    paths = {item.path for item in items if folder.exists(item)}  # raises before any item is read

    def compare_item(item: Item) -> Step:
        existing = folder.read(item.path, item.kind) if item.path in paths else None
        return Step(item, compare(item, existing, manifest), existing)

    steps = []
    with ThreadPoolExecutor(MAX_PARALLEL_READS) as threads:
        for step in threads.map(compare_item, items):
            on_compared(step.item)
            steps.append(step)
    return Plan(tuple(steps), manifest)


def apply_plan(folder: Folder, plan: Plan, force: bool) -> Iterator[tuple[Step, str | None]]:
    """Write the steps of a plan, one after the other.

    Parameters
    ----------
    folder : Folder
        The folder in the workspace.
    plan : Plan
        The result of `make_plan`.
    force : bool
        Whether items that the user changed are written, after a copy of the user's version.

    Yields
    ------
    tuple of Step and str or None
        The written step, and the path of the copy or None.

    Raises
    ------
    UploadError
        If the workspace refuses a call, or the user changes a notebook at the same time.
    """
    steps = plan.steps_to_write(force)
    items = [step.item for step in plan.steps]
    manifest = plan.manifest.with_all(items)
    if steps or manifest != plan.manifest:
        folder.create_folders(items)
    if manifest != plan.manifest:
        folder.write_manifest(manifest)
    for step in steps:
        copy = _write(folder, step)
        if step.item.kind is not Kind.FILE:
            _record_exported_fingerprint(folder, manifest, step.item)
        yield step, copy


def _record_exported_fingerprint(folder: Folder, manifest: Manifest, item: Item) -> None:
    """Record the fingerprint of a notebook that was just written, as the workspace exports it."""
    try:
        exported = item.fingerprint_of(folder.read(item.path, item.kind))
    except ValueError:  # the next upload treats it as changed by the user
        return
    if manifest.record_exported(item, exported):
        folder.write_manifest(manifest)


def _write(folder: Folder, step: Step) -> str | None:
    item, existing = step.item, step.existing
    if existing is None:
        folder.write(item, overwrite=False)
        return None
    if item.kind is not Kind.FILE:  # the user may have it open
        now = folder.read(item.path, item.kind)
        if not item.is_same(now, existing):
            raise UploadError(
                f"{folder.target}/{item.path} was changed while lakelab was looking. Nothing of it was "
                "overwritten. Run the same command again."
            )
        existing = now  # it has the newest outputs
    copy = None
    if step.state is State.KEPT:
        copy = folder.write_copy(item, existing, date.today().isoformat())
    folder.write(item, overwrite=True)
    return copy
