"""An HTTP server in a thread of this process, on a free port of 127.0.0.1."""

from __future__ import annotations

import socket
import threading
from typing import Any

import uvicorn

_START_TIMEOUT = 10.0


class LoopbackServer:
    """An HTTP server for an ASGI application; it ends with the process, or with :meth:`stop`.

    The port is bound in the constructor, so that :attr:`url` is known before the server starts.

    Parameters
    ----------
    name : str
        The name of the thread, also for errors.

    Attributes
    ----------
    url : str
        ``http://127.0.0.1:<port>``.
    """

    def __init__(self, name: str):
        self._name = name
        self._socket = _listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: Any) -> None:
        """Start the server, and return when it is ready.

        Raises
        ------
        RuntimeError
            If the server is not ready within ten seconds.
        """
        self._server = _Server(app)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name=self._name,
            daemon=True,
        )
        self._thread.start()
        if not self._server.ready.wait(_START_TIMEOUT):
            raise RuntimeError(
                f"The {self._name} did not start on {self.url} within {_START_TIMEOUT:g} seconds."
            )

    def stop(self) -> None:
        """Stop the server and free its port. A second call does nothing."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=_START_TIMEOUT)
        self._socket.close()


class _Server(uvicorn.Server):
    """A server that sets an event when it is ready."""

    def __init__(self, app: Any):
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # do not change the logging of the learner's process
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _listen() -> socket.socket:
    # the protocol is explicit because asyncio sets TCP_NODELAY only on sockets of this protocol:
    # without TCP_NODELAY each response takes 40 ms
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening
