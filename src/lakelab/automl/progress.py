"""The timeout of a call, and its progress line."""

from __future__ import annotations

import sys
from typing import Any

from lakelab.automl.errors import AutoMLError

DEFAULT_TIMEOUT_MINUTES = 120


class Progress:
    """A progress bar over the time of a call, with the best score so far.

    In a notebook, one output is updated. Elsewhere only the last line is printed, as a log should hold
    no progress bars.

    Parameters
    ----------
    seconds : float
        The timeout of the call.
    """

    WIDTH = 24

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._shown: Any = None
        self._in_notebook = "ipykernel" in sys.modules

    def show(self, elapsed: float, trials: int, best: str) -> None:
        """Update the bar.

        Parameters
        ----------
        elapsed : float
            Seconds since the start.
        trials : int
        best : str
            For example ``best val_roc_auc_score 0.741 (lightgbm)``.
        """
        if not self._in_notebook:
            return
        full = min(self.WIDTH, round(self.WIDTH * elapsed / self.seconds))
        bar = "█" * full + "░" * (self.WIDTH - full)
        self._write(
            f"{bar} {elapsed:.0f} of at most {self.seconds:.0f} s · {trials} trials · {best}"
        )

    def finish(self, summary: str) -> None:
        """Show the last line in place of the bar."""
        if self._in_notebook:
            self._write(summary)
        else:
            print(summary)

    def _write(self, line: str) -> None:
        from IPython.display import display

        data = {"text/plain": line}
        if self._shown is None:
            self._shown = display(data, raw=True, display_id=True)
        else:
            self._shown.update(data, raw=True)


def timeout_seconds(timeout_minutes: float | None) -> float:
    """Return the timeout of a call in seconds.

    Raises
    ------
    AutoMLError
        If ``timeout_minutes`` is no number above 0.

    Examples
    --------
    >>> timeout_seconds(5)
    300.0
    """
    minutes = DEFAULT_TIMEOUT_MINUTES if timeout_minutes is None else timeout_minutes
    if not isinstance(minutes, int | float) or isinstance(minutes, bool) or not minutes > 0:
        raise AutoMLError(f"timeout_minutes={timeout_minutes!r}: expected a number above 0.")
    return float(minutes) * 60
