"""What all value classes of the client share: equality by content, and a readable ``repr``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Entity:
    """A value with public attributes and properties; equal to another of the same content."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Give (name, value) for each public attribute and property, as ``dict()`` wants them."""
        names = [name for name in vars(self) if not name.startswith("_")]
        names += sorted(n for n, value in vars(type(self)).items() if isinstance(value, property))
        for name in names:
            yield name, getattr(self, name)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"<{type(self).__name__}: {told}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # the official entities are not hashable either
