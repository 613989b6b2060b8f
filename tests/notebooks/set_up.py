"""Run `_lab` as Databricks does, up to the first thing that it asks the session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# A notebook on Databricks in a process of its own: dbutils are there, and nothing of lakelab is on the
# path. What `start` would do first there, it does; then the test looks where lakelab comes from.
SET_UP = """
import sys, types
sys.path = [entry for entry in sys.path if not entry.endswith("/src")]

class Spark:
    def sql(self, statement):
        raise KeyboardInterrupt(statement)

dbutils = types.SimpleNamespace(library=types.SimpleNamespace(restartPython=lambda: None))
names = {"dbutils": dbutils, "spark": Spark()}
try:
    exec(compile(open("_lab", encoding="utf-8").read(), "_lab", "exec"), names)
except KeyboardInterrupt as reached:
    assert "current_user" in str(reached)
import lakelab
print(lakelab.__file__)
"""


def set_up(course: Path) -> subprocess.Popen:
    """Start the set-up of a course, with the folder for temporary files in it."""
    environment = {**os.environ, "TMPDIR": str(course / "temporary")}
    environment |= {"DATABRICKS_RUNTIME_VERSION": "client.5.1"}
    return subprocess.Popen(
        [sys.executable, "-c", SET_UP],
        cwd=course / "notebooks",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process: subprocess.Popen) -> Path:
    """Return the file of the package `lakelab` that the set-up found."""
    out, _ = process.communicate()
    assert process.returncode == 0, out
    return Path(out.splitlines()[-1])
