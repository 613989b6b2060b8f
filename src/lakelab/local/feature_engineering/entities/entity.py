"""The base of the client's value classes: equality by content, and a readable ``repr``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Entity:
    """A value object: two objects with the same content are equal."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over (name, value) of the public attributes and properties, as ``dict()`` expects."""
        names = [name for name in vars(self) if not name.startswith("_")]
        names += sorted(n for n, value in vars(type(self)).items() if isinstance(value, property))
        for name in names:
            yield name, getattr(self, name)

    def __repr__(self) -> str:
        content = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"<{type(self).__name__}: {content}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # the official entities are not hashable either
