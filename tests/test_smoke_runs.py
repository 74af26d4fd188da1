"""One run of each experiment that no other quick test runs, at the smallest scale."""

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SPACE = "+search.space={finetuning.optimizer.learning_rate:{low:1e-4,high:1e-2,log:true}}"
RUNS = {
    "adaptation.py": ("hydra.mode=RUN", "model=bert", "strategy=frozen"),
    "compress.py": ("hydra.mode=RUN", "model=bert", "compression.variants=[original,pruned]"),
    "finetune.py": ("task=squad2", "model=charbert"),
    "pretrain.py": ("model=adv_bert",),
    "search.py": ("task=cola", "model=bert", "search.trials=1", "search/space=none", SPACE),
    "table1_qa_classification.py": ("hydra.mode=RUN", "task=cola", "model=bert_wordrec"),
    "table3_sequence_labeling.py": ("hydra.mode=RUN", "task=pos", "model=charbert"),
    "table4_ablation.py": ("hydra.mode=RUN", "task=qnli", "model=charbert_no_nlm"),
    "worst_case.py": (
        *("hydra.mode=RUN", "task=cola", "model=bert_wordrec", "worst_case.max_examples=6", "worst_case.budget=4"),
    ),
}


@pytest.fixture(scope="module")
def folder(pretrained_folder: Callable[[], Path]) -> Path:
    return pretrained_folder()


@pytest.mark.parametrize("script", RUNS)
def test_an_experiment_leaves_records_with_finite_numbers(
    script: str, folder: Path, run_experiment: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = set(folder.rglob("record.json"))
    run_experiment(script, folder, *RUNS[script], "tracking=off")
    records = [json.loads(path.read_text()) for path in set(folder.rglob("record.json")) - before]
    assert Path(script).stem in {record["experiment"] for record in records}
    metrics = [value for record in records for value in record["metrics"].values()]
    assert metrics and all(map(math.isfinite, metrics))
