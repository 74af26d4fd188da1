"""Processes that this one starts."""

import functools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable


def end_with_parent() -> None:
    """Let this process, which another one started, end when that one ends, killed ones included.

    Else it would wait for work or for a reader that no longer exists.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def is_of_joblib() -> bool:
    """Return whether joblib has started this process, to run jobs of a sweep."""
    return multiprocessing.current_process().name.startswith("Loky")


@functools.cache
def watch_parent(ended: Callable[[], None]) -> Callable[[], bool]:
    """Call a function, in a thread, when the process that started this one has ended.

    Returns:
        What tells whether it has.
    """
    parent = os.getppid()

    def has_ended() -> bool:
        return os.getppid() != parent

    def wait() -> None:
        while not has_ended():
            time.sleep(1)
        ended()

    threading.Thread(target=wait, daemon=True).start()
    return has_ended
