"""A command ends with its starter, and so do the processes that the command started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lakelab.local.system import child_process

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
LONG_ENOUGH = 30

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
PRINT_ID = "import os; print(os.getpid(), flush=True);"
WITH_CHILD = f"""
import subprocess, sys
{PRINT_ID}
subprocess.Popen([sys.executable, "-c", {STUBBORN + PRINT_ID + SLEEP!r}])
"""
STARTER = """
import os, sys, time
from pathlib import Path
from lakelab.local.system import child_process
wrapper = child_process.start([sys.executable, "-c", sys.argv[1]], dict(os.environ), Path(sys.argv[2]))
print(wrapper.pid, flush=True)
exec(sys.argv[3])
"""


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


def pids(log: Path, count: int, alive: psutil.Process) -> list[psutil.Process]:
    """Wait until that many processes have written their ids."""
    while True:
        ids = log.read_text().split() if log.exists() else []
        if len(ids) == count:
            return [psutil.Process(int(pid)) for pid in ids]
        with pytest.raises(psutil.TimeoutExpired):  # nothing has ended too early
            alive.wait(0.05)


def all_end(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=LONG_ENOUGH)[1]


@POSIX
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_command_ends_with_its_starter(log, how):
    """No process is left after the starter was killed, was terminated, or ended by itself."""
    then = "time.sleep(600)" if how else "input()"
    command = [sys.executable, "-c", STARTER, WITH_CHILD + SLEEP, str(log), then]
    starter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wrapper = psutil.Process(int(starter.stdout.readline()))
    tree = [wrapper, *pids(log, 2, wrapper)]
    if how:
        starter.send_signal(how)
    starter.communicate("")
    assert starter.returncode == (-how if how else 1)  # input() finds the end of the file
    assert all_end(tree)


@POSIX
def test_processes_of_an_ended_command_end_too(log):
    process = child_process.start([sys.executable, "-c", WITH_CHILD], dict(os.environ), log)
    try:
        process.wait(LONG_ENOUGH)
        left = [int(pid) for pid in log.read_text().split()[1:]]
        assert not [pid for pid in left if psutil.pid_exists(pid) and not _zombie(pid)]
    finally:
        child_process.end(process)


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@POSIX
@pytest.mark.parametrize("kind", ["", STUBBORN])
def test_a_second_end_does_nothing(log, kind, monkeypatch):
    process = child_process.start(
        [sys.executable, "-c", kind + PRINT_ID + SLEEP], dict(os.environ), log
    )
    command = pids(log, 1, psutil.Process(process.pid))
    child_process.end(process)
    child_process.end(process)
    assert all_end(command)


@POSIX
def test_a_terminated_wrapper_ends_its_command(log):
    process = child_process.start([sys.executable, "-c", PRINT_ID + SLEEP], dict(os.environ), log)
    command = pids(log, 1, psutil.Process(process.pid))
    process.terminate()
    assert all_end(command)
    child_process.end(process)


@POSIX
def test_an_interrupt_of_the_kernel_does_not_reach_the_command(log):
    """Jupyter sends the interrupt to the kernel's whole process group."""
    process = child_process.start([sys.executable, "-c", PRINT_ID + SLEEP], dict(os.environ), log)
    try:
        (command,) = pids(log, 1, psutil.Process(process.pid))
        assert os.getpgid(0) not in (os.getpgid(process.pid), os.getpgid(command.pid))
    finally:
        child_process.end(process)


def test_the_wrapper_has_the_exit_code_and_output_of_its_command(log):
    process = child_process.start([sys.executable, "-c", "print(42); exit(7)"], {**os.environ}, log)
    assert process.wait(LONG_ENOUGH) == 7
    assert log.read_text() == "42\n"
    child_process.end(process)
