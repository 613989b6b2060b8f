"""The MLflow UI on the local store: the command that starts it, on this machine only."""

from __future__ import annotations

import os
import socket
import sys

from lakelab.local.home import Home


class PortTakenError(Exception):
    """The port that was asked for is in use; the message says what to do."""


def free_port(wanted: int = 0) -> int:
    """Check that a port is free on 127.0.0.1, or find one.

    Parameters
    ----------
    wanted : int
        The port; 0 lets the system choose.

    Raises
    ------
    PortTakenError
        If somebody listens there already.
    """
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise PortTakenError(
                f"port {wanted} cannot be used ({error.strerror}). "
                f"Give another one with --port, or none for a free one."
            ) from error
        return probe.getsockname()[1]


def ui_command(home: Home, port: int) -> list[str]:
    """Give the command that serves runs and models of the local store."""
    return [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", home.mlflow_uri,
        "--artifacts-destination", str(home.artifacts),
    ]  # fmt: skip


def ui_environment(home: Home) -> dict[str, str]:
    """Give the server's environment: no telemetry, no job workers (10 processes, 20 seconds)."""
    return {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_TRACKING_URI": home.mlflow_uri,
    }
