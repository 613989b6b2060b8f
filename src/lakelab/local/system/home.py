"""The folder for local state, with the warehouse, the MLflow store and the model files."""

from __future__ import annotations

import atexit
import errno
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lakelab.local.system.unfinished import is_abandoned, unfinished_name

_PROBE_BYTES = 256 * 1024


class HomeError(Exception):
    """The folder for local state cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Home:
    """The folder that ``LAKELAB_HOME`` names, and the paths in it.

    Examples
    --------
    >>> Home(Path("/data/lab")).mlflow_uri
    'sqlite:////data/lab/mlflow/mlflow.db'
    """

    root: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that the lab creates in the home, whether they exist or not."""
        return (
            self.warehouse,
            self.mlflow,
            self.workspace_state,
            self.online,
            self.user_folder,
            self.runs,
            self.root / "scratch",
        )

    @classmethod
    def at(cls, folder: Path) -> Home:
        """Return the home in a folder, by a path that the engine can use.

        Sail writes a Delta table below ``my folder`` to ``my%20folder``, and the same for letters beyond
        ASCII. Such a folder is used through a link with a plain name.

        Raises
        ------
        HomeError
            If the link cannot be created, or delta-rs, which follows links, cannot use the path.
        """
        folder = folder.expanduser().absolute()
        if re.search(r"[\[\]*?]|%[0-9A-Fa-f]{2}", str(folder)):
            raise HomeError(
                f"Cannot keep local state in {folder}: Delta tables cannot lie below a path with "
                f"brackets, '*', '?' or '%' and two digits in it. Set LAKELAB_HOME to another folder."
            )
        if re.fullmatch(r"[A-Za-z0-9_./\\:'+,=@-]*", str(folder)):
            return cls(folder)
        return cls(_plain_link(folder))

    @property
    def real_path(self) -> Path:
        """The folder without links, for messages."""
        return self.root.resolve()

    @property
    def warehouse(self) -> Path:
        """Delta tables: ``warehouse/catalog/schema/table/<id>``."""
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
    def workspace_state(self) -> Path:
        """State of the local workspaces: files of registered models, grants."""
        return self.root / "workspace"

    def workspace(self, name: str) -> Path:
        """State of one workspace, beside the state that all workspaces share."""
        return self.workspace_state / "workspaces" / name

    @property
    def online(self) -> Path:
        """The online store, if it is SQLite."""
        return self.root / "online"

    @property
    def user_folder(self) -> Path:
        """The user's own folder of the workspace, with the notebooks that AutoML generates."""
        return self.root / "user"

    @property
    def runs(self) -> Path:
        """Executed notebooks."""
        return self.root / "runs"

    @cached_property
    def scratch(self) -> Path:
        """A folder for results of this process; deleted at exit, or by the next start."""
        folder = self.root / "scratch" / unfinished_name()
        folder.mkdir(parents=True)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def check_store(self) -> None:
        """Check that the file of runs and models can be read, if it exists.

        Raises
        ------
        HomeError
            If the file is damaged.
        """
        file = self.mlflow / "mlflow.db"
        if not file.is_file() or file.stat().st_size == 0:  # the file is created when it is needed
            return
        try:
            with closing(
                sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0)
            ) as connection:
                (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError:
            return  # another process has locked it, or it cannot be opened: MLflow reports that
        except sqlite3.DatabaseError as error:
            result = str(error)
        result = " ".join(result.split())
        if result != "ok":
            raise HomeError(
                f"The file that MLflow keeps runs and registered models in is damaged: "
                f"{self.real_path / 'mlflow' / 'mlflow.db'} ({result}). Restore it from a copy, or move it away "
                f"to begin with an empty one; then restart the notebook. The tables are not affected."
            )

    def prepare(self) -> Home:
        """Create the folders, and delete what ended processes left in scratch.

        Raises
        ------
        HomeError
            If the folder is a file or cannot be written, or the disk is full.
        """
        try:
            for folder in (self.warehouse, self.artifacts, self.workspace_state, self.runs):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".write-{unfinished_name()}"
            try:
                probe.write_bytes(
                    bytes(_PROBE_BYTES)
                )  # a full disk still has room for an empty file
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            advice = "Free some space there, or set" if full else "Set"
            raise HomeError(
                f"Cannot keep local state in {self.real_path}: {error.strerror or error}. "
                f"{advice} LAKELAB_HOME to a folder that you can write."
            ) from error
        for leftover in filter(is_abandoned, (self.root / "scratch").glob("*-*")):
            shutil.rmtree(leftover, ignore_errors=True)
        for probe in filter(is_abandoned, self.root.glob(".write-*")):
            probe.unlink(missing_ok=True)
        return self


def _plain_link(folder: Path) -> Path:
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    link = Path(tempfile.gettempdir()) / f"lakelab-{name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(folder, target_is_directory=True)
        trusted = Path(os.readlink(link)) == folder and _is_owned_by_user(link)
    except OSError as error:
        raise HomeError(
            f"{folder} has characters that the local engine cannot take, and it cannot be linked "
            f"from {link} ({error.strerror or error}). Set LAKELAB_HOME to a folder whose path has "
            f"only letters from a to z, digits, '-', '_' and '.'."
        ) from error
    if not trusted:
        raise HomeError(f"{link} exists and does not lead to {folder}. Delete it.")
    return link


def _is_owned_by_user(link: Path) -> bool:
    # all users share the folder for temporary files: the link of another user may lead elsewhere
    return not hasattr(os, "getuid") or link.lstat().st_uid == os.getuid()


def tracking_uri(home: Home, environ: Mapping[str, str] | None = None) -> str:
    """Return the URI of the store of runs and models.

    Parameters
    ----------
    home : Home
        Local state.
    environ : mapping of str to str, optional
        The environment; that of this process by default.

    Returns
    -------
    str
        ``MLFLOW_TRACKING_URI`` if it is the ``http(s)`` URL of a server, else the file in the home.

    Examples
    --------
    >>> tracking_uri(Home(Path("/lab")), {"MLFLOW_TRACKING_URI": "databricks://work"})
    'sqlite:////lab/mlflow/mlflow.db'
    >>> tracking_uri(Home(Path("/lab")), {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"})
    'http://127.0.0.1:5000'
    """
    uri = (os.environ if environ is None else environ).get("MLFLOW_TRACKING_URI", "").strip()
    return uri if re.match(r"https?://", uri, re.IGNORECASE) else home.mlflow_uri
