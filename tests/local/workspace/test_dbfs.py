"""MLflow uploads models to one folder of DBFS; the workspace has no other part of DBFS."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from urllib.parse import urlparse

import pytest

OUTSIDE = ["..", "../x", "a/../../x", "%2e%2e/x", "..%2f..%2fx", "a//b", "..\\x", "./x"]
UPLOADS = "/databricks/mlflow/tmp-external-source"


def raw(place, method: str, path: str, body: bytes = b"", token: str | None = None):
    """Send a path as it is: `requests` would tidy it up."""
    connection = http.client.HTTPConnection(urlparse(place.workspace.url).netloc, timeout=30)
    with closing(connection):
        headers = {"Authorization": f"Bearer {token or place.workspace.token}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("outside", OUTSIDE)
def test_no_upload_leaves_its_area(place, outside):
    before = {path for path in place.home.root.parent.rglob("*") if path.is_file()}
    status, answer = raw(place, "POST", f"/dbfs{UPLOADS}/{outside}", b"x")
    written = {path for path in place.home.root.parent.rglob("*") if path.is_file()} - before
    area = place.home.workspace("a") / "uploads"
    assert all(path.is_relative_to(area) for path in written)
    assert status == 400 or written, answer


@pytest.mark.parametrize("path", ["/etc/passwd", "/databricks/mlflow-tracking/0/x", "/FileStore/x"])
def test_there_is_no_other_dbfs(place, path):
    status, answer = raw(place, "POST", f"/dbfs{path}", b"x")
    assert (status, answer["error_code"]) == (403, "PERMISSION_DENIED")
    status, answer = raw(place, "GET", f"/api/2.0/dbfs/list?path={path}")
    assert (status, answer["error_code"]) == (403, "PERMISSION_DENIED")


def test_an_upload_wants_the_token(place):
    status, answer = raw(place, "POST", f"/dbfs{UPLOADS}/mine/b", b"x", token="wrong")
    assert (status, answer["error_code"]) == (401, "UNAUTHENTICATED")
    assert not (place.home.workspace("a") / "uploads" / "mine").exists()
