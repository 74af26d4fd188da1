"""Run an experiment's script in a new process that need not import: it is forked from one that has.

Such a process has its own memory, signals, files and end, as one that a shell starts. It saves the seconds that torch
and transformers take to be imported, most of the time of a small run.
"""

import atexit
import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preloaded"])


class NewProcess:
    """A script at work, at the head of a process group; the methods are those of ``subprocess.Popen``."""

    def __init__(self, command: Sequence[str], out: Path, err: Path | None = None, **environment: str) -> None:
        """Start ``script arguments`` from the root; output is appended to ``out``, errors to ``err`` if given."""
        started = (list(command), os.environ | environment, out, err or out)
        with contextlib.chdir(ROOT):  # from which the server imports when the first process is started
            self._process = _FORKS.Process(target=_run, args=started)
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, minus a signal's number if that ended the process; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when the process has ended.

        Raises:
            TimeoutError: if it still runs after ``timeout`` seconds.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self._process.exitcode

    def kill_group(self) -> None:
        """Kill it and the processes that it started, and wait until it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def run_new(command: Sequence[str], timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Return the exit status and the output of a script that was run to its end."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        status = NewProcess(command, out, err).wait(timeout)
        return subprocess.CompletedProcess(list(command), status, out.read_text(), err.read_text())


def seconds_of_ended() -> float:
    """Return the processor time of all that has ended, which is no child of this process; 0 where there is no /proc."""
    stat = Path(f"/proc/{forkserver._forkserver._forkserver_pid}/stat")  # type: ignore[attr-defined]
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[13:15]  # cutime and cstime in proc(5)
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _run(command: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    assert "tests.preloaded" in sys.modules, "the server failed to import, which multiprocessing does not report"
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv, sys.orig_argv = command, [sys.executable, *command]
    try:
        runpy.run_path(command[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out
