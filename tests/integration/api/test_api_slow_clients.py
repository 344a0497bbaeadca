"""Clients that hold connections open, over real sockets."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from feedback_api.application import create_app
from feedback_api.listening import listen
from feedback_api.main import MOST_CONNECTIONS, server_settings
from tests.integration.api.application import Api

_BODY_SECONDS = 0.5
_DEADLINE = 15.0
_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
Address = tuple[str, int]


@contextmanager
def _served(app: FastAPI) -> Iterator[Address]:
    with listen("127.0.0.1", 0) as opened:
        server = uvicorn.Server(server_settings(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        yield opened.getsockname()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def address(sqlite_engine: Engine) -> Iterator[Address]:
    """Where the application listens; it waits half a second for a body."""
    with _served(create_app(Api(sqlite_engine).services, body_seconds=_BODY_SECONDS)) as served:
        yield served


def _asked(address: Address, head: str, body: bytes = b"") -> socket.socket:
    client = socket.create_connection(address, timeout=_DEADLINE)
    client.sendall(f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode() + body)
    return client


def _answer(client: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    read = b""
    while part := client.recv(65_536):
        read += part
    return read


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_slow_body_is_408_and_its_connection_closes(address: Address, length: str) -> None:
    """Many clients that never end their bodies are all answered and cut off."""
    head = f"POST /login HTTP/1.1\r\n{_FORM}{length}"
    with ExitStack() as stack:
        begun = time.monotonic()
        clients = [stack.enter_context(closing(_asked(address, head))) for _ in range(50)]
        for client in clients:
            answer = _answer(client)
            assert answer.startswith(b"HTTP/1.1 408 ")
            told = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert told["type"] == "urn:floodline:problem:body-too-slow"
        assert time.monotonic() - begun < _DEADLINE


def test_an_answer_before_the_body_closes_the_connection(address: Address) -> None:
    """Where nothing reads the body, its sender cannot keep the connection either."""
    with closing(_asked(address, "POST /nothing HTTP/1.1\r\nContent-Length: 1000", b"x")) as client:
        answer = _answer(client)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"connection: close" in answer.lower()


def test_a_body_in_time_keeps_the_connection(address: Address) -> None:
    """Two requests go over one connection, the second one after the time for the first's body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null"}
    with closing(HTTPConnection(*address, timeout=_DEADLINE)) as client:
        client.connect()
        opened = client.sock
        for _ in range(2):
            client.request("POST", "/login", b"key=x", headers)
            answer = client.getresponse()
            answer.read()
            assert answer.status == 403
            time.sleep(_BODY_SECONDS * 1.2)
        assert client.sock is opened


def test_more_connections_than_the_most_are_503(address: Address) -> None:
    """Connections are bounded; when idle ones go, requests are answered again."""
    head = "GET /healthz HTTP/1.1\r\nConnection: close"
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            stack.enter_context(closing(socket.create_connection(address, timeout=_DEADLINE)))
        with closing(_asked(address, head)) as client:
            assert _answer(client).startswith(b"HTTP/1.1 503 ")
    until = time.monotonic() + _DEADLINE
    while time.monotonic() < until:
        with closing(_asked(address, head)) as client:
            if _answer(client).startswith(b"HTTP/1.1 200 "):
                return
    pytest.fail("idle connections went, but requests are still refused")
