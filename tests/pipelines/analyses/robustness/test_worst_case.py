"""A fine-tuned model of each kind of task on the edits that hurt it most; an interrupted search goes on."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.analyses import catalog
from charbert.pipelines.analyses.robustness import worst_case
from charbert.pipelines.train import finetune
from charbert.runs.analysis_keys import worst_case_run
from charbert.runs.run import finetuning_run
from charbert.tasks.catalog import build_task

Benchmarks = Callable[..., Settings]
SETS = ["clean", "random_1", "worst_1", "random_2", "worst_2"]
LEARN = ("finetuning.max_steps=60", "finetuning.optimizer.learning_rate=1e-2", "finetuning.batch_size=8")
SEARCH = ("worst_case.budget=8", "worst_case.beam=2", "worst_case.max_examples=5")
TASKS = {
    "ner": ("task=ner", "~data.sets.ner.attacked.released"),
    "rte": ("task=rte",),
    "squad1": ("task=squad1", *(f"data.sets.squad1.{split}=squad/one.json" for split in ("train", "dev", "test"))),
}


def found_lines(settings: Settings) -> list[dict[str, Any]]:
    path = worst_case_run(settings).folder / worst_case.FOUND
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("task", TASKS)
def test_worst_edits_hurt_more_than_random_ones(task: str, head_data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks(*TASKS[task], *LEARN, *SEARCH)
    (record,) = catalog.WORST_CASE.run(settings)
    metric = settings.task.metric
    paths = [f"eval/{task}", *(f"attack/{task}/{name}" for name in SETS[1:])]
    clean, *attacked = (record.metrics[f"right/{path}/{metric}"] for path in paths)
    random, worst, two_random, two_worst = attacked
    assert clean == 1 and record.metrics[f"right/{task}"] > 0
    assert two_worst <= worst <= random <= clean and two_worst <= two_random
    assert worst < clean, "no edit hurts: the test says nothing"
    lines = found_lines(settings)
    effort = record.details["search"]
    assert len(lines) == len(effort["test_examples"]) == 5
    attacked_lines = [line for line in lines if line["clean"][0] > 0]
    assert effort["attacked"] == len(attacked_lines) == sum("found" in line for line in lines)
    assert all(1 <= of["calls"] <= 8 for line in attacked_lines for of in line["found"].values())
    assert effort["calls"] == sum(of["calls"] for line in attacked_lines for of in line["found"].values())
    table = Path(settings.paths.results) / "tables" / f"worst_case_{task}.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        assert [row["column"].rsplit(" ", 2)[-2:] for row in csv.DictReader(stream)][1:3] == [
            ["random", "1"],
            ["worst", "1"],
        ]
    assert catalog.WORST_CASE.run(settings) == [record]
