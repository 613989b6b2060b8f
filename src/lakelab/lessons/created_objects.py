"""The names of all objects that the lessons and their exercises create: ``created_objects.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml


@cache
def created_objects() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the objects that the lessons create, by kind.

    Examples
    --------
    >>> created_objects()["served"]
    ('flight_delay',)
    """
    file = Path(__file__).parent / "created_objects.yaml"
    objects = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {kind: tuple(names) for kind, names in objects.items()}
