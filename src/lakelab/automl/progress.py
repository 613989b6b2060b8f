"""The time of a call, and how it gets on: one line that is written over, and stays as the last word."""

from __future__ import annotations

import sys
from typing import Any

from lakelab.automl.errors import AutoMLError

DEFAULT_TIMEOUT_MINUTES = 120


class Progress:
    """A bar over the time of a call, with the best score so far.

    In a notebook it is one output that changes; elsewhere only the last line is printed, as a log
    should hold no bars.

    Parameters
    ----------
    seconds : float
        The time that the call has.
    """

    WIDTH = 24

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._shown: Any = None
        self._in_notebook = "ipykernel" in sys.modules

    def show(self, elapsed: float, trials: int, best: str) -> None:
        """Show the bar anew.

        Parameters
        ----------
        elapsed : float
            Seconds.
        trials : int
        best : str
            Such as ``best val_roc_auc_score 0.741 (lightgbm)``.
        """
        if not self._in_notebook:
            return
        full = min(self.WIDTH, round(self.WIDTH * elapsed / self.seconds))
        bar = "█" * full + "░" * (self.WIDTH - full)
        self._write(
            f"{bar} {elapsed:.0f} of at most {self.seconds:.0f} s · {trials} trials · {best}"
        )

    def end(self, told: str) -> None:
        """Leave the last word."""
        if self._in_notebook:
            self._write(told)
        else:
            print(told)

    def _write(self, line: str) -> None:
        from IPython.display import display

        data = {"text/plain": line}
        if self._shown is None:
            self._shown = display(data, raw=True, display_id=True)
        else:
            self._shown.update(data, raw=True)


def seconds_of(timeout_minutes: float | None) -> float:
    """Give the time of a call.

    Raises
    ------
    AutoMLError
        If it is no number above 0.

    Examples
    --------
    >>> seconds_of(5)
    300.0
    """
    minutes = DEFAULT_TIMEOUT_MINUTES if timeout_minutes is None else timeout_minutes
    if not isinstance(minutes, int | float) or isinstance(minutes, bool) or not minutes > 0:
        raise AutoMLError(f"timeout_minutes={timeout_minutes!r}: expected a number above 0.")
    return float(minutes) * 60
