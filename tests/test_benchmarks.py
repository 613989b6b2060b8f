"""The frame of ``make bench``: it reports a missed bar, and exits with an error."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.__main__ import AREAS, main
from benchmarks.frame import Figure, measure, median_call_ms, median_seconds, run


@pytest.mark.parametrize(
    ("measured", "at_least", "met"),
    [(5, False, True), (5.1, False, False), (5, True, True), (4.9, True, False), (None, True, False), (None, False, False)],
)  # fmt: skip
def test_a_figure_meets_its_bar_or_misses_it(
    measured: float | None, at_least: bool, met: bool
) -> None:
    assert Figure("x", measured, "s", 5, at_least).met is met


@pytest.mark.parametrize(("figure", "code"), [(1.0, 0), (3.0, 1), (None, 1)])
def test_main_reports_a_missed_bar(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    figure: float | None,
    code: int,
) -> None:
    area = ModuleType("benchmarks.fake")
    area.figures = lambda folder: [  # type: ignore[attr-defined]
        Figure("publish", figure, "s", 2, memory_mb=17, note=f"in {folder.is_dir()}"),
        Figure("look up", 9.0, "x", 5, at_least=True),
    ]
    monkeypatch.setitem(sys.modules, "benchmarks.fake", area)
    monkeypatch.setattr("benchmarks.__main__.AREAS", [*AREAS, "fake"])
    assert main(["fake"]) == code
    output = capsys.readouterr().out
    assert "≤ 2 s" in output
    assert "≥ 5 x" in output
    assert "17 MB" in output
    assert "in True" in output
    assert ("Missed: 1" in output) == bool(code)


@pytest.mark.parametrize("area", AREAS)
def test_each_area_has_a_function_for_its_figures(area: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{area}").figures)


def test_run_ends_a_program_that_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], tmp_path, 0.1)


def test_main_names_the_areas_if_one_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "online_store" in capsys.readouterr().out


def test_the_medians_are_of_three_rounds() -> None:
    calls: list[object] = []
    assert median_seconds(calls.append) >= 0
    assert calls == [0, 1, 2]
    assert median_call_ms(calls.append, ["a", "b"]) >= 0
    assert calls[3:] == ["a", "b"] * 3


def test_measure_calls_a_function_in_a_process_of_its_own() -> None:
    measurement = measure(process_of, Path("/a"), 7)
    assert measurement.result[0] != process_of("", 0)[0]
    assert measurement.result[1:] == ["/a", 7]
    assert measurement.memory_mb > 1


def process_of(*arguments: object) -> list[object]:
    import os

    return [os.getpid(), *arguments]
