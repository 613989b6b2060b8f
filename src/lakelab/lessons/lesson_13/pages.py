"""The items of lesson 13 on each page of the MLflow UI, and the formats of the UI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LISTED = Path(__file__).with_name("pages.yaml")


@dataclass(frozen=True)
class Item:
    """A value on a page, and the call that returns it.

    Parameters
    ----------
    see : str
        The words in the table of the lesson.
    call : str
        A Python expression over the names of the lesson.
    how : str
        The format of the value in the UI: a key of `FORMS`.
    shown : str
        The text on the page; ``{}`` is the formatted value.
    at : str, optional
        A selector of the element, if the words are not on the page.
    label : str, optional
        The words on the page, if they differ from `see`.
    last : bool
        Whether the last of several elements with these words is used.
    """

    see: str
    call: str
    how: str = "text"
    shown: str = "{}"
    at: str | None = None
    label: str | None = None
    last: bool = False

    def expected(self, value: Any) -> list[re.Pattern[str]]:
        r"""Return the patterns that the page must show for a value of the call.

        Examples
        --------
        >>> Item("Duration", "", "duration", "Duration {}").expected(1234)
        [re.compile('Duration\\ 1\\.2s')]
        """
        formatted = FORMS[self.how](value)
        return [
            text if isinstance(text, re.Pattern) else re.compile(re.escape(self.shown.format(text)))
            for text in formatted
        ]


@dataclass(frozen=True)
class Page:
    """A page of the UI with its route, its steps and its items.

    Parameters
    ----------
    page : str
        The name of the page, which is part of the name of its screenshot.
    route : str
        A Python expression over the names of the lesson: the argument of `lab.ui`.
    height, width : int
        The size of the browser window in pixels.
    items : tuple of Item
        The items in the order of their numbers.
    ready : str, optional
        The text to wait for before the first step.
    do : tuple of dict
        The steps, for example ``{"menu": "Columns"}``.
    crop : int, optional
        The height of the screenshot in pixels, if smaller than the window.
    sidebar : bool
        Whether the screenshot shows the sidebar.
    """

    page: str
    route: str
    height: int
    items: tuple[Item, ...]
    ready: str | None = None
    do: tuple[dict[str, str], ...] = ()
    width: int = 1280
    crop: int | None = None
    sidebar: bool = False

    @property
    def picture(self) -> str:
        """The file name of the screenshot."""
        return f"lesson_13_{self.page}.png"


@cache
def pages() -> tuple[Page, ...]:
    """Return all pages in the order of the lesson."""
    entries = yaml.safe_load(LISTED.read_text(encoding="utf-8"))
    return tuple(
        Page(
            **{
                **entry,
                "items": tuple(map(_item, entry["items"])),
                "do": tuple(entry.get("do", ())),
            }
        )
        for entry in entries
    )


def _item(entry: dict[str, Any]) -> Item:
    return Item(**{("how" if key == "as" else key): value for key, value in entry.items()})


# ---- the formats of the UI -------------------------------------------------------------------------
Patterns = list[str | re.Pattern[str]]


def _time(milliseconds: int) -> str:
    """Format a time as the browser does in English and UTC.

    Examples
    --------
    >>> _time(1_767_326_706_000)
    '1/2/2026, 04:05:06 AM'
    """
    at = datetime.fromtimestamp(milliseconds // 1000, UTC)
    half = "AM" if at.hour < 12 else "PM"
    return f"{at.month}/{at.day}/{at.year}, {at.hour % 12 or 12:02}:{at:%M:%S} {half}"


def _duration(milliseconds: float) -> str:
    """Format a duration as the UI does.

    Examples
    --------
    >>> [_duration(ms) for ms in (36, 2250, 90_000)]
    ['36ms', '2.3s', '1.5min']
    """
    if milliseconds < 500:
        return f"{milliseconds:.0f}ms"
    if milliseconds < 60_000:
        return f"{_rounded(milliseconds / 1000, 1)}s"
    return f"{_rounded(milliseconds / 60_000, 1)}min"


def _rounded(value: float, digits: int) -> str:
    """Round halves up, as browsers do; Python rounds halves to the even digit."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def _in_order(names: list[str]) -> Patterns:
    first = r"\b.*\b".join(re.escape(name) for name in names[:8])
    return [re.compile(rf"\b{first}\b")]


FORMS: dict[str, Callable[[Any], Patterns]] = {
    "text": lambda value: [str(value)],
    "word": lambda status: [str(status).capitalize()],
    "file": lambda path: [re.split(r"[\\/]", path)[-1]],
    "link": lambda name: [str(name)],
    "last_line": lambda text: [text.strip().splitlines()[-1]],
    "time": lambda milliseconds: [_time(milliseconds)],
    "ago": lambda milliseconds: [re.compile(r"\b\d+ (second|minute|hour)s? ago")],
    "duration": lambda milliseconds: [_duration(milliseconds)],
    "two_digits": lambda value: [_rounded(value, 2)],
    "five_digits": lambda value: [_rounded(value, 5)],
    "each": lambda values: [str(value) for value in values],
    "each_fifth": lambda values: [str(value) for value in values[::5]],
    "each_three_digits": lambda values: [_rounded(value, 3) for value in values],
    "each_version": lambda versions: [f"Version {version}" for version in versions],
    "row": lambda values: [" ".join(str(value) for value in values)],
    "in_order": _in_order,
    "pairs": lambda pairs: [str(word) for pair in pairs.items() for word in pair],
    "colon_pairs": lambda pairs: [f"{key}: {value}" for key, value in pairs.items()],
    "aliases": lambda aliases: [f"@ {alias}" for alias in aliases],
    "versions": lambda tag: [f"{one['name']} v{one['version']}" for one in json.loads(tag)],
    "first_charts": lambda keys: [key.removeprefix("system/") for key in sorted(keys)[:4]],
}
"""Value of `as` in the list -> the texts or patterns on the page."""
