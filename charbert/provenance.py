"""Provenance of a result: code version, packages, machine and data checksums.

The packages are not imported. Results contain no absolute path, so that records can be compared across machines.
"""

import functools
import hashlib
import math
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from charbert.errors import DataError

PACKAGES = (
    "charbert",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "accelerate",
    "numpy",
    "scikit-learn",
)

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of CPU time in each period, and the period, of a container."""


def package_versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return ``{"python": ..., package: version}``; packages that are not installed are left out."""
    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_state(source: Path | None = None) -> tuple[str | None, bool | None]:
    """Return (commit, whether tracked files differ from it) of the checkout that tracks ``source``.

    (None, None) outside a checkout, without git, or when the file is inside another repository that does not track it,
    like an installed package.

    Args:
        source: any file of the code; None: this package.
    """
    source = Path(source or __file__).resolve()
    if _git(source.parent, "ls-files", "--error-unmatch", "--", source.name) is None:
        return None, None
    commit = _git(source.parent, "rev-parse", "HEAD")
    changes = _git(source.parent, "status", "--porcelain", "--untracked-files=no")
    return commit, None if changes is None else bool(changes)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def describe_hardware(accelerator: str | None = None) -> dict[str, str | int | None]:
    """Return the processor's model, the cores this process may use, and the accelerator's name.

    Args:
        accelerator: the training device, for example ``torch.cuda.get_device_name()``; None: the CPU.
    """
    return {"cpu": _cpu_model(), "cores": usable_cores(), "accelerator": accelerator}


def usable_cores() -> int:
    """Return the number of cores that this process may use, by its affinity and by the limit of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = map(int, _CPU_LIMIT.read_text(encoding="ascii").split())
    except (OSError, ValueError):  # not Linux, or "max": no limit
        return cores
    return max(1, min(cores, math.ceil(quota / period)))


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def file_checksum(path: Path | str) -> str:
    """Return the SHA-256 of a file in hex; read once per process unless its size or time stamp changes.

    Raises:
        DataError: if the file cannot be read.
    """
    try:
        stat = Path(path).stat()
        return _checksum(os.path.abspath(path), stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise DataError.at(
            path, None, expected="a readable file to take the checksum of", found=error.strerror or str(error)
        ) from error


@functools.lru_cache(maxsize=4096)
def _checksum(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
