"""Lesson 13 in a real browser: what it names is on the live pages, with the values that the calls return."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import pytest

from lakelab.lessons.lesson_13.live import (
    NoChromiumError,
    RunningLesson,
    browser,
    find_chromium,
    lesson_running,
    missing,
    opened,
)
from lakelab.lessons.lesson_13.pages import Page, pages

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Visit(NamedTuple):
    """The lesson after its last cell, a browser, and each address that the browser has asked for."""

    lesson: RunningLesson
    context: object
    asked: list[str]


@pytest.fixture(scope="module")
def visit(tmp_path_factory) -> Iterator[Visit]:
    """Run the lesson in a fresh home, and keep it while the browser looks at its UI."""
    try:
        find_chromium()
    except (NoChromiumError, ModuleNotFoundError) as error:
        if os.environ.get("CI"):
            pytest.fail(f"In CI a browser must be there: {error}")
        pytest.skip(str(error))
    asked: list[str] = []
    with (
        lesson_running(NOTEBOOKS, tmp_path_factory.mktemp("lesson_13")) as lesson,
        browser() as context,
    ):
        context.on("request", lambda request: asked.append(request.url))
        [url] = lesson.evaluate(["lab.ui()"])
        yield Visit(lesson, context, asked)
    assert ends(url), "the server outlived the lesson"


def ends(url: str) -> bool:
    """Wait until nobody answers any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (URLError, OSError):
            return True
    return False


def page_named(name: str) -> Page:
    return next(page for page in pages() if page.page == name)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.page)
def test_all_that_the_lesson_names_is_on_the_page_that_it_links_to(visit, page):
    calls = [item.call for item in page.items]
    url, *values = visit.lesson.evaluate([f"lab.ui({page.route})", *calls])
    assert url in visit.lesson.printed
    with opened(visit.context, page, url) as tab:
        assert missing(tab, page, values) == []


def test_the_icon_of_a_run_says_how_it_ended(visit):
    """Green for FINISHED, red for the others: one shape and colour for each status."""
    page = page_named("runs")
    url, *told = visit.lesson.evaluate(
        [f"lab.ui({page.route})", "[[run.info.run_name, run.info.status] for run in runs[:8]]"]
    )
    with opened(visit.context, page, url) as tab:
        icons = tab.eval_on_selector_all(
            "[id^='cell-runDateAndNestInfo'] span[role=img]",
            """found => found.map(icon => ({
                top: icon.getBoundingClientRect().top,
                colour: getComputedStyle(icon).color.match(/\\d+/g).slice(0, 2).map(Number),
                shape: icon.querySelector("path").getAttribute("d"),
            })).sort((one, other) => one.top - other.top)""",
        )
    seen: dict[str, set[tuple[str, bool]]] = {}
    for (_, status), icon in zip(told[0], icons, strict=False):
        red, green = icon["colour"]
        seen.setdefault(status, set()).add((icon["shape"], red > green))
    assert set(seen) == {"FINISHED", "FAILED"}
    assert [is_red for _, is_red in seen["FAILED"]] == [True]
    assert [is_red for _, is_red in seen["FINISHED"]] == [False]


def test_the_chart_view_draws_the_ten_newest_runs(visit):
    page = page_named("chart")
    [url] = visit.lesson.evaluate([f"lab.ui({page.route})"])
    with opened(visit.context, page, url) as tab:
        tab.get_by_text("Model metrics").first.wait_for()
        tab.get_by_text("Unhide run").first.wait_for(state="attached")
        assert tab.get_by_text("Hide run", exact=True).count() == 10


def test_a_deleted_run_is_in_the_table_of_deleted_runs_only(visit):
    """As `What goes wrong` says; and its own page still opens."""
    page = page_named("run")
    runs, own = visit.lesson.evaluate(
        [
            'lab.ui(f"experiments/{experiment.experiment_id}/runs")',
            'lab.ui(f"experiments/{experiment.experiment_id}/runs/{thrown.info.run_id}")',
        ]
    )
    name = "tour, thrown away"
    for state, shown in {"Active": 0, "Deleted": 1}.items():
        with opened(visit.context, page, f"{runs}?lifecycleFilter={state}") as tab:
            tab.get_by_text("matching run").first.wait_for()
            tab.get_by_text(f"State: {state}").or_(tab.get_by_text(state)).first.wait_for()
            tab.get_by_text("tour, ").first.wait_for()
            assert tab.get_by_text(name, exact=True).count() == shown
    with opened(visit.context, page, own) as tab:
        tab.get_by_text(name, exact=True).first.wait_for()


def test_the_ui_calls_nobody(visit):
    """No telemetry, no fonts, nothing from elsewhere. Last: the pages above have been opened."""
    [url] = visit.lesson.evaluate(["lab.ui()"])
    assert visit.asked
    elsewhere = {asked for asked in visit.asked if not asked.startswith((url, "data:", "blob:"))}
    assert elsewhere == set()
