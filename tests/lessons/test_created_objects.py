"""The list of objects that the lessons create agrees with the code of the lessons."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lakelab.lessons.created_objects import created_objects
from tests.databricks.static import sources

NAME = r"(?:\{CATALOG\}\.\{SCHEMA\}|\{PROD\}|\{schema\}|\{environments\['\w+'\]\})\.([a-z]\w+)"


@cache
def code_of_lessons() -> str:
    pieces = [piece for cells in sources.lessons().values() for piece in cells]
    return "\n".join(piece.raw for piece in pieces)


def test_every_name_in_the_lessons_is_listed():
    """Each lesson reads and writes only objects of the course below the course's schema."""
    written = set(re.findall(NAME, code_of_lessons()))
    known = {name for names in created_objects().values() for name in names}
    suffixed = {name.removesuffix("_online") for name in known}
    unknown = written - known - suffixed
    assert not unknown, f"add to lessons/created_objects.yaml, or rename: {sorted(unknown)}"


def test_every_listed_name_is_in_the_code():
    code = code_of_lessons() + "".join(
        Path(path).read_text(encoding="utf-8")
        for path in (sources.SRC / "lakelab/lessons").rglob("*.py")
    )
    parts = {"_online": "_online", "_timed": "_timed", "_copy": "_copy", "raw_": 'f"raw_'}
    for name in {name for names in created_objects().values() for name in names}:
        by_parts = [part for affix, part in parts.items() if affix in name]
        assert name in code or any(part in code for part in by_parts), name
