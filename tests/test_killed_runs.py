"""Experiments killed at random moments: the same command goes on, and its records are those of a run never killed."""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.new_process import NewProcess

pytestmark = pytest.mark.timeout(900)  # seconds; whole pages, searches and runs
KILLS = 3
OF_THE_RUN = ("started", "finished", "wall_seconds", "hardware", "git_commit", "git_dirty")
"""Fields of a record that say when and where, not what came out."""
EXPERIMENTS = {
    "pretraining": ["pretrain.py", "model=charbert", "pretraining.max_steps=12", "pretraining.log_every=5"],
    "fine-tuning": [
        "finetune.py",
        "task=cola",
        "model=charbert",
        "finetuning.max_steps=20",
        "finetuning.evaluations=7",
    ],
    "a sweep": ["finetune.py", "hydra.mode=MULTIRUN", "task=cola", "model=bert", "seed=1,2"],
    "a search": ["search.py", "task=cola", "model=bert", "search.trials=3", "finetuning.evaluations=5"],
    "a table": ["table2_robustness.py", "hydra.mode=MULTIRUN", "task=ner", "model=bert", "seed=1,2"],
}


def started(command: list[str], folder: Path) -> NewProcess:
    script, *overrides = command
    folders = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}", "tracking=off"]
    folder.mkdir(exist_ok=True)
    return NewProcess([f"experiments/{script}", "recipe=smoke", *folders, *overrides], folder / "log")


def finished(command: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Run to the end, and return the records by folder."""
    assert started(command, folder).wait(timeout=600) == 0, (folder / "log").read_text()[-3000:]
    return {path.parent.name: json.loads(path.read_text()) for path in (folder / "results").rglob("record.json")}


def killed(command: list[str], folder: Path, draw: random.Random) -> bool:
    """Kill a run after a number of changes on disk; return whether it was still at work."""
    process = started(command, folder)
    changes, seen = draw.randint(3, 40), listing(folder)
    while changes and process.poll() is None:
        if (now := listing(folder)) != seen:
            seen, changes = now, changes - 1
        time.sleep(0.002)
    time.sleep(draw.uniform(0.0, 0.05))
    at_work = process.poll() is None
    if at_work:
        process.kill_group()
    return at_work


def listing(folder: Path) -> list[str]:
    """Return the names below a folder; what goes away while it is looked at is gone."""
    return [name for _, folders, files in os.walk(folder) for name in (*folders, *files)]


def what_came_out(record: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in record.items() if name not in OF_THE_RUN}
    if record["kind"] == "search":  # a trial that is done again has another number and takes other time
        of_the_run = ("trial", "seconds")
        trials = [{k: v for k, v in row.items() if k not in of_the_run} for row in record["details"]["trials"]]
        best = {k: v for k, v in record["details"]["best"].items() if k not in of_the_run}
        kept["details"] = record["details"] | {"trials": trials, "best": best}
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_killed_experiment_goes_on_and_ends_with_the_same_records(name: str, tmp_path: Path) -> None:
    command, draw, kills = EXPERIMENTS[name], random.Random(name), 0
    kept: dict[Path, bytes] = {}
    for _ in range(KILLS):
        kills += killed(command, tmp_path / "killed", draw)
        kept |= {path: path.read_bytes() for path in (tmp_path / "killed" / "results").rglob("record.json")}
    records = finished(command, tmp_path / "killed")
    assert kills > 0
    assert all(path.read_bytes() == before for path, before in kept.items())  # what was finished was not done again
    whole = finished(command, tmp_path / "whole")
    assert set(records) == set(whole) != set()
    for record in whole:
        resumed, uninterrupted = what_came_out(records[record]), what_came_out(whole[record])
        assert [field for field in resumed if resumed[field] != uninterrupted[field]] == [], record
    left = [path for path in (tmp_path / "killed" / "outputs").rglob("checkpoint-*")]
    assert left == []
