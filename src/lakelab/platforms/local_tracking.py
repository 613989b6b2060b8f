"""MLflow tracking on a laptop: a store in a file, or the server that ``MLFLOW_TRACKING_URI`` names."""

from __future__ import annotations

import http.client
import importlib
import os
import threading
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

from lakelab.runtime import LabError

if TYPE_CHECKING:
    from lakelab.local.notebook.mlflow_ui import Ui
    from lakelab.local.system.home import Home

SLOW_IMPORTS = ("mlflow.sklearn", "databricks.sdk", "sklearn.ensemble")


class LocalTracking:
    """The tracking store of a process, and its UI.

    Parameters
    ----------
    home : Home
        Local state.
    """

    def __init__(self, home: Home):
        self._home = home
        self._opening: threading.Thread | None = None
        self._own_ui: Ui | None = None
        self._ui_lock = threading.Lock()

    def open_in_background(self, with_ui: bool) -> None:
        """Import the slowest packages and create the store in a thread, while the engine starts.

        Parameters
        ----------
        with_ui : bool
            Whether to start the UI, too.
        """
        self._opening = threading.Thread(target=self._open, args=[with_ui], daemon=True)
        self._opening.start()

    def wait(self) -> None:
        """Wait for the thread that opens the store, if there is one."""
        if self._opening:
            self._opening.join()

    def require_store(self) -> None:
        """Check the database file of the store.

        Raises
        ------
        LabError
            If the file is damaged.
        """
        from lakelab.local.system.home import HomeError

        try:
            if self._tracks_in_file():
                self._home.check_store()
        except HomeError as error:
            raise LabError(str(error)) from error

    def ui(self, page: str) -> str:
        """Return the address of a page of the UI; start the UI if it does not run.

        Raises
        ------
        LabError
            If the UI cannot be started.
        """
        from lakelab.local.notebook.mlflow_ui import UiError, page_address
        from lakelab.local.system.home import tracking_uri

        try:
            ui = self._start_ui()
            return page_address(ui.wait() if ui else tracking_uri(self._home), page)
        except UiError as error:
            raise LabError(str(error)) from error

    def _open(self, with_ui: bool) -> None:
        from filelock import FileLock

        lock = FileLock(self._home.root / ".tracking.lock")
        # an error in this thread happens again in the foreground, where the user sees it
        with suppress(Exception):
            with lock:  # no other process creates the store now
                exists = (self._home.mlflow / "mlflow.db").is_file()
            if with_ui and exists:
                self._start_ui()
            for module in SLOW_IMPORTS:
                importlib.import_module(module)
            # two processes that create the same store at once break each other inside MLflow
            with lock:
                importlib.import_module("mlflow").MlflowClient().search_experiments(max_results=1)
            if with_ui:
                self._start_ui()

    def _start_ui(self) -> Ui | None:
        """Start the UI of the local store, unless it runs. A tracking server has its own UI: then return None."""
        from lakelab.local.notebook import mlflow_ui

        if not self._tracks_in_file():
            return None
        with self._ui_lock:
            if self._own_ui is None or not self._own_ui.running:
                self._own_ui = mlflow_ui.start_ui(self._home)
            return self._own_ui

    def _tracks_in_file(self) -> bool:
        from lakelab.local.system.home import tracking_uri

        return tracking_uri(self._home) == self._home.mlflow_uri


def require_tracking_server() -> None:
    """Check that the server that ``MLFLOW_TRACKING_URI`` names answers, if it names one.

    Raises
    ------
    LabError
        If the server does not answer. MLflow itself would retry for minutes.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri.startswith(("http://", "https://")):
        return
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=5):
            pass
    except (OSError, ValueError, http.client.InvalidURL) as error:
        raise LabError(
            f"no MLflow server answers at MLFLOW_TRACKING_URI={uri} ({error}). "
            f"Start it, or unset MLFLOW_TRACKING_URI to track in a file of your own."
        ) from error
