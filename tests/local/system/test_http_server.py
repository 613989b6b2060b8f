"""The server listens on this machine only, and frees its port."""

from __future__ import annotations

import socket
from urllib.parse import urlparse

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lakelab.local.system.http_server import LoopbackServer


@pytest.fixture
def app() -> Starlette:
    return Starlette(routes=[Route("/", lambda request: PlainTextResponse("hello"))])


def test_it_serves_until_it_is_stopped(app):
    server = LoopbackServer("test server")
    server.start(app)
    try:
        assert urlparse(server.url).hostname == "127.0.0.1"
        assert requests.get(server.url, timeout=10).text == "hello"
    finally:
        server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)


def test_the_port_is_taken_before_the_start():
    server = LoopbackServer("test server")
    try:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", urlparse(server.url).port))
    finally:
        server.stop()
