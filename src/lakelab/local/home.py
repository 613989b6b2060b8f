"""Where local state lives: one folder with the warehouse, the MLflow store and the model files."""

from __future__ import annotations

import atexit
import os
import shutil
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil


class HomeError(Exception):
    """The folder for local state cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Home:
    """The folder that ``LAKELAB_HOME`` names, and what lies where in it.

    Examples
    --------
    >>> Home(Path("/data/lab")).mlflow_uri
    'sqlite:////data/lab/mlflow/mlflow.db'
    """

    root: Path

    @property
    def warehouse(self) -> Path:
        """Delta tables: ``warehouse/catalog/schema/table``."""
        return self.root / "warehouse"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def mlflow_uri(self) -> str:
        return f"sqlite:///{self.mlflow / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """Run artifacts. A plain path: MLflow deletes the source of a ``file://`` model."""
        return self.mlflow / "artifacts"

    @property
    def unity_models(self) -> Path:
        """What the local workspace keeps: files of registered models, grants."""
        return self.root / "workspace"

    @property
    def runs(self) -> Path:
        """Executed notebooks."""
        return self.root / "runs"

    @cached_property
    def scratch(self) -> Path:
        """A folder for results of this process; removed at exit, or by the next start."""
        folder = self.root / "scratch" / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def prepare(self) -> Home:
        """Create the folders, and clear what dead processes left in scratch.

        Raises
        ------
        HomeError
            If the folder is a file, or cannot be written.
        """
        try:
            for folder in (self.warehouse, self.artifacts, self.unity_models, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".write-{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise HomeError(
                f"Cannot keep local state in {self.root}: {error.strerror or error}. "
                f"Set LAKELAB_HOME to a folder that you can write."
            ) from error
        for leftover in (self.root / "scratch").glob("*-*"):
            if not psutil.pid_exists(int(leftover.name.partition("-")[0])):
                shutil.rmtree(leftover, ignore_errors=True)
        return self
