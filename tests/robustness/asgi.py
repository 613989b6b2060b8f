"""Call a web application in this process with arbitrary bytes, as its server does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body."""
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def code(self) -> str | None:
        """The error code of an error; None for a success."""
        return self.json.get("error_code")


class Caller:
    """Call an application. HTTP clients normalize the path of a request; this class does not.

    Parameters
    ----------
    app
        The ASGI application.
    token : str
        The token of the calls.
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
        content_type: str = "application/json",
        authorization: str | None = "",
    ) -> Answer:
        """Send a request and return the response.

        A body that is not bytes is sent as JSON. An empty authorization stands for the token of this caller;
        with None, the request has no such header.
        """
        content = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        headers = [(b"host", b"127.0.0.1"), (b"content-type", content_type.encode("latin-1"))]
        if authorization == "":
            authorization = f"Bearer {self.token}"
        if authorization is not None:
            headers.append((b"authorization", authorization.encode("latin-1")))
        return self._runner.run(self._call(method, target, headers, content))

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
        answered = dict(sent[0]["headers"])
        return Answer(
            sent[0]["status"],
            answered.get(b"content-type", b"").decode(),
            b"".join(message.get("body", b"") for message in sent[1:]),
        )


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
