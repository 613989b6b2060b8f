"""A running lesson 13, and a browser on its MLflow UI, for the screenshots and the tests.

Tested in ``tests/lessons/test_lesson_13_browser.py``.
"""

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
from lakelab.lessons.current_lesson import kernel_environment
from lakelab.lessons.lesson_13.pages import Item, Page

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as Tab

SECONDS = 20
"""The timeout for the content of a page."""

# New visitors see the mode for language models, an assistant and an advertisement first
_RETURNING_VISITOR = """
localStorage.setItem("mlflow.workflowType_v1", '"machine_learning"');
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
localStorage.setItem("_mlflow_model_registry_promo_modal_dismissed_v1", "true");
"""


class NoChromiumError(Exception):
    """No browser is installed; the message says what to install."""


# ---- the lesson ------------------------------------------------------------------------------------
class RunningLesson:
    """The lesson after its last cell, with its kernel and its UI still running."""

    def __init__(self, client: NotebookClient):
        self._client = client

    @property
    def printed(self) -> str:
        """The output of all cells."""
        cells = [cell for cell in self._client.nb.cells if cell.cell_type == "code"]
        return "".join(output.get("text", "") for cell in cells for output in cell.outputs)

    def evaluate(self, expressions: list[str]) -> list[Any]:
        """Return the values of expressions over the names of the lesson, converted to JSON."""
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
    """Run lesson 13 in a kernel, which stops at the end of the context.

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
                if output.output_type == "error":  # `%run` shows an error and continues
                    raise RuntimeError(f"cell {cell.id}: {output.ename}: {output.evalue}")
        yield RunningLesson(client)


# ---- the browser -----------------------------------------------------------------------------------
def find_chromium() -> str:
    """Return the path of an installed Chromium.

    Raises
    ------
    NoChromiumError
        If no Chromium is installed.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path  # exists only after `playwright install`
    if Path(own).is_file():
        return own
    raise NoChromiumError(
        "there is no Chromium to look at the pages with. On Debian and Ubuntu: apt install chromium; "
        "elsewhere: .venv/bin/playwright install chromium"
    )


@contextmanager
def browser() -> Iterator[Tab]:
    """Start headless Chromium in English and UTC, as a returning visitor of the MLflow UI."""
    from playwright.sync_api import sync_playwright

    # root in a container cannot use Chromium's sandbox; the browser opens pages of this machine only
    sandbox = [] if hasattr(os, "getuid") and os.getuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=sandbox)
        context = chromium.new_context(locale="en-US", timezone_id="UTC", color_scheme="light")
        context.add_init_script(_RETURNING_VISITOR)
        context.set_default_timeout(SECONDS * 1000)
        yield context.new_page()
        chromium.close()


def visit(tab: Tab, page: Page, url: str) -> None:
    """Open a page, and run its steps."""
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
    """Open a menu unless it is open; the page closes it when more data arrive."""
    menu = tab.get_by_role("dialog")
    deadline = time.monotonic() + SECONDS
    while not menu.is_visible() and time.monotonic() < deadline:
        tab.get_by_role("button", name=name).click()
        tab.wait_for_timeout(200)
    return menu


def missing(tab: Tab, page: Page, values: list[Any]) -> list[str]:
    """Wait for all items of the page; return those that do not appear.

    Parameters
    ----------
    values : list
        The results of the calls of the items, in order.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        left = list(_missing_now(tab, page, values))
        if not left or time.monotonic() > deadline:
            return left
        tab.wait_for_timeout(100)


def _missing_now(tab: Tab, page: Page, values: list[Any]) -> Iterator[str]:
    read = re.sub(r"\s+", " ", tab.locator("body").inner_text())
    is_shown = False
    for item, value in zip(page.items, values, strict=True):
        for text in item.expected(value):
            exact = (
                item.how == "link"
            )  # the run "boosting" differs from runs whose names begin with it
            is_shown = (
                tab.get_by_text(str(value), exact=True).count() > 0
                if exact
                else text.search(read) is not None
            )
            if not is_shown:
                yield f"{page.page}: '{item.see}' does not show {text.pattern!r}, from {item.call}"
                return  # the page is not ready yet
    for item in page.items:
        if locate(tab, item) is None:
            yield f"{page.page}: no '{item.see}' on the page"


def locate(tab: Tab, item: Item) -> Locator | None:
    """Return the element of an item on the page, or None."""
    if item.at:
        found = tab.locator(item.at)
    else:
        words = re.escape(item.label or item.see)
        # a heading may have a number or a button beside it
        found = tab.get_by_text(re.compile(rf"^\s*{words}\s*:?\s*(\(\d+\)|Edit)?\s*$"))
    places = [one for one in found.all() if one.is_visible()]
    if not places:
        return None
    return places[-1 if item.last else 0]
