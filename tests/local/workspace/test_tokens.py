"""Access tokens of the local workspace."""

from __future__ import annotations

import pytest
import requests

from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.workspace import LocalWorkspace, start_workspace

ME = "/api/2.0/preview/scim/v2/Me"


def all_routes(workspace: LocalWorkspace):
    for route in workspace.app.routes:
        for method in sorted(route.methods - {"HEAD"}):
            yield method, route.path


def test_tokens_are_random_and_belong_to_one_workspace(workspace, tmp_path):
    home = Home(tmp_path / "other").prepare()
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as other:
        assert other.token != workspace.token
        headers = {"Authorization": f"Bearer {workspace.token}"}
        assert requests.get(other.url + ME, headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer \xe9",
    ],
)
def test_every_call_wants_the_token(workspace, header):
    headers = (
        {}
        if header is None
        else {"Authorization": header.format(token=workspace.token).encode("latin-1")}
    )
    routes = [*all_routes(workspace), ("GET", "/unknown"), ("POST", ME)]
    for method, path in routes:
        if path.startswith(("/presigned/", "/.well-known/")):
            continue
        answer = requests.request(method, workspace.url + path, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED"), path
