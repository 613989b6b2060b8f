"""REST calls and their parameters, as all parts of the local workspace read and answer them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError

MLFLOW_API = "/api/2.0/mlflow/unity-catalog"
UNITY_API = "/api/2.1/unity-catalog"
FILES_API = "/api/2.0/fs"

Item = TypeVar("Item")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON can spell these code points, but they are not text: no file or database accepts them."""


@dataclass(frozen=True)
class Call:
    """One REST call: its user, and its parameters from path, query and JSON body together."""

    user: str
    parameters: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a required text parameter.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the parameter is missing, empty or not text.
        """
        value = self.optional(name)
        if not value:
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Missing value for required parameter '{name}'.",
            )
        return value

    def optional(self, name: str) -> str | None:
        """Return a text parameter, or None if it is missing. Integers are returned as text.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the parameter is not text.
        """
        value = self.parameters.get(name)
        if value is None or (isinstance(value, str) and not _LONE_SURROGATE.search(value)):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Invalid value {value!r} for parameter '{name}': expected text.",
        )

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an integer parameter, or the default if it is missing.

        Raises
        ------
        ApiError
            ``INVALID_PARAMETER_VALUE`` if the parameter is not an integer of at most nine digits, or
            if it is missing and has no default.
        """
        value = self.optional(name)
        if value is None and default is not None:
            return default
        if value is None or not re.fullmatch(r"[0-9]{1,9}", value):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Invalid value {value!r} for parameter '{name}': expected a whole number.",
            )
        return int(value)

    def flag(self, name: str) -> bool:
        """Return a boolean parameter, False if it is missing. A query sends it as text."""
        value = self.parameters.get(name)
        if value in (None, "", False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
            f"Invalid value {value!r} for parameter '{name}': expected true or false.",
        )

    def texts(self, name: str) -> list[str]:
        """Return a list of texts. A query sends a list of one item as the item itself."""
        value = self.parameters.get(name)
        if value is None or isinstance(value, str):
            value = [value] if value else []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Invalid value {value!r} for parameter '{name}': expected a list of texts.",
            )
        return value

    def items(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of JSON objects, an empty one if it is missing."""
        value = self.parameters.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(
                conditions.INVALID_PARAMETER_VALUE,
                f"Invalid value for parameter '{name}': expected a list of objects.",
            )
        return value

    def tags(self) -> dict[str, str]:
        """Return ``[{"key": ..., "value": ...}]`` as a mapping."""
        tags = [Call(self.user, item) for item in self.items("tags")]
        return {tag.text("key"): tag.optional("value") or "" for tag in tags}


Handler = Callable[[Call], dict[str, Any] | None]
Endpoint = tuple[str, str, Handler]
"""HTTP method, path with ``{parameters}``, and the function that handles the call."""


def paginate(call: Call, items: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
    """Return the page of items that a call requests, and the token of the next page.

    Examples
    --------
    >>> first, token = paginate(Call("ana@example.com", {"max_results": 2}), "abc")
    >>> first, paginate(Call("ana@example.com", {"page_token": token}), "abc")
    ('ab', ('c', None))
    """
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
            conditions.INVALID_PARAMETER_VALUE,
            f"Invalid page token '{token}': give the one of the last page.",
        ) from error


def without_none(**fields: Any) -> dict[str, Any]:
    """Return the fields of an answer without those that are None: Databricks omits such fields.

    Examples
    --------
    >>> without_none(name="weather", comment=None)
    {'name': 'weather'}
    """
    return {key: value for key, value in fields.items() if value is not None}
