"""Training on several tasks at once, on files made here."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from filelock import FileLock, Timeout
from safetensors.torch import load_file

from charbert.config.schema import Settings
from charbert.deploy.predict.predictor import Predictor
from charbert.errors import SettingsError
from charbert.pipelines.tables import multi_task as multi_task_tables
from charbert.pipelines.train import multi_task
from charbert.pipelines.train.task_model import inference_usage
from charbert.records import ResultRecord, read_record
from charbert.runs.multi_task_keys import multi_task_run, shared_task_run, task_settings
from charbert.runs.run import Run, finetuning_run
from tests.composition import compose_settings

Benchmarks = Callable[..., Settings]
TASKS = ("ner", "rte", "squad1")
FILES = (
    "~data.sets.ner.attacked.released",
    "data.sets.rte.test=glue/RTE/dev.tsv",
    *(f"data.sets.squad1.{split}=squad/one.json" for split in ("train", "dev", "test")),
)
TOGETHER = (*(f"+task@multi_task.tasks.{name}={name}" for name in TASKS), *FILES, "multi_task.own_lengths=false")
LEARNING = ("finetuning.max_steps=8", "finetuning.evaluations=1", "finetuning.batch_size=4")


@pytest.fixture
def finished(head_data: Path, benchmarks: Benchmarks) -> tuple[Settings, ResultRecord]:
    settings = benchmarks(*TOGETHER, *LEARNING, "robust_training=consistency", "preparation.steps=[empty]")
    return settings, multi_task_tables.run(settings)


def part(settings: Settings, name: str) -> Run:
    return shared_task_run(task_settings(settings, name))


def test_each_task_is_scored_and_saved_as_after_training_on_it_alone(
    finished: tuple[Settings, ResultRecord],
) -> None:
    settings, record = finished
    scores = {"ner": "f1", "rte": "accuracy", "squad1": "f1"}
    for name, metric in scores.items():
        own = read_record(part(settings, name).record_path)
        assert {f"eval/{name}/{metric}", f"attack/{name}/charbert/{metric}"} <= own.metrics.keys()
        assert own.metrics.items() <= record.metrics.items()
        assert own.details["run"] == record.key
        assert own.settings["task"]["name"] == name
        assert own.details["preparation"]["sets"]["train"]["dropped"] == 0
        assert (part(settings, name).preparation_folder / "dropped.jsonl").is_file()
        units = json.loads(part(settings, name).record_path.with_name("per_example.json").read_text())
        assert units["clean"]
    assert set(record.details["batches"]) == set(TASKS)
    encoders = [load_file(part(settings, name).model_folder / "model.safetensors") for name in TASKS]
    shared = [name for name in encoders[0] if name.startswith("charbert.")]
    assert shared
    assert all(torch.equal(encoders[0][name], other[name]) for other in encoders[1:] for name in shared)
    heads = [Predictor.load(part(settings, name).model_folder).head for name in TASKS]
    assert heads == ["token_classification", "sequence_classification", "question_answering"]
    table = (Path(settings.paths.results) / "tables" / "multi_task.md").read_text()
    assert "| BERT together, proportional, one length |" in table
    again = multi_task_tables.run(settings)
    assert again.finished == record.finished


def test_the_threshold_of_no_answer_is_that_of_the_weights_which_are_best_on_average() -> None:
    named = ("eval_mean", "eval_squad2/best_f1", "eval_squad2/best_f1_threshold")
    rows = enumerate([(0.7, 0.5, -1.0), (0.6, 0.9, 3.0)], start=1)
    lines = [{"step": step, **dict(zip(named, values, strict=True))} for step, values in rows]
    trainer: Any = SimpleNamespace(state=SimpleNamespace(log_history=lines, best_global_step=1))
    part: Any = SimpleNamespace(name="squad2")
    history = multi_task._task_history(part, trainer)
    assert inference_usage(compose_settings("multi_task", "task=squad2"), "", history).no_answer_threshold == -1.0


def test_another_process_waits_for_the_training(
    benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(settings: Settings) -> None:
        (lock,) = (tmp_path / "outputs" / "locks").glob("multi_task-together-*.lock")
        with pytest.raises(Timeout):
            FileLock(lock).acquire(timeout=0)
        raise KeyboardInterrupt

    monkeypatch.setattr(multi_task, "_prepare", interrupted)
    with pytest.raises(KeyboardInterrupt):
        multi_task.run(benchmarks(*TOGETHER))


def test_a_key_depends_on_tasks_and_sampling_and_never_on_the_single_task(benchmarks: Benchmarks) -> None:
    together = benchmarks(*TOGETHER)
    assert multi_task_run(together).key == multi_task_run(benchmarks(*TOGETHER, "task=pos")).key
    others = ("multi_task.sampling=uniform", "multi_task.temperature=3", "~multi_task.tasks.ner", "finetuning.epochs=9")
    keys = {multi_task_run(benchmarks(*TOGETHER, other)).key for other in others}
    assert len(keys | {multi_task_run(together).key}) == 5
    assert len({part(together, name).key for name in TASKS}) == 3
    alone = benchmarks("task=ner", *FILES)
    assert finetuning_run(together).key == finetuning_run(alone).key  # a single task does not see the others


@pytest.mark.parametrize(
    ("override", "match"),
    [
        (("~multi_task.tasks.ner", "~multi_task.tasks.rte"), r"must hold two tasks or more, got \['squad1'\]"),
        (("distillation=logits",), "several tasks have no common teacher"),
        (("strategy=lora",), "choose a strategy other than lora"),
        (("data=folds", "~multi_task.tasks.ner"), "gives multi_task.tasks.squad1 folds"),
    ],
)
def test_settings_that_do_not_work_with_several_tasks_are_refused(
    benchmarks: Benchmarks, override: tuple[str, ...], match: str
) -> None:
    files = () if "data=folds" in override else FILES
    tasks = [override_name for override_name in TOGETHER if override_name not in FILES]
    with pytest.raises(SettingsError, match=match):
        multi_task.run(benchmarks(*tasks, *files, *override))


def test_a_task_must_be_called_by_its_name(benchmarks: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"write \+task@multi_task\.tasks\.pos=pos"):
        benchmarks("+task@multi_task.tasks.ner=pos")
    with pytest.raises(SettingsError, match=r"multi_task\.temperature must be at least 1"):
        benchmarks("multi_task.temperature=0.5")
