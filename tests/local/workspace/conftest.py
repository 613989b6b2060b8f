"""One local workspace for each MLflow store, shared by the tests; each test has a schema of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import mlflow
import pandas as pd
import pyarrow as pa
import pytest
import requests
from deltalake import write_deltalake
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

from lakelab.local.catalog.constraints import PrimaryKey
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.catalog.table import UnityTable
from lakelab.local.notebook.client_env import point_clients_at
from lakelab.local.system.home import Home
from lakelab.local.workspace import LocalWorkspace, start_workspace

FEATURES = pd.DataFrame({"hour": [1.0, 2.0, 3.0]})
MLFLOW_API = "/api/2.0/mlflow/unity-catalog"


@dataclass
class Place:
    """A workspace with its home and its Unity Catalog."""

    home: Home
    unity: UnityCatalog
    workspace: LocalWorkspace

    @property
    def plain(self) -> MlflowClient:
        """The client of the open-source registry behind the workspace."""
        uri = self.workspace.tracking_uri
        return MlflowClient(uri, uri)

    def call(
        self, method: str, path: str, *, token: str | None = None, **arguments
    ) -> requests.Response:
        """Call the REST API directly."""
        headers = {"Authorization": f"Bearer {token or self.workspace.token}"}
        return requests.request(
            method, self.workspace.url + path, headers=headers, timeout=30, **arguments
        )


@contextlib.contextmanager
def _place(root: Path, tracking_uri: str | None = None) -> Iterator[Place]:
    home = Home(root).prepare()
    unity = UnityCatalog(home.warehouse)
    for catalog in ("main", "prod"):
        unity.create_catalog(catalog)
    with (
        _environment_restored(),
        start_workspace(home, unity, tracking_uri or home.mlflow_uri) as workspace,
    ):
        point_clients_at(workspace, home)
        MlflowClient(workspace.tracking_uri).search_experiments()  # makes the database in the home
        yield Place(home, unity, workspace)


@contextlib.contextmanager
def _environment_restored() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def sqlite_place(tmp_path_factory) -> Iterator[Place]:
    with _place(tmp_path_factory.mktemp("sqlite-home")) as place:
        yield place


@pytest.fixture(scope="session")
def server_place(tmp_path_factory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("server")
    with _mlflow_server(root) as url, _place(root / "home", url) as place:
        yield place


@contextlib.contextmanager
def _mlflow_server(root: Path) -> Iterator[str]:
    """Run a real `mlflow server` with its own database and artifact folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{root / 'server.db'}"]
    command += ["--artifacts-destination", str(root / "artifacts")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = root / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env={**os.environ, **quiet}
        )
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _wait_until_healthy(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"mlflow server did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def place(sqlite_place: Place) -> Iterator[Place]:
    """The workspace over sqlite, with this process' clients pointed at it."""
    with _clients_at(sqlite_place):
        yield sqlite_place


@pytest.fixture(params=["sqlite", "server"])
def any_place(request) -> Iterator[Place]:
    """The workspace over sqlite, then over an `mlflow server`."""
    with _clients_at(request.getfixturevalue(f"{request.param}_place")) as place:
        yield place


@contextlib.contextmanager
def _clients_at(place: Place) -> Iterator[Place]:
    with _environment_restored():
        os.environ["MLFLOW_TRACKING_URI"] = place.workspace.tracking_uri
        point_clients_at(place.workspace, place.home)
        tracking, registry = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
        mlflow.set_tracking_uri(place.workspace.tracking_uri)
        mlflow.set_registry_uri("databricks-uc")
        try:
            yield place
        finally:
            mlflow.set_tracking_uri(tracking)
            mlflow.set_registry_uri(registry)


@pytest.fixture
def new_schema() -> Callable[[Place], str]:
    """Create a schema of the same name in both catalogs; return its name in `main`."""

    def make(place: Place) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        for catalog in ("main", "prod"):
            place.unity.create_schema(catalog, name)
        return f"main.{name}"

    return make


@pytest.fixture
def schema(place: Place, new_schema) -> str:
    return new_schema(place)


@pytest.fixture
def any_schema(any_place: Place, new_schema) -> str:
    return new_schema(any_place)


@pytest.fixture(scope="session")
def signature():
    return mlflow.models.infer_signature(FEATURES, [2.0, 4.0, 6.0])


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory, signature) -> list[Path]:
    """Folders of two saved models; the first multiplies by 2, the second by 3."""
    folders = []
    for factor in (2, 3):
        folder = tmp_path_factory.mktemp("saved") / f"times{factor}"
        model = LinearRegression().fit(FEATURES, FEATURES["hour"] * factor)
        mlflow.sklearn.save_model(
            model, folder, signature=signature, pip_requirements=["scikit-learn"]
        )
        folders.append(folder)
    return folders


@pytest.fixture
def log_model(signature):
    """Log a model that multiplies by a factor, in a run; return the result of `log_model`."""

    def log(factor: float = 2.0, **arguments):
        model = LinearRegression().fit(FEATURES, FEATURES["hour"] * factor)
        arguments = {"name": "model", "signature": signature, **arguments}
        with mlflow.start_run(experiment_id="0"):
            return mlflow.sklearn.log_model(model, pip_requirements=["scikit-learn"], **arguments)

    return log


@pytest.fixture
def weather(place, schema) -> UnityTable:
    name = TableName.parse(f"{schema}.weather")
    columns = pa.schema(
        [
            pa.field("origin", pa.string(), nullable=False),
            pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("temp", pa.float64()),
            pa.field("flights", pa.int64()),
            pa.field("cost", pa.decimal128(10, 2)),
            pa.field("gusts", pa.list_(pa.int32())),
        ]
    )
    row = {
        "origin": "JFK",
        "ts": 0,
        "temp": 1.0,
        "flights": 3,
        "cost": Decimal("1.00"),
        "gusts": [1],
    }
    write_deltalake(place.unity.path(name), pa.Table.from_pylist([row], schema=columns))
    table = place.unity.table(name)
    table.set_primary_key(PrimaryKey("weather_pk", ("origin", "ts"), "ts"))
    table.set_comment("Hourly weather")
    table.set_column_comment("temp", "Degrees Celsius")
    table.delta.alter.set_table_properties({"delta.appendOnly": "false"})
    return table


@pytest.fixture
def workspace(tmp_path) -> Iterator[LocalWorkspace]:
    """A workspace with a home of its own."""
    home = Home(tmp_path).prepare()
    with start_workspace(home, UnityCatalog(home.warehouse), home.mlflow_uri) as workspace:
        yield workspace
