"""What the tests of several lessons share."""

from __future__ import annotations

import inspect
from typing import Any


def defined(source: str, name: str, **names: Any) -> Any:
    """Run a solution's code without its last line, the call of the checker; give what it defined.

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
    """Hold a rehearsal class against the real one: what passes its check works for real.

    Each public method has the name and the first arguments, in the same order, of the real one's.
    """
    for name, call in inspect.getmembers(rehearsal, inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(getattr(real, name)).parameters)
            rehearsed = list(inspect.signature(call).parameters)
            assert wanted[: len(rehearsed)] == rehearsed, name
