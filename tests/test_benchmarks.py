"""The frame of ``make bench``: a missed bar is told, and is an error."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.__main__ import AREAS, main
from benchmarks.frame import Figure, half_of_the_calls_ms, measured, run, seconds


@pytest.mark.parametrize(
    ("measured", "at_least", "met"),
    [(5, False, True), (5.1, False, False), (5, True, True), (4.9, True, False), (None, True, False), (None, False, False)],
)  # fmt: skip
def test_a_figure_is_held_against_its_bar(
    measured: float | None, at_least: bool, met: bool
) -> None:
    assert Figure("x", measured, "s", 5, at_least).met is met


@pytest.mark.parametrize(("figure", "code"), [(1.0, 0), (3.0, 1), (None, 1)])
def test_the_runner_says_what_is_missed(
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
    said = capsys.readouterr().out
    assert "≤ 2 s" in said
    assert "≥ 5 x" in said
    assert "17 MB" in said
    assert "in True" in said
    assert ("Missed: 1" in said) == bool(code)


@pytest.mark.parametrize("area", AREAS)
def test_each_area_can_be_measured(area: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{area}").figures)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], tmp_path, 0.1)


def test_an_unknown_area_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "online_store" in capsys.readouterr().out


def test_the_middle_of_three_is_told() -> None:
    calls: list[object] = []
    assert seconds(calls.append) >= 0
    assert calls == [0, 1, 2]
    assert half_of_the_calls_ms(calls.append, ["a", "b"]) >= 0
    assert calls[3:] == ["a", "b"] * 3


def test_what_is_measured_runs_in_a_process_of_its_own() -> None:
    told = measured(process_of, Path("/a"), 7)
    assert told.result[0] != process_of("", 0)[0]
    assert told.result[1:] == ["/a", 7]
    assert told.memory_mb > 1


def process_of(*arguments: object) -> list[object]:
    import os

    return [os.getpid(), *arguments]
