"""The one thread in which models run, and the time a request has in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

Check = Callable[[], None]


class OutOfTimeError(Exception):
    """A request's time is up."""


class Worker:
    """Runs one piece of work after the other; tokenizers and models are not made for several threads at once.

    Work that waited until its time was up is not begun, and work that is running gives up at its next check.

    Args:
        seconds: that a piece of work has, waiting included.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def run(self, work: Callable[[Check], T]) -> T:
        """Return what the work returns; it is handed a function to call now and then.

        Raises:
            OutOfTimeError: if the time is up first.
        """
        end = time.monotonic() + self.seconds

        def check() -> None:
            if time.monotonic() > end:
                raise OutOfTimeError

        def timed() -> T:
            check()
            return work(check)

        future = asyncio.get_running_loop().run_in_executor(self._thread, timed)
        try:
            return await asyncio.wait_for(future, self.seconds)
        except TimeoutError:
            raise OutOfTimeError from None

    def close(self) -> None:
        """Drop what has not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)
