"""Take the screenshots of lesson 13: ``make screenshots``.

They show the runs of the course in a new home. A number marks each item of the lesson.
Tested in ``tests/lessons/test_lesson_13_browser.py``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lakelab.lessons.lesson_13.live import (
    NoChromiumError,
    browser,
    find_chromium,
    lesson_running,
    locate,
    missing,
    visit,
)
from lakelab.lessons.lesson_13.pages import Page, pages
from lakelab.runtime import project_root

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as Tab

MAX_BYTES = 150_000

SIDEBAR, MARGIN = 199, 9
"""The width of the sidebar, and of its part that the screenshots keep for the numbers, in pixels."""

_WITHOUT_SIDEBAR = f"""
body::after {{ content: ""; position: fixed; inset: 0 auto 0 0; width: {SIDEBAR}px;
    background: #f7f7f7; z-index: 9999; }}
"""

_MARK = """
([x, y, number]) => {
    const mark = document.createElement("div");
    mark.textContent = number;
    mark.style.cssText = `position: fixed; left: ${x}px; top: ${y}px; width: 18px; height: 18px;
        border-radius: 9px; background: #d6246e; color: white; font: bold 11px/18px sans-serif;
        text-align: center; z-index: 99999; pointer-events: none`;
    document.body.append(mark);
}
"""


def take_screenshots(folder: Path) -> None:
    """Run the lesson, and write a screenshot of each page into the folder.

    Raises
    ------
    RuntimeError
        If a page lacks an item of the lesson, or a screenshot is too large.
    """
    notebooks = folder.parent
    with (
        TemporaryDirectory(prefix="lakelab-") as home,
        lesson_running(notebooks, Path(home)) as lesson,
        browser() as tab,
    ):
        for page in pages():
            url, *values = lesson.evaluate(
                [f"lab.ui({page.route})", *(item.call for item in page.items)]
            )
            tab.goto("about:blank")  # removes the marks of the last page
            visit(tab, page, url)
            if lacking := missing(tab, page, values):
                raise RuntimeError("\n".join(lacking))
            picture = compress(take_screenshot(tab, page))
            if len(picture) > MAX_BYTES:
                raise RuntimeError(f"{page.picture} has {len(picture):,} bytes.")
            (folder / page.picture).write_bytes(picture)
            print(f"{len(picture) / 1000:5.0f} kB  {folder / page.picture}")


def take_screenshot(tab: Tab, page: Page) -> bytes:
    """Mark the items with their numbers, and take the screenshot."""
    for number, item in enumerate(page.items, start=1):
        found = locate(tab, item)
        box = found.bounding_box() if found else None
        if found and box and _is_on_top(found):
            tab.evaluate(_MARK, [box["x"] - 20, box["y"] + min(box["height"], 40) / 2 - 9, number])
    left = 0 if page.sidebar else SIDEBAR - MARGIN
    if not page.sidebar:
        tab.add_style_tag(content=_WITHOUT_SIDEBAR)
    return tab.screenshot(
        animations="disabled",
        caret="hide",
        clip={"x": left, "y": 0, "width": page.width - left, "height": page.crop or page.height},
    )


def _is_on_top(found: Locator) -> bool:
    """Return whether an element is on top; Playwright also reports hidden entries of menus as visible."""
    visible: bool = found.evaluate(
        """element => {
            const box = element.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + 4, box.y + box.height / 2);
            return top !== null && (element.contains(top) || top.contains(element));
        }"""
    )
    return visible


def compress(picture: bytes) -> bytes:
    """Compress a PNG with a palette, as pages have few colours."""
    from PIL import Image

    out = io.BytesIO()
    image: Any = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Take all screenshots; return the exit code."""
    root = project_root()
    try:
        find_chromium()
    except NoChromiumError as error:
        print(f"lakelab: {error}", file=sys.stderr)
        return 1
    assert root is not None, "the pictures belong to a clone of the project"
    take_screenshots(root / "notebooks" / "images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
