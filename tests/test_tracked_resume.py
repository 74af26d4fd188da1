"""A training killed and started again, as W&B has it: one run, whose curve has each step once."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.new_process import NewProcess

pytestmark = pytest.mark.timeout(600)
STEPS, EVERY = 480, 1  # W&B writes blocks of 32 kB at once, and what it has every 15 seconds


def started(folder: Path) -> NewProcess:
    folders = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
    training = [f"finetuning.max_steps={STEPS}", f"finetuning.log_every={EVERY}", "finetuning.evaluations=24"]
    command = ["experiments/finetune.py", "recipe=smoke", "task=cola", "model=bert", *folders, *training]
    # an earlier test of this process may have started a W&B service, which would outlive the killed training
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("WANDB_SERVICE", raising=False)
        return NewProcess(command, folder / "log")


def kill_in_training(folder: Path, size: int) -> None:
    """Start, and kill every process when there is a checkpoint and W&B has written some bytes of a new piece."""
    before, process = pieces(folder), started(folder)
    try:
        while not (
            any((folder / "outputs/finetune").glob("*/checkpoints/checkpoint-*"))
            and any(written(piece) >= size for piece in pieces(folder) if piece not in before)
        ):
            assert process.poll() is None, (folder / "log").read_text()[-3000:]
            time.sleep(0.05)
        time.sleep(0.5)
    finally:
        process.kill_group()


def pieces(folder: Path) -> list[Path]:
    return sorted((folder / "outputs/wandb").glob("offline-run-*-cola-bert-s1-*"))


def written(piece: Path) -> int:
    return sum(file.stat().st_size for file in piece.glob("*.wandb"))


def wandb_records(piece: Path) -> list[dict[str, Any]]:
    """Return the records of a piece; on a busy machine W&B's own process may still be writing them."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(piece)]
    deadline = time.monotonic() + 60
    while (read := subprocess.run(command, capture_output=True, text=True)).returncode != 0:
        assert time.monotonic() < deadline, read.stderr[-3000:]
        time.sleep(1)
    return [json.loads(line) for line in read.stdout.splitlines()]


@pytest.mark.slow
def test_a_killed_training_is_one_run_whose_curve_has_each_step_once(tmp_path: Path) -> None:
    kill_in_training(tmp_path, 30_000)
    kill_in_training(tmp_path, 0)  # before W&B wrote anything
    assert started(tmp_path).wait(timeout=300) == 0, (tmp_path / "log").read_text()[-3000:]
    assert "W&B" not in (tmp_path / "log").read_text(), (tmp_path / "log").read_text()[-3000:]
    (piece,) = pieces(tmp_path)  # wandb sync would refuse torn ones, and the others with them
    replaced = list((tmp_path / "outputs/wandb/replaced").iterdir())
    assert len(replaced) == 2 and len({path.name.split("-", 3)[3] for path in [piece, *replaced]}) == 1  # one id
    entries = wandb_records(piece)
    assert entries[-1]["exit"]["exit_code"] == 0
    points = [entry["history"]["item"] for entry in entries if entry["type"] == "history"]
    steps = [point["step"] for point in points if "train/loss" in point]
    assert steps == list(range(EVERY, STEPS + 1, EVERY))
    assert sum("eval/matthews" in point for point in points) == 24
    summary: dict[str, Any] = {}
    for entry in entries:
        summary |= entry["summary"]["update"] if entry["type"] == "summary" else {}
    assert {"CoLA Matthews dev", "CoLA Matthews original", "CoLA Matthews attack", "dev/cola/matthews"} <= set(summary)
