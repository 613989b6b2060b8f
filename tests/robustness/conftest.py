"""A local workspace for these tests, called in this process, with a schema, a table and models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.system.home import Home
from lakelab.local.workspace import DEFAULT_USER, LocalWorkspace

from .asgi import Caller

MLFLOW, UNITY = "/api/2.0/mlflow/unity-catalog", "/api/2.1/unity-catalog"
SECRET = "nothing-of-this-is-served"
MODEL, SCHEMA, PLAIN = "main.fuzz.delay", "main.fuzz", "delay"


@dataclass
class ServedWorkspace:
    """A workspace without an open socket, and a caller of its web application."""

    home: Home
    unity: UnityCatalog
    workspace: LocalWorkspace
    call: Caller

    def fill(self) -> None:
        """Create a schema, a table, models and versions, unless they exist."""
        self.unity.create_catalog("main")
        self.unity.create_schema("main", "fuzz")
        name = TableName("main", "fuzz", "weather")
        if not self.unity.exists(name):
            write_deltalake(self.unity.path(name), pa.table({"k": [1]}))
        versions = f"{MLFLOW}/model-versions"
        if self.call("GET", f"{versions}/get?name={MODEL}&version=1").status != 200:
            self.call("DELETE", f"{MLFLOW}/registered-models/delete", {"name": MODEL})
            self.call("POST", f"{MLFLOW}/registered-models/create", {"name": MODEL})
            created = self.call("POST", f"{versions}/create", {"name": MODEL, "source": "x"}).json
            assert created["model_version"]["version"] == "1"
            self.upload(f"/Models/{MODEL.replace('.', '/')}/1/MLmodel", b"flavors: {}\n")
            self.call("POST", f"{versions}/finalize", {"name": MODEL, "version": "1"})
        self.call("POST", "/api/2.0/mlflow/registered-models/create", {"name": PLAIN})

    def upload(self, path: str, content: bytes) -> None:
        """Upload a file of a version."""
        signed = self.call("POST", "/api/2.0/fs/create-upload-url", {"path": path}).json
        target = signed["url"].removeprefix(self.workspace.url)
        assert self.call("PUT", target, content, authorization=None).status == 200


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedWorkspace]:
    home = Home(tmp_path_factory.mktemp("workspace")).prepare()
    unity = UnityCatalog(home.warehouse)
    users = {"token-of-the-administrator": DEFAULT_USER}
    workspace = LocalWorkspace(home, unity, home.mlflow_uri, users, "a", home.mlflow_uri)
    with Caller(workspace.app, workspace.token) as call:
        served = ServedWorkspace(home, unity, workspace, call)
        served.fill()
        # files beside the folders that the workspace may serve
        for folder in (
            home.root,
            home.workspace_state,
            home.mlflow,
            home.workspace_state / "models",
        ):
            (folder / "secret").write_text(SECRET, encoding="utf-8")
        yield served
    workspace.stop()
