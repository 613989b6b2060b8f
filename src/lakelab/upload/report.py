"""The output of an upload: the plan as a tree, its summary, and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.tree import Tree

from lakelab.upload.manifest import MANIFEST
from lakelab.upload.plan import Plan, State, Step
from lakelab.upload.target import UploadTarget

STYLES = {State.NEW: "green", State.CHANGED: "cyan", State.UNCHANGED: "dim", State.KEPT: "yellow"}


@contextmanager
def progress_bar(console: Console, label: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, and remove it at the end.

    Yields
    ------
    callable
        Call it with the name of each finished item.
    """
    columns = (
        SpinnerColumn(),
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=total)
        yield lambda name: progress.update(task, advance=1, description=escape(name))


def tree(plan: Plan, target: UploadTarget) -> Tree:
    """Return the folder as a tree with the size and the state of each item."""
    root = Tree(escape(str(target)), guide_style="dim")
    branches = {"": root}
    for step in sorted(plan.steps, key=lambda step: step.item.path):
        folder, _, name = step.item.path.rpartition("/")
        leaf = f"{escape(name)}  {format_size(step.item.size)}  {step.state.value}"
        _branch(branches, folder).add(leaf, style=STYLES[step.state])
    return root


def _branch(branches: dict[str, Tree], folder: str) -> Tree:
    if folder not in branches:
        above, _, name = folder.rpartition("/")
        branches[folder] = _branch(branches, above).add(f"{escape(name)}/")
    return branches[folder]


def summary(plan: Plan) -> str:
    """Count the items in each state.

    Examples
    --------
    >>> summary(Plan((), manifest=None))
    '0 new, 0 changed, 0 unchanged, 0 kept'
    """
    return ", ".join(f"{len(plan.in_state(state))} {state.value}" for state in State)


def write_summary(steps: list[Step]) -> str:
    """Return the number and the size of the steps that write.

    Examples
    --------
    >>> write_summary([])
    'nothing to write'
    """
    if not steps:
        return "nothing to write"
    items = "1 item" if len(steps) == 1 else f"{len(steps)} items"
    return f"{items} to write, {format_size(sum(step.item.size for step in steps))}"


def kept_note(plan: Plan, force: bool) -> str:
    """Return a note about the items that the user changed; empty if there are none."""
    kept = len(plan.in_state(State.KEPT))
    if not kept:
        return ""
    if force:
        return f"{kept} with your changes: yours is kept beside it as a copy, then it is written."
    reason = "" if plan.manifest.readable else f" ({MANIFEST} cannot be read: what differs is kept)"
    return (
        f"{kept} kept, as you changed it in the workspace{reason}. To have lakelab's, and yours beside "
        "it as a copy: --force"
    )


def format_size(count: int) -> str:
    """Format a number of bytes.

    Examples
    --------
    >>> format_size(512), format_size(45_955), format_size(7_043_718)
    ('1 kB', '46 kB', '7.0 MB')
    """
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
