"""Walk the messages of a Spark Connect plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def messages(message: Any) -> Iterator[Any]:
    """Give a protobuf message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if isinstance(value, Mapping):
            parts = [part for part in value.values() if hasattr(part, "ListFields")]
        elif hasattr(value, "ListFields"):
            parts = [value]
        else:
            parts = list(value)
        for part in parts:
            yield from messages(part)


def paths(message: Any) -> Iterator[str]:
    """Give the paths that a message of a plan names: of what it reads, or writes."""
    for field, value in message.ListFields():
        if field.name == "path" and isinstance(value, str):
            yield value
        elif field.name == "paths":
            yield from value
        elif field.name == "options" and isinstance(value, Mapping):
            yield from (told for key, told in value.items() if key.lower() == "path")
