"""Uploads, downloads and listings stay in the folder of their version."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import quote, urlparse

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

FS = "/api/2.0/fs"
VERSIONS = "/api/2.0/mlflow/unity-catalog/model-versions"

OUTSIDE = [
    "..",
    "../../../../../governance.json",
    "a/../../x",
    "./MLmodel",
    "%2e%2e/MLmodel",
    "..%2f..%2fx",
    "..\\x",
    "a//b",
    "a\x00b",
]


@pytest.fixture
def version_path(place, schema, saved_models) -> str:
    name = f"{schema}.delay"
    mlflow.register_model(str(saved_models[0]), name)
    return f"/Models/{name.replace('.', '/')}/1"


@pytest.fixture
def version_folder(place, version_path):
    name = ".".join(version_path.split("/")[2:5])
    record = json.loads(place.plain.get_model_version(name, "1").tags["unity_catalog"])
    return place.home.workspace_state / "models" / record["files"]


def raw_get(place, path: str) -> tuple[int, bytes]:
    """Send a path as it is: `requests` would tidy it up."""
    connection = http.client.HTTPConnection(urlparse(place.workspace.url).netloc, timeout=30)
    with closing(connection):
        connection.putrequest("GET", path)
        connection.putheader("Authorization", f"Bearer {place.workspace.token}")
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()


def download(place, path: str):
    return place.call("POST", f"{FS}/create-download-url", json={"path": path})


def test_a_file_comes_by_a_url_that_works_once(place, version_path, saved_models):
    url = download(place, f"{version_path}/MLmodel").json()["url"]
    path = urlparse(url).path
    assert raw_get(place, path) == (200, (saved_models[0] / "MLmodel").read_bytes())
    status, body = raw_get(place, path)
    assert (status, json.loads(body)["error_code"]) == (403, "PERMISSION_DENIED")
    other = urlparse(download(place, f"{version_path}/MLmodel").json()["url"]).path
    assert place.call("PUT", other, data=b"x").status_code == 403


def test_large_files_come_in_ranges_by_one_url(place, version_path, saved_models):
    path = urlparse(download(place, f"{version_path}/MLmodel").json()["url"]).path
    parts = [
        requests.get(place.workspace.url + path, headers={"Range": spec}, timeout=30)
        for spec in ("bytes=0-9", "bytes=10-19")
    ]
    assert [part.status_code for part in parts] == [206, 206]
    assert b"".join(p.content for p in parts) == (saved_models[0] / "MLmodel").read_bytes()[:20]


@pytest.mark.parametrize("outside", OUTSIDE)
def test_no_path_leads_out(place, version_path, outside):
    for answer in (
        download(place, f"{version_path}/{outside}"),
        place.call("POST", f"{FS}/create-upload-url", json={"path": f"{version_path}/{outside}"}),
    ):
        assert 400 <= answer.status_code < 500
        assert "url" not in answer.json()
    for path in (outside, quote(outside, safe=""), quote(quote(outside, safe=""), safe="")):
        if all(32 < ord(character) < 127 for character in path):
            status, body = raw_get(place, f"{FS}/directories{version_path}/{path}")
            assert 400 <= status < 500, body
            assert "contents" not in json.loads(body)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/Models/../../x/1/y", "/Volumes/a/b/c", "//Models", ""]
)
def test_only_models_have_files(place, path):
    answer = download(place, path)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_links_are_not_followed_out_of_the_version(place, version_path, version_folder, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    os.symlink(secret / "key", version_folder / "link")
    os.symlink(secret, version_folder / "linked")
    os.symlink(version_folder / "MLmodel", version_folder / "alias-of-MLmodel")
    for path in ("link", "linked/key", "linked"):
        assert download(place, f"{version_path}/{path}").status_code == 400
    status, body = raw_get(place, f"{FS}/directories{version_path}/linked")
    assert status == 400, body
    listed = place.call("GET", f"{FS}/directories{version_path}").json()["contents"]
    names = {entry["name"] for entry in listed}
    assert names >= {"MLmodel", "alias-of-MLmodel"}
    assert not names & {"link", "linked"}
    assert download(place, f"{version_path}/alias-of-MLmodel").status_code == 200


def test_a_link_made_after_the_url_was_signed_is_not_followed(
    place, version_path, version_folder, tmp_path
):
    (tmp_path / "key").write_text("secret")
    path = urlparse(download(place, f"{version_path}/MLmodel").json()["url"]).path
    (version_folder / "MLmodel").unlink()
    os.symlink(tmp_path / "key", version_folder / "MLmodel")
    status, body = raw_get(place, path)
    assert status == 400
    assert b"secret" not in body


def test_files_of_a_ready_version_do_not_change(place, version_path):
    answer = place.call("POST", f"{FS}/create-upload-url", json={"path": f"{version_path}/MLmodel"})
    assert answer.json()["error_code"] == "INVALID_STATE"
    assert "Register a new version" in answer.json()["message"]


def test_an_upload_url_ends_when_the_version_is_ready(place, schema):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    place.call("POST", f"{VERSIONS}/create", json={"name": name, "source": "x"})
    urls = [
        place.call(
            "POST",
            f"{FS}/create-upload-url",
            json={"path": f"/Models/{name.replace('.', '/')}/1/{file}"},
        ).json()["url"]
        for file in ("MLmodel", "late")
    ]
    first, late = (urlparse(url).path for url in urls)
    assert place.call("PUT", first, data=b"flavors: {}").status_code == 200
    finalized = place.call("POST", f"{VERSIONS}/finalize", json={"name": name, "version": "1"})
    assert finalized.json()["model_version"]["status"] == "READY"
    assert place.call("PUT", late, data=b"too late").status_code == 403


def test_a_client_killed_in_mid_upload_leaves_a_pending_version_and_no_file(place, schema, caplog):
    name = f"{schema}.delay"
    MlflowClient().create_registered_model(name)
    place.call("POST", f"{VERSIONS}/create", json={"name": name, "source": "x"})
    path = f"/Models/{name.replace('.', '/')}/1/MLmodel"
    url = urlparse(place.call("POST", f"{FS}/create-upload-url", json={"path": path}).json()["url"])
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"half of it")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # the server has noticed
    assert MlflowClient().get_model_version(name, "1").status == "PENDING_REGISTRATION"
    refused = place.call("POST", f"{VERSIONS}/finalize", json={"name": name, "version": "1"})
    assert refused.json()["error_code"] == "INVALID_STATE"
    models = place.home.workspace_state / "models"
    assert not list((models / name.replace(".", "/")).rglob("MLmodel"))
    assert not list((models / ".uploads").iterdir())
    assert not [record for record in caplog.records if record.name.startswith("lakelab")]


REGISTER = """
import sys

