"""The folder of the course in a workspace."""

from __future__ import annotations

from datetime import date

import pytest

from tests.upload.support import (
    COURSE,
    LESSON,
    edit,
    error_line,
    sources,
)
from tests.upload.workspace_double import (
    Notebook,
    Refusal,
)

TODAY = date.today().isoformat()


def test_a_folder_without_permission_is_refused(upload, workspace):
    message = error_line(upload("--write", "--path", "/Users/bob@example.com/lakelab"))
    assert "does not have required permissions" in message
    assert "/Workspace/Users/bob@example.com" in message
    assert "choose it with --path" in message
    assert workspace.writes == []


@pytest.mark.parametrize(
    ("path", "found", "expected"),
    [
        (LESSON, None, f"/Workspace{COURSE}/{LESSON} is a directory, expected a notebook"),
        (
            "notebooks/_lab",
            b"",
            f"/Workspace{COURSE}/notebooks/_lab is a file, expected a notebook",
        ),
        (
            "databricks.yml",
            None,
            f"/Workspace{COURSE}/databricks.yml is a directory, expected a file",
        ),
        ("dist", b"", f"/Workspace{COURSE}/dist is a file, expected a folder"),
        ("", Notebook([]), f"/Workspace{COURSE} is a notebook, expected a folder"),
    ],
)
def test_an_object_of_another_type_is_refused(upload, uploaded, path, found, expected):
    if path in ("", "dist"):
        for below in [one for one in uploaded.tree.objects if one.startswith(f"{COURSE}/{path}")]:
            del uploaded.tree.objects[below]
    uploaded.tree.objects[f"{COURSE}/{path}".rstrip("/")] = found
    uploaded.writes.clear()
    message = error_line(upload("--write", "--force"))
    assert expected in message
    assert "Rename or delete it" in message
    assert uploaded.writes == []


def test_a_file_above_the_size_limit_is_reported(upload, workspace):
    workspace.max_file_bytes = 1_000_000
    message = error_line(upload("--write"))
    assert "-py3-none-any.whl: File size imported is" in message


def test_force_writes_a_copy_of_the_users_version(upload, uploaded, items):
    mine = sources(edit(uploaded))
    assert "1 kept: 1 item to write" in upload("--force").output
    assert sources(uploaded.tree.notebook(f"{COURSE}/{LESSON}")) == mine, "a dry run"
    done = upload("--force", "--write")
    assert done.exit_code == 0, done.output
    copy = f"{LESSON} (yours, {TODAY})"
    assert f"yours: /Workspace{COURSE}/{copy}" in done.output
    kept = uploaded.tree.notebook(f"{COURSE}/{copy}")
    assert [(kind, source.rstrip()) for kind, source in sources(kept)] == mine
    assert any(cell["outputs"] for cell in kept.cells), "with what its last run showed"
    assert "my_own_line" not in str(sources(uploaded.tree.notebook(f"{COURSE}/{LESSON}")))
    assert f"{len(items)} unchanged" in upload().output


def test_force_does_not_replace_an_earlier_copy(upload, uploaded):
    edit(uploaded)
    upload("--force", "--write")
    notebook = uploaded.tree.notebook(f"{COURSE}/{LESSON}")
    notebook.cells[2]["source"] = "a second thought"
    upload("--force", "--write")
    first = uploaded.tree.notebook(f"{COURSE}/{LESSON} (yours, {TODAY})")
    second = uploaded.tree.notebook(f"{COURSE}/{LESSON} (yours, {TODAY} 2)")
    assert "my_own_line" in str(sources(first))
    assert "a second thought" in str(sources(second))


def test_force_after_an_interruption_writes_no_second_copy(upload, uploaded):
    """The first upload stops between the copy and the lesson."""
    edit(uploaded)
    paths = []

    def refuse_the_lesson(path):
        paths.append(path)
        if path == f"{COURSE}/{LESSON}":
            raise Refusal(400, "BAD_REQUEST", "not now")

    uploaded.before_write = refuse_the_lesson
    assert upload("--force", "--write").exit_code == 1
    assert "my_own_line" in str(sources(uploaded.tree.notebook(f"{COURSE}/{LESSON}")))
    uploaded.before_write = lambda path: None
    upload("--force", "--write")
    copies = [path for path in uploaded.tree.objects if "(yours" in path]
    assert len(copies) == 1
    assert "my_own_line" not in str(sources(uploaded.tree.notebook(f"{COURSE}/{LESSON}")))
