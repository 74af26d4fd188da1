"""Processes that others start end with them, however these end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MEASURES = """
import sys
from tests.test_processes import wait_in_child
from charbert.benchmarks.timing import peak_megabytes
if __name__ == "__main__":
    peak_megabytes(wait_in_child, sys.argv[1])
"""
COUNTS = """
import sys
from functools import partial
from tests.test_processes import count_forever, Texts
from charbert.data.pretraining.counting import count_parts
if __name__ == "__main__":
    count_parts(Texts(), partial(count_forever, sys.argv[1]), 2)
"""


class Texts:
    """Texts without any."""

    def part(self, index: int, count: int) -> Iterator[str]:
        return iter(())


def announce(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(120)


def wait_in_child(folder: str) -> None:
    announce(folder)


def count_forever(folder: str, texts: Iterator[str]) -> None:
    announce(folder)


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
@pytest.mark.parametrize(("script", "children"), [(MEASURES, 1), (COUNTS, 2)], ids=["bench", "count"])
def test_what_a_killed_process_started_ends(script: str, children: int, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(script)
    announced = tmp_path / "processes"
    announced.mkdir()
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", announced], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 120
    while len(list(announced.iterdir())) < children:
        assert parent.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    numbers = [int(path.name) for path in announced.iterdir()]
    assert all(map(is_alive, numbers))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(map(is_alive, numbers)):
        assert time.monotonic() < deadline, f"{numbers} outlive the process that started them"
        time.sleep(0.05)
