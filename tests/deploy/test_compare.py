import json
import re
import shutil
from pathlib import Path

import pytest

from charbert.deploy.command import main

RECORDS = Path("results/minilm/records")


def named(pattern: str, folder: Path = RECORDS) -> Path:
    (found,) = [path for path in folder.glob(f"{pattern}-*") if re.fullmatch(rf"{pattern}-[0-9a-f]{{12}}", path.name)]
    return found


def compared(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, list[str]]:
    assert main(["compare", *map(str, arguments)]) == 0
    _, lines = capsys.readouterr().out.split("\nscore in percent")
    return {cells[0]: cells[1:] for line in lines.splitlines()[1:] if (cells := re.split(r"  +", line))}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main(["compare", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_models_of_two_recipes_are_compared_on_the_same_examples(capsys: pytest.CaptureFixture[str]) -> None:
    first = named("qnli-bert-context-repair-s1")
    second = named("qnli-charbert-trunk-as-teacher-context-repair-token-head-s1", Path("results/minilm_2m/records"))
    lines = compared(capsys, first, "--with", second)
    metric = "attack/qnli/released/accuracy"
    scores = [json.loads((record / "record.json").read_text())["metrics"][metric] for record in (first, second)]
    own, other, difference, interval, p_value, articles = lines[metric]
    assert [own, other] == [f"{100 * score:.2f}" for score in scores]
    assert difference == f"{100 * (scores[1] - scores[0]):+.2f}"
    low, high = map(float, interval.split(" to "))
    assert low < float(difference) < high and 0 < float(p_value) <= 1
    assert articles == "48"


def test_over_seeds_the_scores_are_means_and_a_run_beside_itself_differs_in_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [named(f"ner-charbert-minilm-context-repair-token-head-s{seed}") for seed in (1, 2, 3)]
    metric = "eval/ner/f1"
    (cells,) = compared(capsys, *runs, "--with", *reversed(runs), "--metric", metric).values()
    mean = sum(json.loads((run / "record.json").read_text())["metrics"][metric] for run in runs) / 3
    assert cells[:5] == [f"{100 * mean:.2f}"] * 2 + ["+0.00", "+0.00 to +0.00", "1.0000"]


def test_a_score_of_one_entity_type_is_not_tested_by_the_counts_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    run = named("ner-charbert-minilm-context-repair-token-head-s1")
    assert "eval/ner/LOC/f1" in json.loads((run / "record.json").read_text())["metrics"]
    assert list(compared(capsys, run, "--with", run)) == [
        "eval/ner/f1", "attack/ner/charbert/f1", "attack/ner/released/f1",
    ]  # fmt: skip


def test_settings_of_finetuning_that_differ_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = RECORDS / "ner-bert-s1-b447034aa7d7", RECORDS / "ner-charbert-s1-09d650dbc6f8"
    assert main(["compare", str(first), "--with", str(second)]) == 0
    heading, _ = capsys.readouterr().out.split("\n\n")
    assert heading.splitlines()[3:] == ["finetuning.epochs: 4.0 and 2.0"]


def test_records_of_single_folds_are_left_out_beside_that_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    every = sorted(RECORDS.glob("qnli-bert-context-repair-s1-*"))
    assert len(every) == 6
    metric = "eval/qnli/accuracy"
    whole = named("qnli-bert-context-repair-s1")
    (cells,) = compared(capsys, *every, "--with", whole, "--metric", metric).values()
    assert cells[2] == "+0.00"


def test_records_that_cannot_be_compared_are_refused_and_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    qnli, ner = named("qnli-bert-context-repair-s1"), named("ner-bert-context-repair-s1")
    assert "records of one task, got ner and qnli" in refused(capsys, qnli, "--with", ner)
    assert "one of eval/qnli/accuracy" in refused(capsys, qnli, "--with", qnli, "--metric", "eval/qnli/f2")
    again = tmp_path / "again"
    shutil.copytree(ner, again)
    assert "two of seed 1" in refused(capsys, ner, again, "--with", ner)
    (again / "per_example.json").unlink()
    assert "per_example.json" in refused(capsys, ner, "--with", again)
    other = named("ner-charbert-minilm-context-repair-token-head-s2")
    assert "one model on each side" in refused(capsys, ner, other, "--with", ner)
    assert "expected a result record" in refused(capsys, tmp_path, "--with", ner)
