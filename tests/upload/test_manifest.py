"""The record of earlier uploads."""

from __future__ import annotations

import json

from tests.upload.support import (
    COURSE,
    LESSON,
    MANIFEST,
    edit,
    sources,
    with_older_lesson,
)
from tests.upload.workspace_double import (
    Refusal,
)


def test_without_a_manifest_all_differences_are_the_users(upload, uploaded):
    edit(uploaded)
    for content in (None, b'{"format": 1, "uploa'):
        uploaded.tree.objects[MANIFEST] = content
        if content is None:
            del uploaded.tree.objects[MANIFEST]
        done = upload("--write")
        assert "1 kept" in done.output, done.output
        assert "my_own_line" in str(sources(uploaded.tree.notebook(f"{COURSE}/{LESSON}")))
        assert json.loads(uploaded.tree.objects[MANIFEST])["format"] == 1


def test_a_manifest_of_a_newer_lakelab_is_refused(upload, uploaded):
    newer = json.dumps({"format": 2, "lakelab": "9.9", "uploaded": {}}).encode()
    uploaded.tree.objects[MANIFEST] = newer
    done = upload("--write")
    assert done.exit_code == 1
    assert "was written by lakelab 9.9" in done.output
    assert uploaded.tree.objects[MANIFEST] == newer


def test_a_workspace_that_changes_sources_makes_no_user_changes(
    upload, workspace, items, monkeypatch
):
    """The exports of real workspaces are not known here; this one indents by tabs."""
    workspace.export_source = lambda source: source.replace("    ", "\t")
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: with_older_lesson(items))
    upload("--write")
    assert f"{len(items)} unchanged, 0 kept" in upload("--write").output
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    assert f"1 changed, {len(items) - 1} unchanged, 0 kept" in upload("--write").output
    edit(workspace)
    assert f"{len(items) - 1} unchanged, 1 kept" in upload("--write").output
    assert "my_own_line" in str(sources(workspace.tree.notebook(f"{COURSE}/{LESSON}")))


def test_an_interrupted_upload_is_known_to_a_newer_lakelab(upload, workspace, items, monkeypatch):
    """The manifest also has the last item before the interruption."""
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: with_older_lesson(items))

    def refuse_what_follows(path):
        if path == f"{COURSE}/notebooks/07_write_feature_table":
            raise Refusal(400, "BAD_REQUEST", "not now")

    workspace.before_write = refuse_what_follows
    assert upload("--write").exit_code == 1
    workspace.before_write = lambda path: None
    monkeypatch.setattr("lakelab.upload.course.course", lambda root: list(items))
    assert "13 new" not in (done := upload("--write")).output
    assert "1 changed" in done.output
    assert "0 kept" in done.output
