"""The login to a workspace."""

from __future__ import annotations

import socket
import subprocess
import sys

from typer.testing import CliRunner

from lakelab import cli
from lakelab.upload import login
from tests.upload.support import (
    error_line,
)
from tests.upload.workspace_double import (
    TOKEN,
    USER,
)


def test_an_unknown_profile_is_refused(upload):
    message = error_line(upload(profile="wrok"))
    assert "--profile wrok does not lead to a workspace" in message
    assert "databricks auth login" in message


def test_a_missing_login_is_refused(upload, home):
    message = error_line(CliRunner().invoke(cli.app, ["upload"]))
    assert "the default login does not lead to a workspace" in message
    assert "Expected a profile in ~/.databrickscfg" in message


def test_an_expired_token_is_refused(upload, workspace):
    workspace.tokens.clear()
    message = error_line(upload())
    assert f"{workspace.url} refuses --profile work: Invalid access token" in message
    assert "Log in again" in message


def test_a_host_that_does_not_answer_is_reported(upload, home, monkeypatch):
    monkeypatch.setattr(login, "CONNECT_TIMEOUT", 1)
    with socket.socket() as taken:  # the port is taken, and no server listens
        taken.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        profile = f"[work]\nhost = {host}\ntoken = {TOKEN}\n"
        (home / ".databrickscfg").write_text(profile, encoding="utf-8")
        message = error_line(upload())
    assert f"{host} does not answer" in message
    assert "Look at host in --profile work" in message


def test_the_settings_of_a_lesson_are_ignored(upload, tmp_path, monkeypatch):
    """A lesson runs `!lakelab upload` with the settings of the local workspace."""
    file = tmp_path / "lab" / "uc" / "databrickscfg"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("DATABRICKS_TOKEN", "local-x")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
    assert upload().exit_code == 0


def test_the_users_own_variables_are_used(home, workspace, monkeypatch):
    (home / ".databrickscfg").unlink()
    monkeypatch.setenv("DATABRICKS_HOST", workspace.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    assert login.log_in().user == USER


def test_an_upload_imports_no_mlflow_and_no_spark(home):
    code = (
        "import sys; from lakelab.cli import app; app(['upload', '--profile', 'work'], "
        "standalone_mode=False); print(sorted({'mlflow', 'pyspark', 'pandas', 'pysail', 'sklearn'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
