"""Every experiment, run as a user runs it, at the smallest scale."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[1]
QUICKSTART = ("model=bert,charbert", "task=ner")
"""The part of Table 2 that `make quickstart` runs."""


@pytest.fixture(scope="module")
def table2(tmp_path_factory: pytest.TempPathFactory, run_experiment: Run) -> Path:
    folder = tmp_path_factory.mktemp("table2")
    run_experiment("table2_robustness.py", folder, *QUICKSTART, forked=True)
    return folder


@pytest.mark.slow
def test_the_quickstart_fills_and_draws_its_part_of_table_2(table2: Path) -> None:
    table = (table2 / "results/tables/table2_robustness.md").read_text()
    assert "| BERT |" in table
    assert "| CharBERT |" in table
    assert "not comparable" in table  # generated text stands beside no paper's numbers
    rows = list(csv.DictReader((table2 / "results/tables/table2_robustness.csv").open()))
    ours = [row for row in rows if row["mean"]]
    assert {row["model"] for row in ours} == {"BERT", "CharBERT"}
    assert (table2 / "results/figures/table2_robustness.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_record_says_what_was_run_and_what_came_out(table2: Path) -> None:
    paths = sorted((table2 / "results/records").glob("ner-charbert-s1-*/record.json"))
    assert len(paths) == 1
    record = json.loads(paths[0].read_text())
    assert {"eval/ner/f1", "attack/ner/charbert/f1"} <= record["metrics"].keys()
    assert record["training_tokens"] > 0
    assert record["wall_seconds"] > 0
    assert set(record["data_checksums"]) == {"ner/train.txt", "ner/dev.txt", "ner/test.txt"}
    assert record["versions"]["torch"]
    assert record["settings"]["model"]["name"] == "CharBERT"
    assert str(table2) not in paths[0].read_text()
    units = json.loads(paths[0].with_name("per_example.json").read_text())
    assert len(units["clean"]) == record["settings"]["newswire"]["test_sentences"]


@pytest.mark.slow
def test_a_second_call_reuses_the_runs_and_needs_no_torch(table2: Path, run_python: Run) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in (table2 / "results/records").rglob("record.json")}
    script = str(ROOT / "experiments/table2_robustness.py")
    folders = (f"paths.outputs={table2 / 'outputs'}", f"paths.results={table2 / 'results'}")
    code = f"import runpy, sys; sys.modules['torch'] = None; runpy.run_path({script!r}, run_name='__main__')"
    run_python("-c", code, "recipe=smoke", "tracking=off", *folders, *QUICKSTART)
    assert stamps == {p: p.stat().st_mtime_ns for p in (table2 / "results/records").rglob("record.json")}


@pytest.mark.slow
def test_tables_are_redrawn_from_records_alone(table2: Path, run_experiment: Run) -> None:
    path = table2 / "results/tables/table2_robustness.md"
    before = path.read_text()
    path.unlink()
    run_experiment("tables.py", table2)
    assert path.read_text() == before


@pytest.mark.slow
def test_a_run_is_seen_in_wandb_offline(table2: Path) -> None:
    runs = sorted((table2 / "outputs/wandb").glob("offline-run-*"))
    assert runs
    entries = []
    for folder in runs:
        file = next(folder.glob("*.wandb"))
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        entries += [json.loads(line) for line in out.splitlines()]
    keys = {key for line in entries if line["type"] == "history" for key in line["history"]["item"]}
    assert {"train/nlm_loss", "train/mlm_loss", "eval/f1"} <= keys


@pytest.mark.slow
def test_the_same_settings_give_the_same_record(table2: Path, tmp_path: Path, run_experiment: Run) -> None:
    run_experiment("table2_robustness.py", tmp_path, "hydra.mode=RUN", "model=charbert", "tracking=off")
    metrics = []
    for folder in (table2, tmp_path):
        path = next((folder / "results/records").glob("ner-charbert-s1-*/record.json"))
        metrics.append(json.loads(path.read_text())["metrics"])
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["recipe=minilm", "paths.data=nowhere"], "set paths.data=FOLDER"),
        (["trunk.vocab_size=20"], "trunk.vocab_size must hold"),
        (["attack.probability=2"], "attack.probability must be in [0, 1]"),
        (["finetuning.batch_size=0"], "finetuning.batch_size must be at least 1"),
    ],
)
def test_bad_input_ends_with_one_clear_message(
    tmp_path: Path, overrides: list[str], message: str, run_experiment: Run
) -> None:
    done = run_experiment("table2_robustness.py", tmp_path, "hydra.mode=RUN", "tracking=off", *overrides, expect=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("record.json"))
