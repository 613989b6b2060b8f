"""A temporary PostgreSQL server: Debian's programs, a temporary folder, a free port."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "postgres"
"""The user of the server if the tests run as root: PostgreSQL refuses root. Debian's package creates the user."""


def programs() -> Path | None:
    """Return the folder with the newest PostgreSQL programs."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    candidates = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((p.parent for p in candidates), key=lambda p: float(p.parent.name), default=None)


@dataclass(frozen=True)
class Server:
    """A running server: the URL of its database, and a function that restarts it."""

    url: str
    restart: Callable[[], None]


@contextmanager
def postgresql() -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    found = programs()
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed. On Debian: apt install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        password = secrets.token_urlsafe(16)
        (folder / "password").write_text(password)
        if os.getuid() == 0:
            for path in (folder, folder / "password"):
                shutil.chown(path, USER)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = folder / "data"
        _run(
            found / "initdb", "--pgdata", data, "--username=lakelab", "--encoding=UTF8",
            "--auth=scram-sha-256", "--pwfile", folder / "password", "--no-sync",
        )  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        control = [found / "pg_ctl", "--pgdata", data]

        def start() -> None:
            _run(*control, "--wait", "--log", folder / "log", "--options", options, "start")

        def restart() -> None:
            _run(*control, "--wait", "--mode=fast", "stop")
            start()

        start()
        try:
            yield Server(f"postgresql://lakelab:{password}@127.0.0.1:{port}/postgres", restart)
        finally:
            _run(*control, "--wait", "--mode=immediate", "stop")


def _run(*command: str | Path) -> None:
    words = [str(word) for word in command]
    if os.getuid() == 0 and getpass.getuser() != USER:
        words = ["runuser", "-u", USER, "--", *words]
    # the server, which continues after pg_ctl, would keep the output of pg_ctl open
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(words, stdout=output, stderr=output, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{words[0]} failed: {output.read().decode(errors='replace')}")
