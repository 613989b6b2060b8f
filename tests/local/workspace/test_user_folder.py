"""The user's folder, as databricks-sdk requests it: files outside are neither shown nor deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied

from lakelab.local.workspace import DEFAULT_USER

MINE = f"/Users/{DEFAULT_USER}"


@pytest.fixture
def w(place) -> WorkspaceClient:
    return WorkspaceClient()


@pytest.fixture
def folder(place) -> Path:
    folder = place.home.user_folder / "lakelab_automl" / "late_classify"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "BestTrial.ipynb").write_text("{}")
    return folder


def test_a_folder_is_found_and_deleted_with_what_is_in_it(folder: Path, w):
    status = w.workspace.get_status(f"{MINE}/lakelab_automl")
    assert status.object_type.value == "DIRECTORY"
    notebook = w.workspace.get_status(f"{MINE}/lakelab_automl/late_classify/BestTrial.ipynb")
    assert notebook.object_type.value == "NOTEBOOK"
    with pytest.raises(BadRequest, match="not empty"):
        w.workspace.delete(f"{MINE}/lakelab_automl")
    w.workspace.delete(f"{MINE}/lakelab_automl", recursive=True)
    assert not folder.parent.exists()
    with pytest.raises(NotFound, match="doesn't exist"):
        w.workspace.get_status(f"{MINE}/lakelab_automl")


@pytest.mark.parametrize(
    "path",
    [
        "/Users/colleague@example.com/lakelab_automl",
        f"{MINE}/../colleague@example.com",
        f"{MINE}/lakelab_automl/../../mlflow",
        f"{MINE}x",
        "/",
        "/etc/passwd",
        f"{MINE}/lakelab_automl\\..\\..",
    ],
)
def test_what_is_elsewhere_is_refused(folder: Path, w, path: str):
    with pytest.raises(PermissionDenied, match="no access"):
        w.workspace.get_status(path)
    with pytest.raises(PermissionDenied, match="no access"):
        w.workspace.delete(path, recursive=True)
    assert folder.is_dir()


def test_the_folder_itself_stays(folder: Path, w):
    with pytest.raises(BadRequest, match="stays"):
        w.workspace.delete(MINE, recursive=True)
    assert folder.is_dir()


def test_a_link_leads_nowhere(folder: Path, w, tmp_path: Path):
    (tmp_path / "kept").mkdir()
    link = folder.parent / "link"
    link.symlink_to(tmp_path)
    for path in ("link", "link/kept"):
        with pytest.raises(NotFound):
            w.workspace.delete(f"{MINE}/lakelab_automl/{path}", recursive=True)
    assert (tmp_path / "kept").is_dir()
    link.unlink()
