"""Repeat a commit to a Delta table if another writer was first."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from deltalake.exceptions import CommitFailedError

_ATTEMPTS = 50
"""The number of attempts when other writers commit first each time."""


def retry_commit(attempt: Callable[[], None], refresh: Callable[[], object]) -> None:
    """Commit again, on the newest version, while other writers take the version first.

    Parameters
    ----------
    attempt : callable
        One attempt to commit.
    refresh : callable
        Called before each further attempt; it must read the newest version.

    Raises
    ------
    deltalake.exceptions.CommitFailedError
        If the last of 50 attempts fails, too.

    Examples
    --------
    >>> versions = [1]
    >>> def commit_version_3():
    ...     if versions[-1] < 3:
    ...         raise CommitFailedError("another writer was first")
    >>> retry_commit(commit_version_3, lambda: versions.append(versions[-1] + 1))
    >>> versions
    [1, 2, 3]
    """
    for number in range(1, _ATTEMPTS):
        try:
            return attempt()
        except CommitFailedError:
            time.sleep(random.uniform(0, 0.01 * number))  # let the other writers finish
            refresh()
    return attempt()
