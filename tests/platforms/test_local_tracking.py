"""MLflow tracking on a laptop: in a file, or by a server that has a UI of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import mlflow
import pytest

from lakelab.local.notebook import mlflow_ui
from lakelab.local.system.home import Home
from lakelab.platforms import local_tracking
from lakelab.platforms.local_tracking import LocalTracking, require_tracking_server
from lakelab.runtime import LabError


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Home(tmp_path)


@pytest.fixture
def mlflow_uri(home) -> Iterator[str]:
    """The home's store as MLflow's tracking URI, whatever another test of this process has set."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(home.mlflow_uri)
    yield home.mlflow_uri
    mlflow.set_tracking_uri(before)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "http://not a host"])
def test_an_unreachable_tracking_server_is_an_error_at_once(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(LabError, match="no MLflow server answers at MLFLOW_TRACKING_URI="):
        require_tracking_server()


def test_the_ui_of_a_tracking_server_is_its_own(monkeypatch, home):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000/")
    tracking = LocalTracking(home)
    assert tracking.ui("") == "http://127.0.0.1:5000"
    assert tracking.ui("models") == "http://127.0.0.1:5000/#/models"


def test_a_ui_that_does_not_start_is_an_error_of_one_line(monkeypatch, home):
    def start_ui(home):
        raise mlflow_ui.UiError("the MLflow UI ended before it answered: disk full")

    monkeypatch.setattr(mlflow_ui, "start_ui", start_ui)
    with pytest.raises(LabError, match="ended before it answered: disk full"):
        LocalTracking(home).ui("")


def test_the_ui_is_started_once_and_again_after_it_ended(monkeypatch, home):
    started = []

    class FakeUi:
        running = True

        def wait(self):
            return f"http://127.0.0.1:{len(started)}"

    def start_ui(home):
        started.append(FakeUi())
        return started[-1]

    monkeypatch.setattr(mlflow_ui, "start_ui", start_ui)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.mlflow_uri)
    tracking = LocalTracking(home)
    assert tracking.ui("") == tracking.ui("") == "http://127.0.0.1:1"
    started[0].running = False
    assert tracking.ui("") == "http://127.0.0.1:2"


def test_a_damaged_store_is_an_error_unless_a_server_tracks(monkeypatch, home):
    home.mlflow.mkdir()
    (home.mlflow / "mlflow.db").write_bytes(b"foreign bytes " * 1000)
    with pytest.raises(LabError, match="mlflow.db"):
        LocalTracking(home).require_store()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000/")
    LocalTracking(home).require_store()


def test_the_store_is_open_after_waiting_and_an_error_in_the_background_is_silent(
    monkeypatch, home, mlflow_uri
):
    home.prepare()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_uri)
    monkeypatch.setattr(local_tracking, "SLOW_IMPORTS", ())
    tracking = LocalTracking(home)
    tracking.wait()  # nothing was started: no error
    tracking.open_in_background(with_ui=False)
    tracking.wait()
    with sqlite3.connect(home.mlflow / "mlflow.db") as store:
        assert store.execute("SELECT count(*) FROM experiments").fetchone()[0] >= 1

    monkeypatch.setattr(local_tracking, "SLOW_IMPORTS", ("no.such.module",))
    broken = LocalTracking(home)
    broken.open_in_background(with_ui=False)
    broken.wait()
