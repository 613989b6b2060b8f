"""No path that a caller gives, however it is written, leads out of the folders that are served."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from .conftest import MODEL, PLAIN, SECRET, Place

UP = [
    "../secret",
    "../../../../secret",
    "a/../../secret",
    "./../secret",
    "..",
    ".",
    "..\\secret",
    "..%2fsecret",
    "%2e%2e/secret",
    "%2e%2e%2fsecret",
    "%252e%252e%252fsecret",
    "..%5csecret",
    "..%c0%afsecret",
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "a\0b",
    "secret\0.txt",
    "linked/secret",
    "linked",
]
VERSION = f"/Models/{MODEL.replace('.', '/')}/1"
UPLOADS = "/databricks/mlflow/tmp-external-source"
ME = "/Users/learner@example.com"


@pytest.fixture(scope="module")
def linked(place: Place) -> Place:
    """Links that lead out, in each folder that is served."""
    place.fill()
    home = place.home
    uploads = home.workspace("a") / "uploads"
    for name in ("x", "y"):
        (uploads / name).mkdir(parents=True, exist_ok=True)
    home.user_folder.mkdir(exist_ok=True)
    asked = f"/api/2.0/mlflow/unity-catalog/model-versions/get-download-uri?name={MODEL}&version=1"
    version = Path(place.call("GET", asked).told["artifact_uri"])
    for folder in (uploads / "x", uploads / "y", home.user_folder, version):
        if not (folder / "linked").is_symlink():
            (folder / "linked").symlink_to(home.root, target_is_directory=True)
    (uploads / "y" / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    return place


def spellings(path: str) -> list[str]:
    """Give a path as it stands, and encoded once and twice."""
    raw = [path] if path.isprintable() and "\\" not in path else []
    return [*raw, once := quote(path, safe=""), quote(once, safe="")]


def everything(home: Path) -> set[tuple[str, int]]:
    """Give all files and folders of the home but those that each call writes, with sizes."""
    return {
        (str(path.relative_to(home)), path.lstat().st_size if path.is_file() else 0)
        for path in home.rglob("*")
        if path.name != ".uploads"
        and not path.name.startswith("mlflow.db")
        and path.suffix != ".lock"
    }


@pytest.mark.parametrize("up", UP)
def test_no_path_leads_out(linked: Place, up: str) -> None:
    call, home = linked.call, linked.home.root
    before = everything(home)
    answers = []
    for spelt in spellings(up):
        answers += [
            call("GET", f"/api/2.0/fs/directories{VERSION}/{spelt}"),
            call("GET", f"/api/2.0/dbfs/list?path={UPLOADS}/x/{spelt}"),
            call("GET", f"/api/2.0/workspace/get-status?path={ME}/{spelt}"),
            call("GET", f"/api/2.0/mlflow/model-versions/list-artifacts?name={PLAIN}&version=1&path={spelt}"),
            call("GET", f"/api/2.0/mlflow/model-versions/get-signed-download-uri?name={PLAIN}&version=1&path={spelt}"),
            call("POST", f"/dbfs{UPLOADS}/x/{spelt}", b"planted"),
            call("POST", f"/dbfs/{spelt}", b"planted"),
            call("GET", f"/presigned/{spelt}"),
            call("PUT", f"/presigned/{spelt}", b"planted"),
        ]  # fmt: skip
    for path in (up, f"{ME}/{up}"):
        answers.append(call("POST", "/api/2.0/workspace/delete", {"path": path, "recursive": True}))
    for path in (up, f"{VERSION}/{up}"):
        answers += [
            call("POST", "/api/2.0/fs/create-download-url", {"path": path}),
            call("POST", "/api/2.0/fs/create-upload-url", {"path": path}),
        ]
    for answer in answers:
        assert SECRET.encode() not in answer.body
        assert b"root:" not in answer.body
        assert "url" not in answer.told
        assert "signed_uri" not in answer.told
    after = everything(home)
    assert before <= after, "something was deleted or changed"
    planted = {path for path, _ in after - before}
    # within the folder for uploads any name may be used, so that of what was decoded only once
    assert all(path.startswith("workspace/workspaces/a/uploads/x/") for path in planted), planted


def test_a_version_of_the_workspace_registry_takes_no_links_along(linked: Place) -> None:
    made = linked.call(
        "POST",
        "/api/2.0/mlflow/model-versions/create",
        {"name": PLAIN, "source": f"dbfs:{UPLOADS}/y"},
    )
    version = made.told["model_version"]["version"]
    query = f"name={PLAIN}&version={version}"
    listed = linked.call("GET", f"/api/2.0/mlflow/model-versions/list-artifacts?{query}").told
    assert [file["path"] for file in listed["files"]] == ["MLmodel"]
    for path in ("linked/secret", "linked", "../secret"):
        signed = linked.call(
            "GET", f"/api/2.0/mlflow/model-versions/get-signed-download-uri?{query}&path={path}"
        )
        assert signed.status >= 400
        assert "signed_uri" not in signed.told


@pytest.mark.parametrize(
    "authorization", [None, "Bearer x", "Basic dG9rZW4=", "bearer", "Bearer \xff"]
)
def test_every_route_and_every_other_path_wants_the_token(
    place: Place, authorization: str | None
) -> None:
    # what a signed URL stands for needs no token, and what databricks-sdk asks before it has one
    free = ("/presigned/", "/.well-known/")
    targets = [
        (method, route.path)
        for route in place.workspace.app.routes
        for method in sorted(route.methods)
        if not route.path.startswith(free)
    ]
    others = ["/", "//", "/api", "/api/2.0/mlflow", "/static/../secret", "/presigned", "/docs", "*"]
    targets += [("GET", path) for path in others]
    targets += [(method, f"{path}/") for method, path in targets]
    targets += [("TRACE", path) for _, path in targets]
    assert len(targets) > 400
    for method, path in targets:
        answer = place.call(method, path, {"name": MODEL}, authorization=authorization)
        assert answer.status == 401, (method, path)
        assert method == "HEAD" or answer.code == "UNAUTHENTICATED"
    for method in ("GET", "PUT"):
        answer = place.call(method, "/presigned/guessed", b"", authorization=authorization)
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


def test_it_listens_on_the_loopback_only(place: Place) -> None:
    listening = place.workspace._server._socket
    assert listening.family == socket.AF_INET
    assert listening.getsockname()[0] == "127.0.0.1"
