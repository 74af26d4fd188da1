"""Connections that end: none waits for ever for a request that does not come, or for a client who does not read."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from charbert.config.serving import ServeSettings

_HEAD, _ANSWER, _READING = "head", "answer", "reading"


def bounded_connections(settings: ServeSettings) -> type[H11Protocol]:
    """Return uvicorn's protocol with an end to each of its waits, and to how many connections there are.

    A client has ``body_seconds`` to send the head of a request, as long again for its body, and to take the answer,
    which is ready ``timeout_seconds`` later. Connections that do not keep to this are closed, as are those above
    ``max_connections``.
    """
    waits = {
        _HEAD: settings.body_seconds,
        _ANSWER: 2 * settings.body_seconds + settings.timeout_seconds,
        _READING: settings.body_seconds,  # uvicorn closes silent connections too, but once all is taken
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
            if self._is_answering():  # the next request had come already
                self._wait_for(_ANSWER)

        def _is_answering(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for(self, what: str) -> None:
            """Begin a wait, unless it has begun; end the one before."""
            if what == self._waits_for:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._waits_for = what
            self._timer = self.loop.call_later(waits[what], self.transport.abort) if what else None

    return BoundedConnection