import mlflow

mlflow.register_model(sys.argv[1], sys.argv[2])
"""


def test_a_client_process_killed_in_mid_upload_leaves_no_ready_version(
    place, schema, saved_models, tmp_path
):
    name, model = f"{schema}.delay", tmp_path / "model"
    shutil.copytree(saved_models[0], model)
    with (model / "weights.bin").open("wb") as weights:
        weights.truncate(64 << 20)
    os.mkfifo(model / "never.bin")  # nobody writes into it: the client waits here, and never ends
    uploads = place.home.workspace_state / "models" / ".uploads"
    files = place.home.workspace_state / "models" / name.replace(".", "/")
    client = subprocess.Popen([sys.executable, "-c", REGISTER, str(model), name])
    try:
        wait_until(lambda: list(files.rglob("MLmodel")) and client.poll() is None)
        wait_until(lambda: any(uploads.iterdir()) or list(files.rglob("weights.bin")))
    finally:
        client.kill()  # SIGKILL
        assert client.wait(30) == -signal.SIGKILL
    registry = MlflowClient()
    statuses = {v.version: v.status for v in registry.search_model_versions(f"name='{name}'")}
    assert statuses == {"1": "PENDING_REGISTRATION"}
    with pytest.raises(MlflowException, match="upload did not end"):
        mlflow.pyfunc.load_model(f"models:/{name}/1")
    wait_until(lambda: not any(uploads.iterdir()))  # the server clears what did not arrive whole

    again = mlflow.register_model(str(saved_models[0]), name)
    assert (again.version, again.status) == ("2", "READY")
    assert mlflow.pyfunc.load_model(f"models:/{name}/2") is not None
    registry.delete_model_version(name, "1")
    assert [v.version for v in registry.search_model_versions(f"name='{name}'")] == ["2"]


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_tag_changed_by_others_opens_no_other_folder(place, version_path, schema):
    name = f"{schema}.delay"
    for files in ("../../..", "/etc", "main/x/y/..", "a/b/c"):
        record = {"source": "x", "files": files, "status": "READY", "user": "x"}
        place.plain.set_model_version_tag(name, "1", "unity_catalog", json.dumps(record))
        assert download(place, f"{version_path}/passwd").json()["error_code"] == "INVALID_STATE"
    place.plain.set_model_version_tag(name, "1", "unity_catalog", "no json")
    assert download(place, f"{version_path}/x").json()["error_code"] == "INVALID_STATE"


def test_files_of_a_deleted_or_renamed_model_are_not_served_from_memory(
    place, version_path, schema, saved_models
):
    client, name, asked = MlflowClient(), f"{schema}.delay", f"{version_path}/MLmodel"
    assert download(place, asked).status_code == 200
    client.rename_registered_model(name, "late")
    assert download(place, asked).json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    client.rename_registered_model(f"{schema}.late", "delay")
    assert download(place, asked).status_code == 200
    client.delete_registered_model(name)
    assert download(place, asked).json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    mlflow.register_model(str(saved_models[1]), name)  # the same name and number, another model
    url = download(place, asked).json()["url"]
    assert requests.get(url, timeout=30).content == (saved_models[1] / "MLmodel").read_bytes()


def test_deleting_a_version_deletes_its_files(place, version_path, version_folder, schema):
    assert version_folder.is_dir()
    MlflowClient().delete_model_version(f"{schema}.delay", "1")
    assert not version_folder.exists()
