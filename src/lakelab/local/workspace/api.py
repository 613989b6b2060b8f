"""What every part of the local workspace shares: errors with Databricks' codes, and call parameters."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lakelab.local.catalog.errors import ApiError

MLFLOW_API = "/api/2.0/mlflow/unity-catalog"
UNITY_API = "/api/2.1/unity-catalog"
FILES_API = "/api/2.0/fs"

Item = TypeVar("Item")


@dataclass(frozen=True)
class Call:
    """One call: who makes it, and its parameters from path, query and JSON body together."""

    user: str
    parameters: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Give a parameter that must be there.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if it is missing, empty or no text.
        """
        value = self.optional(name)
        if not value:
            raise ApiError(
                "INVALID_PARAMETER_VALUE", f"Missing value for required parameter '{name}'."
            )
        return value

    def optional(self, name: str) -> str | None:
        value = self.parameters.get(name)
        if value is None or (isinstance(value, str) and not _LONE_SURROGATE.search(value)):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Invalid value {value!r} for parameter '{name}': expected text.",
        )

    def integer(self, name: str, default: int | None = None) -> int:
        value = self.optional(name)
        if value is None and default is not None:
            return default
        if value is None or not re.fullmatch(r"[0-9]{1,9}", value):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Invalid value {value!r} for parameter '{name}': expected a whole number.",
            )
        return int(value)

    def flag(self, name: str) -> bool:
        """Give a yes or no; a missing one is no. A query has it as text."""
        value = self.parameters.get(name)
        if value in (None, "", False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Invalid value {value!r} for parameter '{name}': expected true or false.",
        )

    def texts(self, name: str) -> list[str]:
        """Give a list of texts; one text is a list of one, as a query has it."""
        value = self.parameters.get(name)
        if value is None or isinstance(value, str):
            value = [value] if value else []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Invalid value {value!r} for parameter '{name}': expected a list of texts.",
            )
        return value

    def items(self, name: str) -> list[Mapping[str, Any]]:
        """Give a list of JSON objects; a missing one is empty."""
        value = self.parameters.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(
                "INVALID_PARAMETER_VALUE",
                f"Invalid value for parameter '{name}': expected a list of objects.",
            )
        return value

    def tags(self) -> dict[str, str]:
        """Give ``[{"key": ..., "value": ...}]`` as a mapping."""
        tags = [Call(self.user, item) for item in self.items("tags")]
        return {tag.text("key"): tag.optional("value") or "" for tag in tags}


def page_of(call: Call, items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
    """Give the page that a call asks for, and the token of the next."""
    start, size = _offset(call.optional("page_token")), call.integer("max_results", 100) or 100
    end = start + size
    token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return items[start:end], token


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except ValueError as error:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Invalid page token '{token}': give the one of the last page.",
        ) from error


Handler = Callable[[Call], dict[str, Any] | None]
Endpoint = tuple[str, str, Handler]
"""HTTP method, path with ``{parameters}``, and the function that answers."""


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON can spell these out, but they are no text: no file or database takes them."""
