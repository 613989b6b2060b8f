"""Take the pictures of lesson 13: ``make screenshots``.

They show the course's own runs, in a fresh home. A number marks each thing that the lesson names.
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
    missing,
    place,
    visit,
)
from lakelab.lessons.lesson_13.pages import Page, pages
from lakelab.runtime import project_root

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from playwright.sync_api import Page as Tab

MOST_BYTES = 150_000

SIDEBAR, MARGIN = 199, 9
"""Width of the sidebar, and what of it stays in the picture for the numbers, in pixels."""

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


def take_all(folder: Path) -> None:
    """Run the lesson, and write a picture of each page that it names into the folder.

    Raises
    ------
    RuntimeError
        If a page lacks something that the lesson names, or a picture is too large.
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
            tab.goto("about:blank")  # without the marks of the page before
            visit(tab, page, url)
            if lacking := missing(tab, page, values):
                raise RuntimeError("\n".join(lacking))
            picture = small(take(tab, page))
            if len(picture) > MOST_BYTES:
                raise RuntimeError(f"{page.picture} has {len(picture):,} bytes.")
            (folder / page.picture).write_bytes(picture)
            print(f"{len(picture) / 1000:5.0f} kB  {folder / page.picture}")


def take(tab: Tab, page: Page) -> bytes:
    """Mark the items with their numbers, and take the picture of what matters."""
    for number, item in enumerate(page.items, start=1):
        found = place(tab, item)
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
    """Say whether one sees it: what was scrolled out of a menu is said to be visible, too."""
    seen: bool = found.evaluate(
        """element => {
            const box = element.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + 4, box.y + box.height / 2);
            return top !== null && (element.contains(top) || top.contains(element));
        }"""
    )
    return seen


def small(picture: bytes) -> bytes:
    """Store a PNG with a palette: pages have few colours."""
    from PIL import Image

    out = io.BytesIO()
    image: Any = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Take them all, or say what is missing."""
    root = project_root()
    try:
        find_chromium()
    except NoChromiumError as error:
        print(f"lakelab: {error}", file=sys.stderr)
        return 1
    assert root is not None, "the pictures belong to a clone of the project"
    take_all(root / "notebooks" / "images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
