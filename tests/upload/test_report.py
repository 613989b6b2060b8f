"""The output of an upload."""

from __future__ import annotations

import io

from rich.console import Console

from lakelab.upload.report import progress_bar
from tests.upload.support import (
    COURSE,
)
from tests.upload.workspace_double import (
    USER,
)


def test_a_dry_run_lists_all_items_and_writes_nothing(upload, workspace, items):
    done = upload()
    assert done.exit_code == 0, done.output
    assert workspace.writes == []
    assert f"{USER} on {workspace.url}" in done.output
    assert f"/Workspace{COURSE}" in done.output
    for item in items:
        assert item.path.rpartition("/")[2] in done.output
    assert f"{len(items)} new, 0 changed, 0 unchanged, 0 kept: {len(items)} items" in done.output
    total = sum(item.size for item in items) / 1e6
    assert f"to write, {total:.1f} MB" in done.output
    assert "Nothing was written" in done.output
    assert "%" not in done.output, "no progress bar where the output is no terminal"
    assert "━" not in done.output


def test_the_progress_bar_is_removed_at_the_end():
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    with progress_bar(terminal, "writing", 2) as done:
        done("notebooks/[01]")
        assert terminal.is_terminal
    said = terminal.file.getvalue()
    assert "writing" in said
    assert "2" in said
    assert said.endswith(("\x1b[2K", "\x1b[1A\x1b[2K", "\x1b[?25h\r\x1b[1A\x1b[2K")), repr(
        said[-40:]
    )
