"""Measurements under noise, run as a user runs them, at the smallest scale; all share the models of one folder."""

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
    few = ("tracking=off", "robustness.max_examples=10")
    run_experiment("robustness.py", folder, *few, "task=ner,qnli", "model=bert,majority")
    run_experiment("noise_curves.py", folder, *few, "task=qnli", "model=bert,majority", "curves.shares=[0,1]")
    run_experiment("transfer.py", folder, *few, "model=bert", "robust_training=none,adversarial")
    return folder


def headings(folder: Path, stem: str) -> dict[str, set[str]]:
    rows = list(csv.DictReader((folder / f"results/tables/{stem}.csv").open()))
    return {model: {row["column"] for row in rows if row["model"] == model and row["mean"]} for model in rows_of(rows)}


def rows_of(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(row["model"] for row in rows))


@pytest.mark.slow
def test_every_family_that_needs_no_file_is_a_column_of_every_model(folder: Path) -> None:
    families = {path.stem for path in (Path(__file__).parents[1] / "conf/attack").glob("*.yaml")}
    for stem, group in (("robustness_ner", "NER F1"), ("robustness_qnli", "QNLI acc.")):
        shown = headings(folder, stem)
        assert shown.keys() == {"BERT", "Majority"}
        names = ("attack", "two edits", "first letter", "keyboard", "OCR", "homoglyph", "invisible", "upper", "leet")
        assert {f"{group} {name}" for name in (*names, "mean drop")} | {"mean rank"} <= shown["BERT"] & shown[
            "Majority"
        ]
        assert f"{group} natural" not in shown["BERT"] and "natural" in families
        assert (folder / f"results/figures/{stem}.png").stat().st_size > 10_000


@pytest.mark.slow
def test_curves_and_training_noise_are_drawn_beside_the_families(folder: Path) -> None:
    assert headings(folder, "noise_curves_qnli").keys() == {"BERT", "Majority"}
    assert headings(folder, "transfer_ner").keys() == {"BERT: no noise", "BERT: fine-tuning, adversarial"}
    records = [
        json.loads(path.read_text()) for path in (folder / "results/records").glob("robustness-ner-bert-*/*d.json")
    ]
    assert len(records) == 2, "the model without noise was scored twice"
    for stem in ("noise_curves_qnli", "transfer_ner"):
        assert (folder / f"results/figures/{stem}.png").stat().st_size > 10_000
