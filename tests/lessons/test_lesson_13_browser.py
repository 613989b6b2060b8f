"""Lesson 13 in a real browser: its items are on the live pages, with the values of the calls."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakelab.lessons.lesson_13 import live, screenshots
from lakelab.lessons.lesson_13.live import (
    NoChromiumError,
    RunningLesson,
    browser,
    find_chromium,
    lesson_running,
    missing,
    visit,
)
from lakelab.lessons.lesson_13.pages import pages

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Visitor(NamedTuple):
    """The lesson after its last cell, a browser tab, and the addresses of all its requests."""

    lesson: RunningLesson
    tab: Any
    requests: list[str]


@pytest.fixture(scope="module")
def visitor(tmp_path_factory) -> Iterator[Visitor]:
    """Run the lesson in a new home, and keep it for the browser."""
    leave_without_a_browser()
    requests: list[str] = []
    with (
        lesson_running(NOTEBOOKS, tmp_path_factory.mktemp("lesson_13")) as lesson,
        browser() as tab,
    ):
        tab.on("request", lambda request: requests.append(request.url))
        [url] = lesson.evaluate(["lab.ui()"])
        yield Visitor(lesson, tab, requests)
    assert ends(url), "the server outlived the lesson"


def leave_without_a_browser() -> None:
    """Skip the tests without Chromium; in CI that is a failure."""
    try:
        find_chromium()
    except (NoChromiumError, ModuleNotFoundError) as error:
        if os.environ.get("CI"):
            pytest.fail(f"In CI a browser must be there: {error}")
        pytest.skip(str(error))


def ends(url: str) -> bool:
    """Wait until the address no longer answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            return True
    return False


class TestNoBrowser:
    """Tests before the first browser, as a process runs one browser at a time."""

    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch, tmp_path):
        monkeypatch.setattr(live.shutil, "which", lambda name: None)
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))

    def test_outside_ci_the_tests_are_skipped_with_a_reason(self, monkeypatch):
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
            leave_without_a_browser()

    def test_in_ci_the_tests_fail(self, monkeypatch):
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="In CI a browser must be there"):
            leave_without_a_browser()

    def test_screenshots_need_a_browser(self, capsys):
        assert screenshots.main() == 1
        assert "playwright install chromium" in capsys.readouterr().err


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.page)
def test_all_items_of_the_lesson_are_on_their_page(visitor, page):
    lesson, tab, _ = visitor
    calls = [item.call for item in page.items]
    url, *values = lesson.evaluate([f"lab.ui({page.route})", *calls])
    assert url in lesson.printed
    visit(tab, page, url)
    assert missing(tab, page, values) == []
    if page.page in BESIDE_THE_TABLE:
        BESIDE_THE_TABLE[page.page](lesson, tab)


def the_icon_says_how_a_run_ended(lesson: RunningLesson, tab: Any) -> None:
    """Green for FINISHED, red for FAILED: one shape and colour for each status."""
    [statuses] = lesson.evaluate(["[run.info.status for run in runs[:8]]"])
    icons = tab.eval_on_selector_all(
        "[id^='cell-runDateAndNestInfo'] span[role=img]",
        """found => found.map(icon => ({
            top: icon.getBoundingClientRect().top,
            colour: getComputedStyle(icon).color.match(/\\d+/g).slice(0, 2).map(Number),
            shape: icon.querySelector("path").getAttribute("d"),
        })).sort((one, other) => one.top - other.top)""",
    )
    seen: dict[str, set[tuple[str, bool]]] = {}
    for status, icon in zip(statuses, icons, strict=False):
        red, green = icon["colour"]
        seen.setdefault(status, set()).add((icon["shape"], red > green))
    assert set(seen) == {"FINISHED", "FAILED"}
    assert [is_red for _, is_red in seen["FAILED"]] == [True]
    assert [is_red for _, is_red in seen["FINISHED"]] == [False]


def the_ten_newest_are_drawn(lesson: RunningLesson, tab: Any) -> None:
    assert tab.get_by_text("Hide run", exact=True).count() == 10
    assert tab.get_by_text("Unhide run", exact=True).count() > 0


BESIDE_THE_TABLE = {
    "runs": the_icon_says_how_a_run_ended,
    "chart": the_ten_newest_are_drawn,
}
"""The claims of the lesson about a page in its text."""


def test_a_deleted_run_is_among_the_deleted_ones_only_and_keeps_its_page(visitor):
    lesson, tab, _ = visitor
    runs, own = lesson.evaluate(
        [
            'lab.ui(f"experiments/{experiment.experiment_id}/runs")',
            'lab.ui(f"experiments/{experiment.experiment_id}/runs/{thrown.info.run_id}")',
        ]
    )
    kept, thrown = (
        tab.get_by_text(name, exact=True) for name in ("tour, 15 passes", "tour, thrown away")
    )
    tab.goto(f"{runs}?lifecycleFilter=Active")
    kept.first.wait_for()
    assert thrown.count() == 0
    tab.goto(f"{runs}?lifecycleFilter=Deleted")
    thrown.first.wait_for()
    assert kept.count() == 0
    tab.goto(own)
    tab.get_by_text("About this run").wait_for()
    assert thrown.count() > 0


def test_the_artifacts_of_a_run_without_files_are_those_of_its_model(visitor):
    lesson, tab, _ = visitor
    url, files = lesson.evaluate(
        [
            'lab.ui(f"experiments/{study.experiment_id}/runs/{row.info.run_id}/artifacts")',
            "[file.path for file in client.list_artifacts(row.info.run_id)]",
        ]
    )
    assert files == []
    tab.goto(url)
    tab.get_by_text("artifacts assigned to a logged model").wait_for()
    tab.get_by_text("MLmodel").first.wait_for()


def test_the_ui_sends_no_request_to_another_host(visitor):
    """The UI loads no telemetry and no fonts. This test is last, after all pages were opened."""
    [url] = visitor.lesson.evaluate(["lab.ui()"])
    assert visitor.requests
    elsewhere = {
        address for address in visitor.requests if not address.startswith((url, "data:", "blob:"))
    }
    assert elsewhere == set()
