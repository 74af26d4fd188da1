"""Clients that connect and then do not do what clients do, on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from charbert.config.serving import ServeSettings
from charbert.deploy.serving.run import build_server
from charbert.errors import SettingsError

LENGTH = 64_000_000
"""More than the buffers of two sockets."""


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer /long with a long body and all else with a short one."""
    await receive()
    body = b"x" * (LENGTH if scope["path"] == "/long" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(**settings: Any) -> Iterator[tuple[int, Any]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = build_server(answer, ServeSettings(**settings))
        server.config.lifespan = "off"
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1], server
        finally:
            server.should_exit = server.force_exit = True
            thread.join(30)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"POST /predict HT", REQUEST[:-2]])
def test_who_sends_no_whole_request_is_sent_away(sent: bytes) -> None:
    with served(body_seconds=0.3) as (port, _), connect(port) as client:
        client.sendall(sent)
        assert is_closed(client)


def test_who_sends_a_head_byte_by_byte_is_sent_away_too() -> None:
    with served(body_seconds=0.5) as (port, _), connect(port) as client:
        begun = time.monotonic()
        with pytest.raises(OSError):
            for byte in b"GET / HTTP/1.1\r\nx: " + b"y" * 1000:
                client.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - begun < 10


def test_who_does_not_read_the_answer_is_sent_away() -> None:
    with served(body_seconds=0.2, timeout_seconds=0.2) as (port, server), connect(port) as client:
        client.sendall(REQUEST.replace(b"/ ", b"/long "))
        end = time.monotonic() + 20
        while server.server_state.connections or not server.server_state.total_requests:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_connection_serves_many_requests_and_those_sent_ahead() -> None:
    with served(body_seconds=5) as (port, _), connect(port) as client:
        for sent in (1, 1, 3):
            client.sendall(REQUEST * sent)
            received = b""
            while received.count(b"\r\n\r\nxx") < sent and (part := client.recv(1000)):
                received += part
            assert received.count(b"HTTP/1.1 200") == received.count(b"\r\n\r\nxx") == sent


def test_more_connections_than_allowed_are_closed_and_the_others_served() -> None:
    with served(max_connections=2) as (port, _):
        with connect(port) as first, connect(port) as second:
            for client in (first, second):
                client.sendall(REQUEST)
                assert client.recv(1000).startswith(b"HTTP/1.1 200")
            with connect(port) as third:
                assert is_closed(third)
        with connect(port) as fourth:
            time.sleep(0.1)
            fourth.sendall(REQUEST)
            assert fourth.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_service_without_connections_is_refused() -> None:
    with pytest.raises(SettingsError, match="max_connections must be at least 1"):
        ServeSettings(max_connections=0)
