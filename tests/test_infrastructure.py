"""What the tests of this folder rest on: the rule of five seconds, and experiments that run in this process."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import cpu_time
from tests.in_process import run_script

BURN = "import time\nwhile time.process_time() < 0.3: pass"


class Item:
    """What the hook reads of a test."""

    def __init__(self, *marks: str) -> None:
        self.marks = marks
        self.user_properties: list[tuple[str, Any]] = []

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


def call(item: Item) -> object:
    """Run the hook around a call that takes some processor time and returns "done"."""
    hook = cpu_time.pytest_runtest_call(item)  # type: ignore[arg-type]
    next(hook)
    sum(range(1_000_000))
    with pytest.raises(StopIteration) as ended:
        hook.send("done")
    return ended.value.value


def test_a_long_test_fails_unless_it_is_marked_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(Item()) == "done"
    with monkeypatch.context() as patched:
        patched.setattr(cpu_time, "LIMIT", 0.0)
        with pytest.raises(pytest.fail.Exception, match=r"of processor time .*: make it cheaper or mark it slow"):
            call(Item())
        assert call(Item("slow")) == "done"


def test_a_process_that_an_earlier_test_left_fails_no_other_test(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter((0.0, 60.0))  # a process that used a minute before this test began is waited for in it
    item = Item()
    with monkeypatch.context() as patched:
        patched.setattr(cpu_time, "cpu_seconds", lambda: next(spent))
        assert call(item) == "done"
    assert item.user_properties[-1][1] == 60.0


def test_a_limit_grows_with_the_slowness_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(cpu_time, "LIMIT", 0.001)
        patched.setattr(cpu_time, "REFERENCE_SECONDS", 1e-6)
        assert call(Item()) == "done"


def test_the_time_of_processes_that_a_test_started_counts_and_waiting_does_not() -> None:
    before = cpu_time.cpu_seconds()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    used = cpu_time.cpu_seconds() - before
    subprocess.run(["sleep", "0.5"], check=True)
    assert used > 0.25
    assert cpu_time.cpu_seconds() - before - used < 0.25


def test_an_in_process_run_leaves_the_process_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import logging, os, sys\n"
        "logging.getLogger().handlers[:] = []\nlogging.getLogger().setLevel(5)\n"
        "os.environ['LEFT'] = 'yes'\nos.chdir('/')\nprint(__name__, sys.argv[1:])\nsys.exit(3)\n"
    )
    root, folder = logging.getLogger(), Path.cwd()
    handlers, level = root.handlers[:], root.level
    done = run_script(script, "a", "b", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, "__main__ ['a', 'b']\n", "")
    assert (root.handlers, root.level, Path.cwd()) == (handlers, level, folder)
    assert "LEFT" not in os.environ and capsys.readouterr().out == ""
