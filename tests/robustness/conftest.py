"""A local workspace of its own, called in this process, with something of everything in it."""

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
class Place:
    """A workspace that no socket leads to, and who calls it."""

    home: Home
    unity: UnityCatalog
    workspace: LocalWorkspace
    call: Caller

    def fill(self) -> None:
        """Make a schema, a table, models and versions, where they are missing."""
        self.unity.create_catalog("main")
        self.unity.create_schema("main", "fuzz")
        name = TableName("main", "fuzz", "weather")
        if not self.unity.exists(name):
            write_deltalake(self.unity.path(name), pa.table({"k": [1]}))
        versions = f"{MLFLOW}/model-versions"
        if self.call("GET", f"{versions}/get?name={MODEL}&version=1").status != 200:
            self.call("DELETE", f"{MLFLOW}/registered-models/delete", {"name": MODEL})
            self.call("POST", f"{MLFLOW}/registered-models/create", {"name": MODEL})
            made = self.call("POST", f"{versions}/create", {"name": MODEL, "source": "x"}).told
            assert made["model_version"]["version"] == "1"
            self.put(f"/Models/{MODEL.replace('.', '/')}/1/MLmodel", b"flavors: {}\n")
            self.call("POST", f"{versions}/finalize", {"name": MODEL, "version": "1"})
        self.call("POST", "/api/2.0/mlflow/registered-models/create", {"name": PLAIN})

    def put(self, path: str, content: bytes) -> None:
        """Upload a file of a version."""
        signed = self.call("POST", "/api/2.0/fs/create-upload-url", {"path": path}).told
        where = signed["url"].removeprefix(self.workspace.url)
        assert self.call("PUT", where, content, authorization=None).status == 200


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = Home(tmp_path_factory.mktemp("workspace")).prepare()
    unity = UnityCatalog(home.warehouse)
    users = {"token-of-the-administrator": DEFAULT_USER}
    workspace = LocalWorkspace(home, unity, home.mlflow_uri, users, "a", home.mlflow_uri)
    with Caller(workspace.app, workspace.token) as call:
        place = Place(home, unity, workspace, call)
        place.fill()
        # files beside all that may be served
        for folder in (
            home.root,
            home.workspace_state,
            home.mlflow,
            home.workspace_state / "models",
        ):
            (folder / "secret").write_text(SECRET, encoding="utf-8")
        yield place
    workspace.stop()
