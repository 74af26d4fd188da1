"""The comparison of strategies, run as a user runs it, at the smallest scale."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_strategies_stand_in_one_table_with_what_they_train(
    pretrained_folder: Callable[[], Path], run_experiment: Run
) -> None:
    folder = pretrained_folder()
    strategies = ("full", "frozen", "gradual", "layer_decay", "reinit", "lora")
    run_experiment("adaptation.py", folder, "tracking=off", "model=bert", f"strategy={','.join(strategies)}")
    rows = list(csv.DictReader((folder / "results/tables/adaptation_ner.csv").open()))
    trained = {row["model"]: float(row["mean"]) for row in rows if row["column"] == "trained (K)"}
    assert set(trained) == {f"BERT, {name}" for name in strategies}
    assert trained["BERT, frozen"] < trained["BERT, lora"] < trained["BERT, full"] == trained["BERT, gradual"]
    assert {row["column"] for row in rows if row["mean"]} >= {"minutes", "NER F1 original", "NER F1 attack"}


def test_a_strategy_that_contradicts_itself_ends_with_one_line(tmp_path: Path, run_experiment: Run) -> None:
    overrides = ("hydra.mode=RUN", "model=bert", "strategy=lora", "strategy.rates.layer_decay=0.9")
    done = run_experiment("adaptation.py", tmp_path, *overrides, expect=2)
    assert "error: strategy.rates.layer_decay=0.9" in done.stderr
    assert "Traceback" not in done.stderr
