"""Limits the number of connections, and the time that each may wait for a request or for its client to read."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from charbert.config.serving import ServeSettings

_HEAD, _ANSWER, _READING = "head", "answer", "reading"


def bounded_connections(settings: ServeSettings) -> type[H11Protocol]:
    """Return uvicorn's protocol with a time limit on each wait and a limit on the number of connections.

    A client has ``body_seconds`` to send the head of a request and the same time for its body; the answer is ready
    within ``timeout_seconds``, and the client has ``body_seconds`` to read it. Connections that take longer are closed,
    and so are those above ``max_connections``.
    """
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
            if len(self.connections) > settings.max_connections:
                transport.abort()
            else:
                self._wait_for(_HEAD)

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_for("")
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait_for(_ANSWER if self._is_answering() else _HEAD)

        def on_response_complete(self) -> None:
            self._wait_for(_READING)
            super().on_response_complete()
            if self._is_answering():  # the next request is already here
                self._wait_for(_ANSWER)

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
