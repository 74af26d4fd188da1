"""Training examples go through their preparation before fine-tuning, and the record says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.errors import DataError, SettingsError
from charbert.pipelines.build.eval_sets import read_sets
from charbert.pipelines.build.preparation import training_weights
from charbert.pipelines.train import finetune
from charbert.runs.run import finetuning_run, fold_run, with_fold
from charbert.tasks.catalog import build_task
from charbert.training.losses.extra_losses import ClassWeightedLoss

Benchmarks = Callable[..., Settings]
NER = {"train": "conll2003/eng.train", "dev": "conll2003/eng.testa", "test": "conll2003/eng.testb"}
PLAIN = "~data.sets.ner.attacked.released"


def tagged(words: str, tags: str, document: int = 0) -> TaggedSentence:
    return TaggedSentence(tuple(words.split()), tuple(tags.split()), document=document)


TRAIN = [
    tagged("Nobody in Malmö remembered Ada Lind", "O O B-LOC O B-PER I-PER"),
    tagged("The keeper counted ships in Zürich", "O O O O O B-LOC"),
    tagged("Ada Lind answered", "B-PER I-PER O"),
    tagged("Ada Lind answered", "B-PER I-PER O"),
    tagged("Eva Berg asked", "B-PER I-PER O"),
]
HELD_OUT = {"dev": [tagged("eva berg ASKED", "B-PER I-PER O")], "test": [tagged("Kim in Oslo", "B-PER O B-LOC")]}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for split, relative in NER.items():
        (root / relative).parent.mkdir(parents=True, exist_ok=True)
        write_conll(root / relative, HELD_OUT.get(split, TRAIN))
    return root


def test_fine_tuning_sees_prepared_examples_and_keeps_the_dropped_ones(
    data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float]] = []
    weighted = ClassWeightedLoss.__call__

    def spy(self: ClassWeightedLoss, *given: Any) -> Any:
        loss, parts = weighted(self, *given)
        seen.append((loss.item(), parts["unweighted"].item()))
        return loss, parts

    monkeypatch.setattr(ClassWeightedLoss, "__call__", spy)
    settings = benchmarks("task=ner", PLAIN, "preparation=clean", "preparation.class_weights=root")
    record = finetune.run(settings)
    folder = finetuning_run(settings).preparation_folder
    dropped = [json.loads(line) for line in (folder / "dropped.jsonl").read_text().splitlines()]
    assert [(example["index"], example["reason"]) for example in dropped] == [
        (3, "duplicate"),
        (4, "in a held-out set"),
    ]
    assert record.details["preparation"]["sets"]["train"]["examples"] == {"before": 5, "after": 3}
    assert record.details["train_report"]["sentences"] == 3
    assert "duplicates" in (folder / "report.md").read_text()
    assert len(seen) == 3 and all(loss != plain for loss, plain in seen)  # one a step
    plain = benchmarks("task=ner", PLAIN)
    assert finetuning_run(plain).key != finetuning_run(settings).key
    assert not finetuning_run(plain).preparation_folder.exists()


def test_a_leak_stops_a_run_before_anything_is_trained(data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks("task=ner", "preparation=strict")
    with pytest.raises(DataError, match=r"eng\.train:\d+: .*conll2003/eng\.testa:3 \(similarity 1\.00\)"):
        finetune.run(settings)
    assert not Path(settings.paths.results).exists() and not finetuning_run(settings).folder.exists()


def test_labels_are_taken_from_prepared_examples(data: Path, benchmarks: Benchmarks) -> None:
    path = data / NER["train"]
    path.write_text(path.read_text().replace("B-LOC", "b-place").replace("counted _", "counted"))
    settings = benchmarks("task=ner", PLAIN, "preparation=clean", "+preparation.labels.aliases={place: LOC}")
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    assert task.labels == ["O", "B-LOC", "B-PER", "I-PER"]
    assert [sentence.words[0] for sentence in sets["train"]] == ["Nobody", "Ada"]  # that of the broken line is gone


def test_labels_are_weighted_by_the_examples_that_are_trained_on(data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks("task=ner", PLAIN, "preparation=weighted")
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    weights = training_weights(settings, task, sets["train"])
    assert weights is not None
    counts = [[tag for sentence in sets["train"] for tag in sentence.tags].count(label) for label in task.labels]
    assert [weight * count for weight, count in zip(weights, counts, strict=True)] == pytest.approx([21 / 4] * 4)
    questions = benchmarks("task=squad1", "preparation=weighted")
    with pytest.raises(SettingsError, match="needs a task with labels"):
        training_weights(questions, build_task(questions.task), [])


def test_each_fold_prepares_its_own_training_part(data: Path, benchmarks: Benchmarks) -> None:
    sentences = [
        tagged(f"Ada saw {place} again", "B-PER O B-LOC O", at)
        for at, place in enumerate(("Oslo", "Lund", "Malmö", "Turku"))
    ]
    write_conll(data / NER["test"], sentences)
    settings = benchmarks(
        "task=ner",
        PLAIN,
        "data.sets.ner.folds.number=3",
        "preparation=augmented",
        "preparation.augmentation.share=1.0",
        "preparation.augmentation.operations=[deletion]",
    )
    finetune.run(settings)
    for fold in range(3):
        report = json.loads((fold_run(with_fold(settings, fold)).preparation_folder / "report.json").read_text())
        described = report["sets"]["train"]
        assert (
            described["examples"]["after"]
            == described["examples"]["before"] + described["added"]
            > described["added"]
            > 0
        )
