"""Warnings of more training threads than cores: of one training, or of several that share cores."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from charbert.provenance import usable_cores

log = logging.getLogger(__name__)


def training_threads() -> int:
    """Return the PyTorch threads of this training, those of its other processes on this machine included."""
    return torch.get_num_threads() * int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


@contextmanager
def watched_cores() -> Iterator[None]:
    """Warn of more threads than cores, and let trainings that start during the body find this one.

    They find it by a locked file in the folder of temporary files, named by process, threads and cores. The lock ends
    with the process, however it ends. On an accelerator nothing is done, and of several processes the first does it.
    """
    with ExitStack() as stack:
        if not torch.accelerator.is_available() and os.environ.get("LOCAL_RANK", "0") == "0":
            cores = _cores()
            others: dict[int, int] = {}
            try:
                folder = _folder()
                others = _others(folder, cores)
                path = folder / f"{os.getpid()}-{training_threads()}-{cores:x}.lock"
                stack.callback(path.unlink, missing_ok=True)
                stack.enter_context(FileLock(path).acquire(timeout=0))
            except (OSError, Timeout) as error:  # nothing to stop a training for
                log.debug("other trainings cannot be seen: %s", error)
            _warn(training_threads(), usable_cores(), others)
        yield


def _warn(threads: int, cores: int, others: dict[int, int]) -> None:
    if threads > cores:
        log.warning(
            "%d threads train on %d cores, which is slower than one for each core: set OMP_NUM_THREADS=%d",
            *(threads, cores, cores),
        )
    elif threads + sum(others.values()) > cores:
        share = cores // (len(others) + 1)
        log.warning(
            "other trainings (process %s) use %d threads on the same %d cores, and this one uses %d, which slows all "
            "of them down: run them one after the other%s",
            *(", ".join(map(str, others)), sum(others.values()), cores, threads),
            f", or set OMP_NUM_THREADS={share} for each" if share else "",
        )


def _others(folder: Path, cores: int) -> dict[int, int]:
    """Return process number and threads of the trainings that share cores with this one; drop what killed ones left."""
    others = {}
    for path in sorted(folder.glob("*-*-*.lock")):
        number, threads, mask = path.stem.split("-")
        if int(number) == os.getpid() or not int(mask, 16) & cores:
            continue
        try:
            with FileLock(path).acquire(timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            others[int(number)] = int(threads)
    return others


def _cores() -> int:
    """Return the cores that this process may use, each a bit."""
    if hasattr(os, "sched_getaffinity"):
        return sum(1 << core for core in os.sched_getaffinity(0))
    return (1 << usable_cores()) - 1


def _folder() -> Path:
    """Return the user's folder of these files.

    Raises:
        OSError: if it cannot be made, or is another user's.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"charbert-trainings-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != user):
        raise PermissionError(f"{folder} is not this user's")
    return folder
