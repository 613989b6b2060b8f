"""The progress line of a call."""

from __future__ import annotations

import sys

import pytest

from lakelab.automl.errors import AutoMLError
from lakelab.automl.progress import Progress, timeout_seconds


def test_outside_a_notebook_only_the_last_line_is_printed(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    progress = Progress(60)
    progress.show(30, 2, "best val_f1_score 0.7")
    progress.finish("AutoML: 2 trials")
    assert capsys.readouterr().out == "AutoML: 2 trials\n"


@pytest.mark.parametrize("minutes", [0, -1, True, "5", float("nan")])
def test_a_timeout_that_is_no_number_above_0_is_refused(minutes):
    with pytest.raises(AutoMLError, match="expected a number above 0"):
        timeout_seconds(minutes)
