"""Experiments, as processes of their own, that get Ctrl-C, SIGTERM or SIGHUP: one line tells how to go on."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.new_process import NewProcess

SMOKE = ("recipe=smoke", "task=cola", "tracking=off")
COMMANDS = {
    "pretraining": (
        *("pretrain", "pretrain.py", "model=charbert", "pretraining.max_steps=400", "pretraining.num_workers=1"),
        "pretraining.checkpoints=100",
    ),
    "fine-tuning": ("finetune", "finetune.py", "model=bert", "finetuning.max_steps=400", "finetuning.evaluations=100"),
    "a sweep": (
        *("finetune", "table1_qa_classification.py", "model=bert", "seed=1,2", "finetuning.num_workers=2"),
        *("finetuning.max_steps=400", "finetuning.evaluations=100"),
    ),
}


def signaled(name: str, number: int, folder: Path) -> tuple[int, list[str], list[str]]:
    """Send the process group of an experiment a signal when it has a checkpoint, as a terminal and a cluster do.

    Returns:
        Exit status, the lines on standard error, and the command.
    """
    kind, script, *overrides = COMMANDS[name]
    folders = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
    command = [f"experiments/{script}", *SMOKE, *folders, *overrides]
    process = NewProcess(command, folder / "out", folder / "errors")
    deadline = time.monotonic() + 120
    while not list((folder / "outputs").glob(f"{kind}/*/checkpoints/checkpoint-*")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, number)
    return process.wait(timeout=60), (folder / "errors").read_text().splitlines(), command


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 143, "terminated")],
)
def test_an_experiment_says_in_one_line_where_it_was_and_how_to_continue(
    name: str, number: int, status: int, word: str, tmp_path: Path
) -> None:
    ended, lines, command = signaled(name, number, tmp_path)
    assert (ended, len(lines)) == (status, 1), lines
    said = re.fullmatch(rf"{word}: \S+ at step (\d+) of 400; the newest checkpoint is of step (\d+)\. (.*)", lines[0])
    assert said is not None, lines
    step, saved, rest = said.groups()
    assert rest == f"To continue: {sys.executable} {' '.join(command)}"
    assert int(saved) == int(step) if number != signal.SIGINT else int(saved) <= int(step)
    (folder,) = (tmp_path / "outputs").glob(f"{COMMANDS[name][0]}/*/checkpoints/checkpoint-{saved}")
    steps = json.loads((folder / "trainer_state.json").read_text())["global_step"]
    assert steps == int(saved)


@pytest.mark.slow
def test_a_terminated_training_continues_to_the_scores_of_an_uninterrupted_one(tmp_path: Path) -> None:
    (tmp_path / "stopped").mkdir()
    (tmp_path / "whole").mkdir()
    _, _, command = signaled("fine-tuning", signal.SIGTERM, tmp_path / "stopped")
    whole = [part.replace(str(tmp_path / "stopped"), str(tmp_path / "whole")) for part in command]
    metrics = []
    for arguments, folder in ((command, "stopped"), (whole, "whole")):
        assert NewProcess(arguments, tmp_path / folder / "out").wait(timeout=240) == 0
        (record,) = (tmp_path / folder / "results" / "records").glob("cola-*/record.json")
        metrics.append(json.loads(record.read_text())["metrics"])
    assert metrics[0] == metrics[1]
