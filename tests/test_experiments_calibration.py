"""Baselines, ensembles, judging and perplexity, run as a user runs them, at the smallest scale."""

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
    run_experiment("table2_robustness.py", folder, "model=majority,char_tfidf", "task=qnli", "tracking=offline")
    run_experiment("table2_robustness.py", folder, "model=bert", "task=qnli", "seed=1,2", "tracking=off")
    run_experiment("ensemble.py", folder, "model=bert", "task=qnli", "tracking=off")
    run_experiment("judge.py", folder, "task=qnli", "calibration.bins=5")
    perplexity = ("hydra.mode=MULTIRUN", "model=bert,charbert", "perplexity.words=60", "tracking=off")
    run_experiment("perplexity.py", folder, *perplexity)
    return folder


def rows(folder: Path, stem: str) -> dict[tuple[str, str], float]:
    lines = csv.DictReader((folder / f"results/tables/{stem}.csv").open())
    return {(line["model"], line["column"]): float(line["mean"]) for line in lines if line["mean"]}


def test_baselines_and_ensembles_are_rows_beside_models(folder: Path) -> None:
    labels = {label for label, column in rows(folder, "table2_robustness") if column == "QNLI acc. attack"}
    assert labels == {"BERT", "Majority", "char TF-IDF", "2 × BERT (mean of logits)"}
    calibrated = rows(folder, "calibration_qnli")
    assert {label for label, column in calibrated if column == "ECE attack"} == labels
    assert calibrated["Majority", "ROC-AUC original"] == 50.0


def test_a_baseline_reads_no_trunk_and_is_seen_in_wandb(folder: Path) -> None:
    record = json.loads(next((folder / "results/records").glob("qnli-majority-*/record.json")).read_text())
    assert record["kind"] == "baseline" and record["wandb_id"]
    assert list((folder / "outputs/wandb").glob("offline-run-*/files/media/table/errors/qnli/**/*.json"))


def test_encoders_stand_beside_ngrams(folder: Path) -> None:
    cells = rows(folder, "perplexity")
    assert {label for label, _ in cells} == {"BERT", "CharBERT", "3-grams"}
    assert ("CharBERT", "NLM accuracy, noised words") in cells
    assert ("BERT", "NLM accuracy, noised words") not in cells


def test_everything_is_redrawn_from_records_to_the_same_bytes(folder: Path, run_experiment: Run) -> None:
    paths = [folder / f"results/tables/{stem}.md" for stem in ("table2_robustness", "calibration_qnli", "perplexity")]
    before = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    run_experiment("tables.py", folder)
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize(
    ("script", "overrides", "message"),
    [
        ("ensemble.py", ("ensemble.seeds=[1]",), "an ensemble needs two members or more"),
        ("ensemble.py", ("ensemble.bags=2",), "ensemble.bags must be 3 or more"),
        ("perplexity.py", ("model=tfidf",), "model=TF-IDF is a baseline"),
        ("perplexity.py", ("model=charbert_unpretrained",), "is not pretrained"),
        ("judge.py", ("task=cola",), "expected finished runs of task=cola, got none"),
        ("fig5_sensitivity.py", ("model=majority", "hydra.mode=RUN"), "model=Majority is a baseline"),
    ],
)
def test_bad_input_ends_with_one_clear_message(
    folder: Path, run_experiment: Run, script: str, overrides: tuple[str, ...], message: str
) -> None:
    done = run_experiment(script, folder, "task=qnli", "tracking=off", *overrides, expect=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
