"""Runs models in one thread, with a time limit for each request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

Check = Callable[[], None]


class OutOfTimeError(Exception):
    """The time limit of a request is over."""


class Worker:
    """Runs one task at a time, because tokenizers and models are not thread-safe.

    A task that waited longer than its time limit does not start; a running one stops at its next check.

    Args:
        seconds: time limit of a task, including waiting.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def run(self, work: Callable[[Check], T]) -> T:
        """Return the result of a task; its argument is a function to call between steps.

        Raises:
            OutOfTimeError: if the time limit is reached first.
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
        """Cancel the tasks that have not started."""
        self._thread.shutdown(wait=False, cancel_futures=True)
