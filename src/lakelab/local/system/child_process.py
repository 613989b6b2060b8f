"""Run a command that ends with the process that started it, even if that process is killed.

The starter holds one end of a pipe, and this wrapper reads from the other end. When the starter ends, the
operating system closes the starter's end. Then the wrapper ends the command and all processes that the
command started.

``python -m lakelab.local.system.child_process command argument ...``
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

GRACE_SECONDS = 3
"""The time that a command has to end after SIGTERM."""


def start(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    r"""Start a command that ends with this process, or by `end`.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    environment : dict of str to str
        The complete environment of the command.
    log : Path
        The file for the output of the command.

    Returns
    -------
    subprocess.Popen
        The wrapper. It ends with the command, and has the same exit code.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     log = Path(folder) / "log"
    ...     process = start([sys.executable, "-c", "print('hello')"], dict(os.environ), log)
    ...     code = process.wait()
    ...     end(process)
    ...     code, log.read_text()
    (0, 'hello\n')
    """
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "lakelab.local.system.child_process", *command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Jupyter interrupts a kernel together with all processes of its session
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a command that `start` started, and wait for it. A second call does nothing."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def _main(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    # nothing is ever written to the pipe: reading ends when the starter has ended
    for wait in (child.wait, partial(os.read, 0, 1)):
        threading.Thread(target=_set_after, args=[wait, over], daemon=True).start()
    over.wait()
    _end_tree(child)
    return child.wait()


def _set_after(wait: Callable[[], object], over: threading.Event) -> None:
    wait()
    over.set()


def _end_tree(child: subprocess.Popen[bytes]) -> None:
    """Terminate the command and its child processes; kill those that do not end in time."""
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(child.pid)
        tree = [top, *top.children(recursive=True)]
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(tree, timeout=GRACE_SECONDS)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    if hasattr(os, "killpg"):  # a process is no longer a child after the end of its parent
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
