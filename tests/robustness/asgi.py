"""Call a web application in this process with whatever bytes, as its server would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The JSON object in the body."""
        told = json.loads(self.body)
        assert isinstance(told, dict)
        return told

    @property
    def code(self) -> str | None:
        """The error code, if it is an error."""
        return self.told.get("error_code")


class Caller:
    """Calls an application, without tidying up the path as HTTP clients do.

    Parameters
    ----------
    app
        The ASGI application.
    token : str
        What calls are made with.
    """

    def __init__(self, app: Any, token: str):
        self.app = app
        self.token = token
        self._runner = asyncio.Runner()

    def __enter__(self) -> Caller:
        self._runner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._runner.__exit__(*error)

    def __call__(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        authorization: str | None = "",
    ) -> Answer:
        """Call; a body that is not bytes is sent as JSON, an authorization that is empty is the token's."""
        given = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        headers = [(b"host", b"127.0.0.1"), (b"content-type", kind.encode("latin-1"))]
        if authorization == "":
            authorization = f"Bearer {self.token}"
        if authorization is not None:
            headers.append((b"authorization", authorization.encode("latin-1")))
        return self._runner.run(self._call(method, target, headers, given))

    async def _call(self, method: str, target: str, headers: list, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii", "backslashreplace"),
            "query_string": query.encode("ascii", "backslashreplace"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        kinds = dict(sent[0]["headers"])
        return Answer(
            sent[0]["status"],
            kinds.get(b"content-type", b"").decode(),
            b"".join(message.get("body", b"") for message in sent[1:]),
        )


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
