"""The MLflow UI of the local store: a server in the background, for this machine and this process only.

Follows https://mlflow.org/docs/latest/self-hosting
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import sys
import time

from lakelab.local.system import child_process
from lakelab.local.system.home import Home

START_SECONDS = 120
"""Time limit for the server's first answer; on an idle laptop it takes six seconds."""

_CLIENT_VARIABLES = ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID")  # fmt: skip
"""Variables for the clients in a notebook, which a server must not use."""


class PortTakenError(Exception):
    """The requested port is in use; the message says what to do."""


class UiError(Exception):
    """The MLflow server did not start; the message says why."""


def free_port(port: int = 0) -> int:
    """Check that a port is free on 127.0.0.1, or find a free one.

    Parameters
    ----------
    port : int
        The port; 0 for one that the system chooses.

    Raises
    ------
    PortTakenError
        If another process listens on the port.
    """
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTakenError(
                f"port {port} cannot be used ({error.strerror}). "
                f"Give another one with --port, or none for a free one."
            ) from error
        free: int = probe.getsockname()[1]
        return free


def ui_command(home: Home, port: int) -> list[str]:
    """Return the command that serves runs and models of the local store."""
    return [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", home.mlflow_uri,
        "--artifacts-destination", str(home.artifacts),
    ]  # fmt: skip


def ui_environment(home: Home) -> dict[str, str]:
    """Return the server's environment: no telemetry, no job workers (10 processes, 20 seconds)."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _CLIENT_VARIABLES and not name.startswith("DATABRICKS_")
    }
    return {
        **inherited,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_TRACKING_URI": home.mlflow_uri,
    }


class Ui:
    """The MLflow UI of one store. It ends by `stop`, or with this process, however the process ends.

    Parameters
    ----------
    home : Home
        Local state with the runs and models.
    port : int
        The server's port on 127.0.0.1.

    Attributes
    ----------
    url : str
        The server's address, without a slash at the end. The server answers after `wait` has returned.
    """

    def __init__(self, home: Home, port: int):
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = home.scratch / f"mlflow_ui_{port}.log"
        self._process = child_process.start(ui_command(home, port), ui_environment(home), self._log)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> str:
        """Wait until the server answers, and return its URL.

        Raises
        ------
        UiError
            If the server ended before it answered, or took too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.running:
                raise UiError(
                    f"the MLflow UI ended before it answered: {self.last_words()} "
                    f"(all it said: {self._log})"
                )
            if time.monotonic() > deadline:
                self.stop()
                raise UiError(
                    f"the MLflow UI took longer than {START_SECONDS} s (see {self._log})."
                )
            time.sleep(0.05)
        return self.url

    def last_words(self) -> str:
        """Wait until the server ends, and return the last error in its log."""
        self._process.wait()
        self.stop()
        return _last_error(self._log.read_text(errors="replace"))

    def stop(self) -> None:
        """Stop the server. A second call does nothing."""
        child_process.end(self._process)

    def _answers(self) -> bool:
        # http.client uses no proxy: a proxy cannot connect to this machine's own ports
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def start_ui(home: Home) -> Ui:
    """Start the MLflow UI on the local store, on a free port.

    Parameters
    ----------
    home : Home
        Local state. Its MLflow store should exist: two processes that create it at once disturb each
        other.

    Returns
    -------
    Ui
        It may still be starting: `Ui.wait` returns when it answers.
    """
    return Ui(home, free_port())


def page_address(url: str, page: str = "") -> str:
    """Return the address of a page of the open-source UI.

    Parameters
    ----------
    url : str
        The server's address.
    page : str
        The page, such as ``experiments/1/runs``; by default the first one.

    Examples
    --------
    >>> page_address("http://127.0.0.1:5000", "experiments/1/runs")
    'http://127.0.0.1:5000/#/experiments/1/runs'
    >>> page_address("http://127.0.0.1:5000/")
    'http://127.0.0.1:5000'
    """
    return f"{url.rstrip('/')}/#/{page}" if page else url.rstrip("/")


def _last_error(log: str) -> str:
    r"""Return the last line of a log that names an error, else the last line.

    Examples
    --------
    >>> _last_error("started\nsqlite3.OperationalError: disk full\n(Background on this error at ...)")
    'sqlite3.OperationalError: disk full'
    >>> _last_error("")
    'it said nothing'
    """
    lines = [line for line in log.splitlines() if line.strip()] or ["it said nothing"]
    errors = [line for line in lines if re.search(r"(Error|Exception|ERROR): ", line)]
    return (errors or lines)[-1].strip()
