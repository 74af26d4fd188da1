"""Clients that connect and then do not do what clients do, on real sockets."""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from charbert.config.serving import ServeSettings
from charbert.deploy.serving.limits import SECURITY_HEADERS
from charbert.deploy.serving.run import build_server
from charbert.errors import SettingsError

LENGTH = 64_000_000
"""More than the buffers of two sockets."""


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer /long with a long body, /client with the client's address and all else with a short body."""
    await receive()
    body = b"x" * (LENGTH if scope["path"] == "/long" else 2)
    if scope["path"] == "/client":
        body = scope["client"][0].encode()
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


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def whole_answer(client: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    return b"".join(iter(lambda: client.recv(1000), b""))


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


OTHER_ADDRESS = pytest.mark.skipif(sys.platform != "linux", reason="only there is all of 127.0.0.0/8 this machine")


@OTHER_ADDRESS
def test_one_address_with_idle_connections_leaves_room_for_others() -> None:
    with served(max_connections_per_client=3, max_connections=8) as (port, _), ExitStack() as idle:
        kept = [idle.enter_context(connect(port)) for _ in range(3)]
        for _ in range(20):
            assert is_closed(idle.enter_context(connect(port)))
        with connect(port, "127.0.0.2") as other:
            other.sendall(REQUEST)
            assert other.recv(1000).startswith(b"HTTP/1.1 200")
        kept.pop().close()
        time.sleep(0.1)
        with connect(port) as again:
            again.sendall(REQUEST)
            assert again.recv(1000).startswith(b"HTTP/1.1 200")


@OTHER_ADDRESS
def test_a_trusted_proxy_may_have_all_connections() -> None:
    settings = {"max_connections_per_client": 1, "max_connections": 4, "trusted_proxies": ["127.0.0.2/31"]}
    with served(**settings) as (port, _), ExitStack() as opened:
        for _ in range(4):
            client = opened.enter_context(connect(port, "127.0.0.3"))
            client.sendall(REQUEST)
            assert client.recv(1000).startswith(b"HTTP/1.1 200")


FORWARDED = (
    b"GET /client HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-forwarded-for: 10.1.1.1, 203.0.113.9\r\n\r\n"
)


@pytest.mark.parametrize(
    ("proxies", "client"), [([], b"127.0.0.1"), (["10.0.0.0/8"], b"127.0.0.1"), (["127.0.0.1"], b"203.0.113.9")]
)
def test_only_a_trusted_proxy_may_name_the_client(
    proxies: list[str], client: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own setting does not count
    with served(trusted_proxies=proxies) as (port, _), connect(port) as connection:
        connection.sendall(FORWARDED)
        assert whole_answer(connection).endswith(b"\r\n\r\n" + client)


@pytest.mark.parametrize("proxy", ["proxy.example", "10.0.0.1/8", "*", ""])
def test_a_trusted_proxy_is_an_address(proxy: str) -> None:
    with pytest.raises(SettingsError, match="trusted_proxies takes IP addresses and networks"):
        ServeSettings(trusted_proxies=[proxy])


def test_what_is_no_http_is_refused_like_all_else() -> None:
    with served() as (port, _), connect(port) as client:
        client.sendall(b"\x16\x03\x01 what?\r\n\r\n")
        head, _, body = whole_answer(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request")
        assert json.loads(body) == {"reason": "invalid http request received"}
        headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_what_is_no_http_amid_an_answer_ends_the_connection() -> None:
    with served() as (port, server), connect(port) as client:
        client.sendall(REQUEST.replace(b"/ ", b"/long ") + b"\x16\x03\x01 what?\r\n\r\n")
        while client.recv(1 << 20):
            pass
        assert not server.server_state.connections


def test_a_service_without_connections_is_refused() -> None:
    with pytest.raises(SettingsError, match="max_connections must be at least 1"):
        ServeSettings(max_connections=0)
