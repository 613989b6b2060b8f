"""The target folder of an upload."""

from __future__ import annotations

import pytest

from tests.upload.support import (
    LESSON,
    error_line,
)


@pytest.mark.parametrize("path", ["/Shared/lab", "/Workspace/Shared/lab/"])
def test_the_option_path_sets_the_folder(upload, workspace, path):
    assert upload("--write", "--path", path).exit_code == 0
    assert f"/Shared/lab/{LESSON}" in workspace.tree.objects


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("lakelab", "is not absolute"),
        ("/Workspace/Users/../Shared/x", "leads up"),
        ("/dbfs/lakelab", "is not below /Workspace"),
        ("/Volumes/main/a/b", "is in a volume"),
        ("/Workspace", "is not below /Workspace"),
        ("/Users", "is the folder of all users"),
        ("/Shared\\x", "has a character"),
        ("C:/Program Files/Git/Workspace/Shared/x", "In Git Bash, write //Workspace"),
        ("", "is not absolute"),
    ],
)
def test_paths_that_no_workspace_has_are_refused(upload, workspace, path, why):
    message = error_line(upload("--write", "--path", path))
    assert why in message
    assert "Expected a folder such as /Workspace/Users/" in message
    assert workspace.writes == []


def test_a_path_with_two_slashes_for_git_bash(upload, workspace):
    assert "/Workspace/Shared/x" in upload("--path", "//Workspace/Shared/x").output
