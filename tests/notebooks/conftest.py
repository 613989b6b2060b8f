"""What the tests that run lessons share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lakelab.lessons import lessons

ALL = [lesson.number for lesson in lessons()]


def run(home: Path, *numbers: str, **environment: str) -> None:
    """Run lessons by the command, in a home of their own; all of them must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "lakelab.cli", "run", *numbers],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LAKELAB_HOME": str(home), "COLUMNS": "200", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" ok ") == len(numbers)
