"""Names that tell whose an unfinished file is, so that the next start clears it when nobody will finish it.

A process that is killed clears nothing behind itself.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from pathlib import Path

import psutil

_OURS = re.compile(r"(?:.*[-.])?(\d+)-[0-9a-f]{32}(?:\..*)?")
_DAY_SECONDS = 24 * 3600.0


def unfinished_name() -> str:
    """Name a file or folder of this process that gets its name when it is finished.

    Examples
    --------
    >>> unfinished_name().startswith(f"{os.getpid()}-")
    True
    """
    return f"{os.getpid()}-{uuid.uuid4().hex}"


def is_abandoned(path: Path) -> bool:
    """Say whether an unfinished file or folder is one that nobody will finish.

    Its process has ended; of one whose name tells no process, it is a day old.

    Examples
    --------
    >>> is_abandoned(Path(f".staging-{unfinished_name()}"))
    False
    """
    if ours := _OURS.fullmatch(path.name):
        return not psutil.pid_exists(int(ours[1]))
    try:
        return time.time() - path.lstat().st_mtime > _DAY_SECONDS
    except FileNotFoundError:  # finished, or cleared by another start
        return False
