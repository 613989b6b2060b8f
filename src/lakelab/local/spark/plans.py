"""Walk through the messages of a Spark Connect plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def messages(message: Any) -> Iterator[Any]:
    """Yield a protobuf message and all messages in it, the outer ones first."""
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
    """Yield the paths that a message of a plan reads from or writes to."""
    for field, value in message.ListFields():
        if field.name == "path" and isinstance(value, str):
            yield value
        elif field.name == "paths":
            yield from value
        elif field.name == "options" and isinstance(value, Mapping):
            yield from (path for key, path in value.items() if key.lower() == "path")
