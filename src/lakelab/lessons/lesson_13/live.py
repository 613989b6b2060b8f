"""The lesson running, and a browser on the MLflow UI that it opened: for the pictures and for the test."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

from lakelab.lessons import find_lesson
from lakelab.lessons.lesson_13.pages import Item, Page
from lakelab.runner import kernel_environment

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as Tab

SECONDS = 20
"""How long a page may take to show what it should."""

# Each visitor is shown the mode for language models, an assistant and an advertisement first
_BEEN_HERE = """
localStorage.setItem("mlflow.workflowType_v1", '"machine_learning"');
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
localStorage.setItem("_mlflow_model_registry_promo_modal_dismissed_v1", "true");
"""


class NoChromiumError(Exception):
    """There is no browser to drive; the message says what to install."""


# ---- the lesson ------------------------------------------------------------------------------------
class RunningLesson:
    """The lesson after its last cell, its kernel still there, and with it the UI."""

    def __init__(self, client: NotebookClient):
        self._client = client

    @property
    def printed(self) -> str:
        """All that its cells printed."""
        cells = [cell for cell in self._client.nb.cells if cell.cell_type == "code"]
        return "".join(output.get("text", "") for cell in cells for output in cell.outputs)

    def evaluate(self, expressions: list[str]) -> list[Any]:
        """Give the values of expressions in the lesson's own names, as far as JSON can tell them."""
        source = (
            "import json as _json\n"
            f"print(_json.dumps([eval(one, globals()) for one in {expressions!r}], default=str))"
        )
        return json.loads(self._run(nbformat.v4.new_code_cell(source)))

    def _run(self, cell: Any) -> str:
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return "".join(output.text for output in cell.outputs if output.output_type == "stream")


@contextmanager
def lesson_running(notebooks: Path, home: Path) -> Iterator[RunningLesson]:
    """Run lesson 13 in a kernel, which ends with the context.

    Parameters
    ----------
    notebooks : Path
        The folder of the notebooks.
    home : Path
        A folder for local state.

    Raises
    ------
    RuntimeError
        If a cell fails.
    """
    lesson = find_lesson("13")
    notebook = nbformat.read(notebooks / f"{lesson.file}.ipynb", as_version=4)
    environment = {**kernel_environment(lesson), "LAKELAB_HOME": str(home), "LOGNAME": "learner"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebooks)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    with client.setup_kernel(env=environment):
        for number, cell in enumerate(list(notebook.cells)):
            client.execute_cell(cell, number)
            for output in cell.get("outputs", []):
                if output.output_type == "error":  # `%run` shows an error and goes on
                    raise RuntimeError(f"cell {cell.id}: {output.ename}: {output.evalue}")
        yield RunningLesson(client)


# ---- the browser -----------------------------------------------------------------------------------
def find_chromium() -> str:
    """Find a Chromium that is installed.

    Raises
    ------
    NoChromiumError
        If there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path  # of `playwright install`, perhaps not done
    if Path(own).is_file():
        return own
    raise NoChromiumError(
        "there is no Chromium to look at the pages with. On Debian and Ubuntu: apt install chromium; "
        "elsewhere: .venv/bin/playwright install chromium"
    )


@contextmanager
def browser() -> Iterator[Tab]:
    """Start headless Chromium, in English and in UTC, as one who has seen the MLflow UI before."""
    from playwright.sync_api import sync_playwright

    # as root, in a container, Chromium's sandbox cannot be had; it sees pages of this machine only
    sandbox = [] if hasattr(os, "getuid") and os.getuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=sandbox)
        context = chromium.new_context(locale="en-US", timezone_id="UTC", color_scheme="light")
        context.add_init_script(_BEEN_HERE)
        context.set_default_timeout(SECONDS * 1000)
        yield context.new_page()
        chromium.close()


def visit(tab: Tab, page: Page, url: str) -> None:
    """Go to a page, and do on it what the list says."""
    tab.set_viewport_size({"width": page.width, "height": page.height})
    tab.goto(url)
    if page.ready:
        tab.get_by_text(page.ready, exact=True).first.wait_for()
    for step in page.do:
        ((what, name),) = step.items()
        if what == "menu":
            _open_menu(tab, name)
        elif what == "entry":
            menu = next(one["menu"] for one in page.do if "menu" in one)
            _open_menu(tab, menu).get_by_title(name, exact=True).click()
        elif what == "text":
            tab.get_by_text(name, exact=True).first.click()
        elif what == "key":
            tab.keyboard.press(name)


def _open_menu(tab: Tab, name: str) -> Locator:
    """Open a menu, if it is not; the page closes it when more of its data come."""
    menu = tab.get_by_role("dialog")
    deadline = time.monotonic() + SECONDS
    while not menu.is_visible() and time.monotonic() < deadline:
        tab.get_by_role("button", name=name).click()
        tab.wait_for_timeout(200)
    return menu


def missing(tab: Tab, page: Page, values: list[Any]) -> list[str]:
    """Wait for all that the page should show; say what does not come.

    Parameters
    ----------
    values : list
        What the calls of the page's items returned, in their order.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        left = list(_missing_now(tab, page, values))
        if not left or time.monotonic() > deadline:
            return left
        tab.wait_for_timeout(100)


def _missing_now(tab: Tab, page: Page, values: list[Any]) -> Iterator[str]:
    read = re.sub(r"\s+", " ", tab.locator("body").inner_text())
    there = False
    for item, value in zip(page.items, values, strict=True):
        for text in item.expected(value):
            alone = item.how == "link"  # "boosting" is no run whose name begins so
            there = (
                tab.get_by_text(str(value), exact=True).count() > 0
                if alone
                else text.search(read) is not None
            )
            if not there:
                yield f"{page.page}: '{item.see}' does not show {text.pattern!r}, from {item.call}"
                return  # the page is not ready: no need to look for the rest
    for item in page.items:
        if place(tab, item) is None:
            yield f"{page.page}: no '{item.see}' on the page"


def place(tab: Tab, item: Item) -> Locator | None:
    """Find where on the page the words of an item stand."""
    if item.at:
        found = tab.locator(item.at)
    else:
        words = re.escape(item.label or item.see)
        # beside a heading there may be a number, or a button
        found = tab.get_by_text(re.compile(rf"^\s*{words}\s*:?\s*(\(\d+\)|Edit)?\s*$"))
    places = [one for one in found.all() if one.is_visible()]
    if not places:
        return None
    return places[-1 if item.last else 0]
