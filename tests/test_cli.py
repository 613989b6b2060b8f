"""The command: what it prints, and its exit code."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from lakelab import cli
from lakelab import runner as runner_module
from lakelab.cli import app
from lakelab.lessons import lessons
from lakelab.local.system.home import Home
from lakelab.runner import Outcome


@pytest.fixture
def lakelab(monkeypatch, tmp_path):
    """Return a function that runs the command in a fresh LAKELAB_HOME."""
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cli.console, "width", 200)  # that of the terminal, from the import on

    def run(*arguments: str, **options):
        return CliRunner().invoke(app, list(arguments), **options)

    return run


@pytest.fixture
def outcomes(monkeypatch):
    """Make lessons end as planned, without a kernel; return the plan and the order of the runs."""
    failing: dict[str, str] = {}
    started: list[str] = []

    def run_lesson(lesson, notebooks, keep_in, progress):
        started.append(lesson.number)
        progress(1, 2)
        error = failing.get(lesson.number)
        return Outcome(lesson, 1.5, keep_in / "x.ipynb", error and "see-create", error)

    monkeypatch.setattr(runner_module, "run_lesson", run_lesson)
    return failing, started


def test_run_without_a_number_runs_all_in_order(lakelab, outcomes):
    done = lakelab("run")
    assert done.exit_code == 0
    assert outcomes[1] == [lesson.number for lesson in lessons()]
    assert done.output.count(" ok ") == len(lessons())


def test_run_goes_on_after_a_failure_and_ends_with_1(lakelab, outcomes):
    failing, started = outcomes
    failing["06"] = "AssertionError: [rows] differ"
    done = lakelab("run", "6", "07")
    assert started == ["06", "07"]
    assert done.exit_code == 1
    assert "cell see-create: AssertionError: [rows] differ" in done.output
    assert "1 of 2 lessons failed" in done.output


def test_run_names_an_unknown_lesson(lakelab):
    done = lakelab("run", "99")
    assert done.exit_code == 1
    assert "There is no lesson '99'. There are: 01" in done.output


def test_run_names_a_home_that_cannot_be_written(lakelab, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "file"))
    done = lakelab("run", "06")
    assert done.exit_code == 1
    assert "Set LAKELAB_HOME to a folder that you can write" in done.output


def test_prepare_makes_what_any_lesson_needs(tmp_path):
    environment = {**os.environ, "LAKELAB_HOME": str(tmp_path), "LAKELAB_LESSON": "06"}
    command = [sys.executable, "-m", "lakelab.cli", "prepare"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "no lesson" in done.stdout
    tables = {folder.name for folder in (tmp_path / "warehouse/main/lakelab").iterdir()}
    assert tables >= {"raw_flights", "flight_labels", "airport_weather", "planes"}
    store = f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    model = MlflowClient(store, store).get_registered_model("main.lakelab.flight_delay")
    assert set(model.aliases) == {"Champion"}


def test_prepare_names_a_home_that_cannot_be_written(lakelab, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAKELAB_HOME", str(tmp_path / "file"))
    done = lakelab("prepare")
    assert done.exit_code == 1
    assert "Set LAKELAB_HOME to a folder that you can write" in done.output


def test_list(lakelab):
    done = lakelab("list")
    assert done.exit_code == 0
    for lesson in lessons():
        assert lesson.objective in done.output


def test_doctor_finds_nothing_wrong_here(lakelab, monkeypatch):
    # the engine of the tests is up already; this process has one
    monkeypatch.setattr("lakelab.doctor._engine", lambda: _finding("engine"))
    done = lakelab("doctor")
    assert done.exit_code == 0, done.output
    assert done.output.count("[ok]") == 9
    assert "known wrong values" in done.output


def test_doctor_says_how_to_mend(lakelab, monkeypatch, tmp_path):
    monkeypatch.setattr("lakelab.doctor._engine", lambda: _finding("engine"))
    monkeypatch.setattr("lakelab.doctor.FREE_GB", 10**9)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = lakelab("doctor")
    assert done.exit_code == 1
    assert done.output.count("[fail]") == 2
    assert "set LAKELAB_HOME to a folder on another disk" in done.output
    assert "Start the server, or unset the variable" in done.output


def _finding(what):
    from lakelab.doctor import Finding

    return Finding(what, True, "answers")


def test_ui_names_a_port_that_is_taken(lakelab):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = lakelab("ui", "--port", str(port))
    assert done.exit_code == 1
    assert f"port {port} cannot be used" in done.output


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is SIGINT")
def test_ui_prints_a_link_that_opens_and_ends_with_ctrl_c(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-m", "lakelab.cli", "ui"],
        env={**os.environ, "LAKELAB_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = server.stdout.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert url, said + server.communicate()[0]
    with urllib.request.urlopen(url[0]) as page:
        assert page.status == 200
    server.send_signal(signal.SIGINT)
    assert server.communicate()[0] == ""
    assert server.returncode == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(url[0])


def test_ui_names_the_server_that_has_its_own(lakelab, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert "has its own UI: http://127.0.0.1:5000" in lakelab("ui").output


def test_reset_asks_first(lakelab, tmp_path):
    home = Home(tmp_path / "home").prepare()
    kept = home.warehouse / "main"
    kept.mkdir()
    assert lakelab("reset", input="n\n").exit_code == 1
    assert kept.is_dir()
    done = lakelab("reset", input="y\n")
    assert done.exit_code == 0
    assert not home.root.exists()
    assert "Nothing to delete" in lakelab("reset").output


def test_reset_knows_all_that_lessons_make(lakelab, tmp_path):
    home = Home(tmp_path / "home").prepare()
    for folder in home.folders:
        folder.mkdir(exist_ok=True)
    (home.root / ".prepare.lock").touch()
    assert lakelab("reset", "--yes").exit_code == 0
    assert not home.root.exists()


def test_reset_leaves_a_folder_alone_that_is_not_the_labs(lakelab, tmp_path):
    home = Home(tmp_path / "home").prepare()
    (home.root / "thesis.docx").touch()
    done = lakelab("reset", "--yes")
    assert done.exit_code == 1
    assert (home.root / "thesis.docx").exists()
    assert "it has thesis.docx" in done.output
