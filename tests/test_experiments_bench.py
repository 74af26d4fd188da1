"""The benchmarks, run as a user runs them, at the smallest scale."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.reporting.tables.benchmarks import FIGURES, PEER_TIMES

pytestmark = pytest.mark.slow


def test_every_figure_with_a_target_is_measured(
    run_experiment: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run_experiment("bench.py", tmp_path, "tracking=off", "bench.peak_flops=1e12")
    record = json.loads((tmp_path / "results/bench/record.json").read_text())
    metrics = record["metrics"]
    assert {f"bench/{figure.name}" for figure in FIGURES} <= metrics.keys()
    assert all(value > 0 for value in metrics.values())
    assert 0 < metrics["bench/train_bf16_dropout/flop_utilisation"] < 1
    assert len(record["details"]["scaling"]["steps"]) > 5
    assert "| 32 | 2 | 2 | 32 |" in (tmp_path / "results/bench/scaling.md").read_text()
    table = (tmp_path / "results/bench/table.md").read_text()
    assert all(figure.text in table for figure in FIGURES)


def test_every_peer_is_timed_as_a_ratio_to_the_trunk(
    run_experiment: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run_experiment("bench.py", tmp_path, "tracking=off", "bench.peers=true")
    record = json.loads((tmp_path / "results/bench/peers/record.json").read_text())
    metrics, peers = record["metrics"], record["details"]["weights"].keys()
    assert {name for name, value in metrics.items() if value == 1} == {f"bench/{timed}/BERT" for timed in PEER_TIMES}
    assert {f"bench/text/{peer}" for peer in peers} <= metrics.keys() and min(metrics.values()) > 0
    positions = record["details"]["positions"]
    assert positions["CharacterBERT"] < positions["BERT"] < positions["CANINE-s"] <= positions["ByT5, encoder"]
    lines = (tmp_path / "results/bench/peers/table.md").read_text().splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == list(peers)
