"""Fixtures of several lessons."""

from __future__ import annotations

import inspect
from typing import Any


def defined(source: str, name: str, **names: Any) -> Any:
    """Run the code of a solution without its last line, the call of the checker; return its names.

    Parameters
    ----------
    source : str
        The solution.
    name : str
        What it defines.
    **names
        What the lesson has imported before.
    """
    exec(source.rpartition("lab.check")[0], names)
    return names[name]


def assert_same_calls(rehearsal: type, real: type) -> None:
    """Check that a rehearsal class has the calls of the real one, so that accepted answers work there.

    Each public method has the name and the first arguments, in the same order, of the real one's.
    """
    for name, call in inspect.getmembers(rehearsal, inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(getattr(real, name)).parameters)
            rehearsed = list(inspect.signature(call).parameters)
            assert wanted[: len(rehearsed)] == rehearsed, name
