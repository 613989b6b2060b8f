"""The plan of an upload, and its execution after interruptions."""

from __future__ import annotations

import os
import signal

import pytest

from lakelab.lessons import lessons
from tests.upload.support import (
    COURSE,
    LESSON,
    MANIFEST,
    edit,
    sources,
    start_upload,
    with_older_item,
    with_older_lesson,
)
from tests.upload.workspace_double import (
    Notebook,
)


def test_a_second_upload_writes_nothing(upload, uploaded, items):
    uploaded.writes.clear()
    done = upload("--write")
    assert done.exit_code == 0, done.output
    assert uploaded.writes == []
    assert f"0 new, 0 changed, {len(items)} unchanged, 0 kept: nothing to write" in done.output


def test_the_outputs_of_a_run_are_no_change(upload, uploaded, items):
    for lesson in lessons():
        uploaded.tree.notebook(f"{COURSE}/notebooks/{lesson.file}").run()
    uploaded.writes.clear()
    done = upload("--write")
    assert f"{len(items)} unchanged, 0 kept" in done.output
    assert uploaded.writes == []


def test_a_newer_lesson_replaces_an_unchanged_one(upload, workspace, items, monkeypatch):
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: with_older_lesson(items))
    upload("--write")
    workspace.tree.notebook(f"{COURSE}/{LESSON}").run()
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    workspace.writes.clear()
    done = upload("--write")
    assert "0 new, 1 changed, " in done.output
    assert workspace.writes == [MANIFEST, f"{COURSE}/{LESSON}"]
    assert "what it said before" not in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))


@pytest.mark.parametrize("path", [LESSON, "notebooks/_lab"])
def test_changes_of_the_user_are_kept(upload, workspace, items, monkeypatch, path):
    older = (
        with_older_lesson(items)
        if path == LESSON
        else with_older_item(items, path, b"# older\n1\n2\n3")
    )
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: older)
    upload("--write")
    notebook = workspace.tree.notebook(f"{COURSE}/{path}")
    notebook.cells[-1]["source"] += "\nmy_own_line = 1"
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    for _ in range(2):
        done = upload("--write")
        assert done.exit_code == 0, done.output
        assert "1 kept" in done.output
        assert "--force" in done.output
        assert "my_own_line = 1" in str(sources(workspace.tree.notebook(f"{COURSE}/{path}")))


def test_a_change_during_the_upload_is_not_overwritten(upload, workspace, items, monkeypatch):
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: with_older_lesson(items))
    upload("--write")
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    # the manifest is the first thing written; the comparison is over then
    workspace.before_write = lambda path: edit(workspace) if path == MANIFEST else None
    done = upload("--write")
    assert done.exit_code == 1
    assert "was changed while lakelab was looking" in done.output
    assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))
    assert "1 kept" in upload().output


def test_other_objects_in_the_folder_stay(upload, uploaded):
    own = {f"{COURSE}/notebooks/my notes": Notebook([]), f"{COURSE}/notes.txt": b"mine"}
    uploaded.tree.objects |= own
    upload("--write", "--force")
    assert {path: uploaded.tree.objects[path] for path in own} == own


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.parametrize("at", ["-py3-none-any.whl", LESSON])
def test_after_a_kill_only_the_missing_items_are_written(upload, workspace, items, at, tmp_path):
    workspace.hang_up_in = at
    process = start_upload(items, tmp_path)
    hung = workspace.hung.wait(60)
    process.send_signal(signal.SIGKILL)
    assert hung, process.communicate()[0]
    process.communicate()
    workspace.go_on.set()
    there = {item.path for item in items if f"{COURSE}/{item.path}" in workspace.tree.objects}
    assert there < {item.path for item in items}
    workspace.writes.clear()

    done = upload("--write")
    assert done.exit_code == 0, done.output
    missing = {item.path for item in items} - there
    written = {path.removeprefix(f"{COURSE}/") for path in workspace.writes}
    assert written == missing
    assert f"{len(missing)} new, 0 changed, {len(there)} unchanged, 0 kept" in done.output
    assert f"{len(items)} unchanged" in upload().output


def test_an_incomplete_file_is_written_again(upload, uploaded, items):
    wheel, picture = (
        next(item for item in items if item.path.endswith(end)) for end in (".whl", ".png")
    )
    for item in (wheel, picture):
        uploaded.tree.objects[f"{COURSE}/{item.path}"] = item.content[:1000]
    uploaded.writes.clear()
    upload("--write")
    assert uploaded.writes == [f"{COURSE}/{wheel.path}", f"{COURSE}/{picture.path}"]
    for item in (wheel, picture):
        assert uploaded.tree.objects[f"{COURSE}/{item.path}"] == item.content
