"""Abandoned files are distinguished from those of running processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lakelab.local.system.unfinished import is_abandoned, unfinished_name


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("form", ["{}", ".staging-{}", ".{}.tmp", ".write-{}"])
def test_the_process_in_the_name_decides(tmp_path, ended, form):
    name = unfinished_name()
    assert not is_abandoned(tmp_path / form.format(name))
    other = name.replace(str(os.getpid()), str(ended), 1)
    assert is_abandoned(tmp_path / form.format(other))


def test_without_a_process_in_the_name_the_age_decides(tmp_path):
    file = tmp_path / ".staging-x"
    assert not is_abandoned(file)  # finished or deleted meanwhile
    file.touch()
    assert not is_abandoned(file)
    os.utime(file, (0, 0))
    assert is_abandoned(file)
