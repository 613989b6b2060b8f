"""A full disk is named in place of the engine's message; tests/robustness fills a real one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pyspark.errors import AnalysisException, SparkRuntimeException

from lakelab.local.spark.commands import Command
from lakelab.local.spark.disk_space import explain_full_disk

SESSION = SimpleNamespace(home=SimpleNamespace(real_path="the folder of the home"))


@pytest.mark.parametrize("kind", [AnalysisException, SparkRuntimeException])
def test_a_full_disk_is_named_by_an_error_of_the_same_type(kind):
    def fail(command):
        raise kind(message="IO error: No space left on device (os error 28)")

    with pytest.raises(kind, match="disk is full.*Free some space for the folder of the home") as e:
        explain_full_disk(Command(SESSION, None), fail)
    assert "os error 28" in str(e.value.__cause__)


def test_another_error_stays_as_it_is():
    error = AnalysisException(message="no such column")

    def fail(command):
        raise error

    with pytest.raises(AnalysisException) as e:
        explain_full_disk(Command(SESSION, None), fail)
    assert e.value is error
