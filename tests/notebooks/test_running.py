"""The lessons run in company: all in one home, with an `mlflow server` for runs and models.

Each alone in a fresh home, twice in a row, with MLflow's file, is `pytest --nbmake notebooks`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator

from mlflow import MlflowClient

from lakelab.environments import ENVIRONMENTS
from lakelab.lessons.created_objects import created_objects
from lakelab.local.catalog.store import UnityCatalog
from lakelab.local.notebook.mlflow_ui import free_port, ui_command, ui_environment
from lakelab.local.system.home import Home
from lakelab.local.workspace import DEFAULT_USER

from .conftest import ALL, run


def test_all_in_order_in_one_home_against_an_mlflow_server(tmp_path):
    """Each finds what the others left; tracking goes over http."""
    with mlflow_server(Home(tmp_path / "server").prepare()) as url:
        run(tmp_path / "home", *ALL, MLFLOW_TRACKING_URI=url)
        client = MlflowClient(url, url)
        model = client.get_registered_model("main.lakelab.flight_delay")
        assert "Champion" in model.aliases
        home = Home(tmp_path / "home")
        assert strange(home, client) == []
        # else `lakelab reset` would take the folder for somebody else's
        assert {one for one in home.root.iterdir() if one.suffix != ".lock"} <= set(home.folders)
    assert not (tmp_path / "home" / "mlflow" / "mlflow.db").exists()


def strange(home: Home, client: MlflowClient) -> list[str]:
    """List the tables, models and experiments that `lab.cleanup()` does not know as the course's."""
    known = created_objects()
    in_schema = {*known["tables"], *known["models"]}
    in_environment = {*known["environment_tables"], *known["environment_models"]}
    ours = {f"main.lakelab.{name}" for name in in_schema}
    ours |= {f"{place}.lakelab.{name}" for place in ENVIRONMENTS for name in in_environment}
    ours |= {f"/Users/{DEFAULT_USER}/{name}" for name in known["experiments"]}
    unity = UnityCatalog(home.warehouse)
    there = {
        str(table)
        for catalog in unity.catalogs()
        for schema in unity.schemas(catalog)
        for table in unity.tables(catalog, schema)
    }
    there |= {model.name for model in client.search_registered_models() if model.name.count(".")}
    there |= {one.name for one in client.search_experiments() if one.name != "Default"}
    automl = tuple(f"/Users/{DEFAULT_USER}/{name}/" for name in known["automl_folders"])
    return sorted(name for name in there - ours if not name.startswith(automl))


@contextlib.contextmanager
def mlflow_server(home: Home) -> Iterator[str]:
    """Start a real `mlflow server`; gives its URL when it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = home.root / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            ui_command(home, port),
            env=ui_environment(home),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(url):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2):
            return True
    except OSError:
        return False
