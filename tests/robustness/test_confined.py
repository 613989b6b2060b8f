"""No path in a request, in any spelling, leads out of the folders that the workspace serves."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest

from .conftest import MODEL, PLAIN, SECRET, ServedWorkspace

OUTSIDE_PATHS = [
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
def linked(served: ServedWorkspace) -> ServedWorkspace:
    """A workspace with a link to the outside in each served folder."""
    served.fill()
    home = served.home
    uploads = home.workspace("a") / "uploads"
    for name in ("x", "y"):
        (uploads / name).mkdir(parents=True, exist_ok=True)
    home.user_folder.mkdir(exist_ok=True)
    request = (
        f"/api/2.0/mlflow/unity-catalog/model-versions/get-download-uri?name={MODEL}&version=1"
    )
    version = Path(served.call("GET", request).json["artifact_uri"])
    for folder in (uploads / "x", uploads / "y", home.user_folder, version):
        if not (folder / "linked").is_symlink():
            (folder / "linked").symlink_to(home.root, target_is_directory=True)
    (uploads / "y" / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    return served


def spellings(path: str) -> list[str]:
    """Return a path unchanged, encoded once, and encoded twice."""
    raw = [path] if path.isprintable() and "\\" not in path else []
    return [*raw, once := quote(path, safe=""), quote(once, safe="")]


def all_files(home: Path) -> set[tuple[str, int]]:
    """Return all files and folders of the home with their sizes, except those that each call writes."""
    return {
        (str(path.relative_to(home)), path.lstat().st_size if path.is_file() else 0)
        for path in home.rglob("*")
        if path.name != ".uploads"
        and not path.name.startswith("mlflow.db")
        and path.suffix != ".lock"
    }


@pytest.mark.parametrize("outside", OUTSIDE_PATHS)
def test_no_path_leads_out(linked: ServedWorkspace, outside: str) -> None:
    call, home = linked.call, linked.home.root
    before = all_files(home)
    answers = []
    for spelt in spellings(outside):
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
    for path in (outside, f"{ME}/{outside}"):
        answers.append(call("POST", "/api/2.0/workspace/delete", {"path": path, "recursive": True}))
    for path in (outside, f"{VERSION}/{outside}"):
        answers += [
            call("POST", "/api/2.0/fs/create-download-url", {"path": path}),
            call("POST", "/api/2.0/fs/create-upload-url", {"path": path}),
        ]
    for answer in answers:
        assert SECRET.encode() not in answer.body
        assert b"root:" not in answer.body
        assert "url" not in answer.json
        assert "signed_uri" not in answer.json
    after = all_files(home)
    assert before <= after, "something was deleted or changed"
    planted = {path for path, _ in after - before}
    # in the folder for uploads any name is allowed, such as a path that was decoded only once
    assert all(path.startswith("workspace/workspaces/a/uploads/x/") for path in planted), planted


def test_a_version_of_the_workspace_registry_does_not_contain_links(
    linked: ServedWorkspace,
) -> None:
    created = linked.call(
        "POST",
        "/api/2.0/mlflow/model-versions/create",
        {"name": PLAIN, "source": f"dbfs:{UPLOADS}/y"},
    )
    version = created.json["model_version"]["version"]
    query = f"name={PLAIN}&version={version}"
    listed = linked.call("GET", f"/api/2.0/mlflow/model-versions/list-artifacts?{query}").json
    assert [file["path"] for file in listed["files"]] == ["MLmodel"]
    for path in ("linked/secret", "linked", "../secret"):
        signed = linked.call(
            "GET", f"/api/2.0/mlflow/model-versions/get-signed-download-uri?{query}&path={path}"
        )
        assert signed.status >= 400
        assert "signed_uri" not in signed.json


@pytest.mark.parametrize(
    "authorization", [None, "Bearer x", "Basic dG9rZW4=", "bearer", "Bearer \xff"]
)
def test_every_route_and_every_other_path_needs_the_token(
    served: ServedWorkspace, authorization: str | None
) -> None:
    # signed URLs need no token, nor does the request that databricks-sdk sends before it has one
    free = ("/presigned/", "/.well-known/")
    targets = [
        (method, route.path)
        for route in served.workspace.app.routes
        for method in sorted(route.methods)
        if not route.path.startswith(free)
    ]
    others = ["/", "//", "/api", "/api/2.0/mlflow", "/static/../secret", "/presigned", "/docs", "*"]
    targets += [("GET", path) for path in others]
    targets += [(method, f"{path}/") for method, path in targets]
    targets += [("TRACE", path) for _, path in targets]
    assert len(targets) > 400
    for method, path in targets:
        answer = served.call(method, path, {"name": MODEL}, authorization=authorization)
        assert answer.status == 401, (method, path)
        assert method == "HEAD" or answer.code == "UNAUTHENTICATED"
    for method in ("GET", "PUT"):
        answer = served.call(method, "/presigned/guessed", b"", authorization=authorization)
        assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


def test_the_workspace_listens_on_the_loopback_only(served: ServedWorkspace) -> None:
    served.workspace.start()  # the fixture stops it
    port = urlsplit(served.workspace.url).port
    addresses = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("inet")
        if connection.laddr.port == port
    }
    assert addresses == {"127.0.0.1"}
