"""Processes that this one starts."""

import multiprocessing
import os
import threading


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
