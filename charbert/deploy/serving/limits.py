"""Checks each request against the limits of the service before it is processed."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from charbert.config.serving import ServeSettings
from charbert.serialization import parse_strictly

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
READ_BODIES = ("/predict", "/noise")
"""Routes that use a request body. Bodies of other requests are dropped, within the same limits."""
_RETRY_AFTER = {"retry-after": "1"}


class RefusedError(Exception):
    """A request that is refused with a reason."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


@dataclass(eq=False)
class Limits:
    """The outermost layer: checks host, size, content type and load, and reads bodies with a time limit.

    A request counts as open from its last byte to its answer, so slow senders do not block other clients.
    """

    app: App
    """Handles the accepted requests."""
    settings: ServeSettings
    names: frozenset[str]
    """Allowed host names, in lower case."""
    _open: Counter[str] = field(default_factory=Counter, init=False)
    """Requests of each client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secured = _with_headers(send, SECURITY_HEADERS)
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            body = await self._read(headers, receive)  # first, since an answer does not stop a client that sends
            if body is None:
                return
            self._check_host(headers.get("host", ""))
            if scope["method"] != "POST" or scope["path"] not in READ_BODIES:
                await self.app(scope, _replay(b"", receive), secured)
                return
            _check_form(headers)
            _check_json(body)
            await self._answer(scope, _replay(body, receive), secured)
        except RefusedError as refused:
            await _send_reason(secured, refused)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = str((scope.get("client") or ("unknown",))[0])
        if self._open.total() >= self.settings.max_open:
            raise RefusedError(503, f"{self.settings.max_open} requests are open, try again later", _RETRY_AFTER)
        if self._open[client] >= self.settings.max_open_per_client:
            limit = self.settings.max_open_per_client
            raise RefusedError(429, f"{limit} requests of yours are open, wait for their answers", _RETRY_AFTER)
        self._open[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open[client] -= 1
            self._open += Counter()  # deletes clients without open requests

    def _check_host(self, host: str) -> None:
        name = host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host.lower()
        if name.strip("[]") not in self.names:
            raise RefusedError(421, "this service does not go by that name; --allowed-hosts adds one")

    async def _read(self, headers: dict[str, str], receive: Receive) -> bytes | None:
        """Return the body; None if the client disconnected.

        A body of up to twice the limit is read completely before it is refused, because clients that are still sending
        may not read the answer.
        """
        most, size = self.settings.max_body_bytes, 0
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length[:19]) > 2 * most:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                body = bytearray()
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part = message.get("body", b"")
                    size += len(part)
                    if size <= most:
                        body += part
                    goes_on = message.get("more_body", False)
                    if size > most and not (goes_on and size <= 2 * most):
                        raise self._too_large()
                    if not goes_on:
                        return bytes(body)
        except TimeoutError:
            raise RefusedError(408, f"the body took longer than {self.settings.body_seconds:g} s") from None

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is longer than {self.settings.max_body_bytes} bytes")


def _check_form(headers: dict[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, f"expected content-type: application/json, got {kind[:80] or 'none'}")


def _check_json(body: bytes) -> None:
    try:
        parse_strictly(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise RefusedError(422, "the body is no JSON: bytes that are not UTF-8") from None
    except ValueError as error:
        raise RefusedError(422, f"the body is no JSON: {error}") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that gives the body in one message, then the following messages."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            extra = [(n.encode(), v.encode()) for n, v in headers.items() if n.encode() not in given]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return send_with


async def _send_reason(send: Send, refused: RefusedError) -> None:
    body = json.dumps({"reason": refused.reason}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))} | refused.headers
    if refused.status in (408, 413):
        headers["connection"] = "close"  # the rest of the body is not read
    await send(
        {
            "type": "http.response.start",
            "status": refused.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
