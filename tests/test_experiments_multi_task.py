"""Several tasks on one encoder, run as a user runs it, at the smallest scale."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(pretrained_folder: Callable[[], Path], run_experiment: Run) -> Path:
    folder = pretrained_folder()
    options = ("hydra.mode=RUN", "model=charbert", "tracking=off")
    together = ("multi_task=sequence_labeling", "multi_task.sampling=temperature")
    run_experiment("table2_robustness.py", folder, *options, "task=ner")
    run_experiment("multi_task.py", folder, *options, *together)
    return folder


def test_charbert_learns_two_tasks_at_once_and_stands_beside_itself_alone(folder: Path) -> None:
    records = {path.parent.name: json.loads(path.read_text()) for path in folder.rglob("record.json")}
    kinds = sorted(record["kind"] for record in records.values())
    assert kinds == ["finetune", "multi_task", "pretrain", "shared_task", "shared_task", "trunk"]  # one encoder for all
    rows = list(csv.DictReader((folder / "results/tables/multi_task.csv").open()))
    drawn = {(row["model"], row["column"]) for row in rows if row["mean"]}
    assert {
        ("CharBERT alone", "NER F1 attack"),
        ("CharBERT together, temperature 2, one length", "POS accuracy original"),
    } <= drawn
    assert ("CharBERT alone", "POS accuracy original") not in drawn


def test_one_task_is_not_several(tmp_path: Path, run_experiment: Run) -> None:
    done = run_experiment("multi_task.py", tmp_path, "hydra.mode=RUN", "multi_task=none", "tracking=off", expect=2)
    assert "multi_task.tasks must hold two tasks or more, got []" in done.stderr
    assert not list(tmp_path.rglob("record.json"))
