"""Limits the number of connections, of one client and of all, and the time that each may wait."""

import asyncio
import ipaddress
import json
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from charbert.config.serving import ServeSettings
from charbert.deploy.serving.limits import SECURITY_HEADERS

_HEAD, _ANSWER, _READING = "head", "answer", "reading"


def bounded_connections(settings: ServeSettings) -> type[H11Protocol]:
    """Return uvicorn's protocol with a time limit on each wait and a limit on the number of connections.

    A client has ``body_seconds`` to send the head of a request and the same time for its body; the answer is ready
    within ``timeout_seconds``, and the client has ``body_seconds`` to read it. Connections that take longer are closed,
    and so are those above ``max_connections`` and, from one address that is no trusted proxy, those above
    ``max_connections_per_client``.
    """
    proxies = [ipaddress.ip_network(proxy) for proxy in settings.trusted_proxies]
    open_from: Counter[str] = Counter()
    waits = {
        _HEAD: settings.body_seconds,
        _ANSWER: 2 * settings.body_seconds + settings.timeout_seconds,
        _READING: settings.body_seconds,  # uvicorn closes idle connections too, but only after the answer was read
    }

    class BoundedConnection(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _waits_for = ""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            address = self._address()
            open_from[address] += 1
            is_proxy = bool(address) and any(ipaddress.ip_address(address) in proxy for proxy in proxies)
            too_many = not is_proxy and open_from[address] > settings.max_connections_per_client
            if too_many or len(self.connections) > settings.max_connections:
                transport.abort()
            else:
                self._wait_for(_HEAD)

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_for("")
            open_from[self._address()] -= 1
            if not open_from[self._address()]:
                del open_from[self._address()]
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            """Refuse what is no HTTP as all else is refused: with a reason in JSON and the security headers."""
            body = json.dumps({"reason": msg.rstrip(".").lower()}).encode()
            headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
            events = [
                h11.Response(
                    status_code=400, headers=list((headers | SECURITY_HEADERS).items()), reason=b"Bad Request"
                ),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ]
            try:
                for event in events:
                    self.transport.write(self.conn.send(event))
            finally:  # amid another answer no second one can be sent
                self.transport.close()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait_for(_ANSWER if self._is_answering() else _HEAD)

        def on_response_complete(self) -> None:
            self._wait_for(_READING)
            super().on_response_complete()
            if self._is_answering():  # the next request is already here
                self._wait_for(_ANSWER)

        def _address(self) -> str:
            return self.client[0] if self.client else ""

        def _is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for(self, what: str) -> None:
            """Start the timer of a wait, unless it is running; cancel the previous one."""
            if what == self._waits_for:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._waits_for = what
            self._timer = self.loop.call_later(waits[what], self.transport.abort) if what else None

    return BoundedConnection
