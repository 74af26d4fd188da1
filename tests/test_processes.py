"""Processes that others start end with them, however these end."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
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
from tests.test_processes import count_slowly
from charbert.data.pretraining import workers
from charbert.data.pretraining.counting import count_texts
from charbert.runs.errors import interruptible

@interruptible
def main():
    workers.PIECES_ALONE = 0
    count_texts([["text"]] * 1000, partial(count_slowly, sys.argv[1]), 2, what="words")

if __name__ == "__main__":
    main()
"""
SWEEP = """
import sys
import hydra
from charbert.runs.errors import reported
from tests.test_processes import announce

@hydra.main(version_base="1.3", config_path=CONF, config_name="finetune")
@reported
def main(cfg):
    announce(cfg.paths.results)

if __name__ == "__main__":
    folders = [f"paths.results={sys.argv[1]}", f"paths.outputs={sys.argv[1]}.outputs"]
    sweep = ["-m", "recipe=smoke", "seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    sys.argv[1:] = [*sweep, *folders]
    main()
""".replace("CONF", repr(str(ROOT / "conf")))


def announce(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(120)


def wait_in_child(folder: str) -> None:
    announce(folder)


def count_slowly(folder: str, texts: Iterable[str]) -> Counter[str]:
    Path(folder, str(os.getpid())).touch()
    time.sleep(0.5)
    return Counter(texts)


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
@pytest.mark.parametrize(
    ("script", "children", "number"),
    [
        (MEASURES, 1, signal.SIGKILL),
        (COUNTS, 2, signal.SIGKILL),
        (COUNTS, 2, signal.SIGINT),
        pytest.param(SWEEP, 2, signal.SIGTERM, marks=pytest.mark.slow),
    ],
    ids=["bench", "count", "Ctrl-C", "sweep"],
)
def test_what_a_killed_process_started_ends(script: str, children: int, number: int, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(script)
    announced = tmp_path / "processes"
    announced.mkdir()
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", announced],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(list(announced.iterdir())) < children:
        assert parent.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    numbers = [int(path.name) for path in announced.iterdir()]
    assert all(map(is_alive, numbers))
    if number == signal.SIGINT:
        os.killpg(parent.pid, number)  # as a terminal does
        (line,) = parent.communicate(timeout=60)[1].splitlines()
        assert (parent.returncode, line.partition(":")[0]) == (130, "interrupted")
    else:
        parent.send_signal(number)
        parent.wait()
    deadline = time.monotonic() + 20
    while any(map(is_alive, numbers)):
        assert time.monotonic() < deadline, f"{numbers} outlive the process that started them"
        time.sleep(0.05)
