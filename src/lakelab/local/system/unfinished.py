"""Names of unfinished files, by which the next start finds and deletes abandoned ones.

A killed process does not delete its unfinished files. So their names contain the id of the process.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from pathlib import Path

import psutil

_NAME = re.compile(r"(?:.*[-.])?(\d+)-[0-9a-f]{32}(?:\..*)?")
_DAY_SECONDS = 24 * 3600.0


def unfinished_name() -> str:
    """Return a new name for an unfinished file or folder of this process.

    Examples
    --------
    >>> unfinished_name().startswith(f"{os.getpid()}-")
    True
    """
    return f"{os.getpid()}-{uuid.uuid4().hex}"


def is_abandoned(path: Path) -> bool:
    """Return whether no process will finish an unfinished file or folder.

    That is the case if its process has ended, or if its name contains no process and it is a day old.

    Examples
    --------
    >>> is_abandoned(Path(f".staging-{unfinished_name()}"))
    False
    """
    if match := _NAME.fullmatch(path.name):
        return not psutil.pid_exists(int(match[1]))
    try:
        return time.time() - path.lstat().st_mtime > _DAY_SECONDS
    except FileNotFoundError:  # finished, or deleted by another start
        return False
