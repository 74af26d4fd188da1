from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.conll import read_conll
from charbert.errors import SettingsError
from charbert.pipelines.build.data import prepare_data, task_files
from charbert.tasks.catalog import build_task

Composed = Callable[..., Settings]
TASKS = ("ner", "pos", "cola", "mrpc", "qqp", "qnli", "squad1", "squad2")


def examples(settings: Settings, split: str = "test") -> list:
    prepare_data(settings)
    return build_task(settings.task).read(Path(settings.data.root) / getattr(task_files(settings), split))


@pytest.mark.parametrize("task", TASKS)
def test_every_set_is_read_back_as_the_benchmark_is(composed: Composed, task: str) -> None:
    settings = composed("recipe=smoke", f"task={task}")
    sizes = {"ner": "sentences", "pos": "sentences", "squad1": "questions", "squad2": "questions"}
    for split in ("train", "dev", "test"):
        wanted = getattr(settings.newswire, f"{split}_{sizes.get(task, 'texts')}")
        assert len(examples(settings, split)) == wanted


@pytest.mark.parametrize("task", ["cola", "mrpc", "qqp", "qnli"])
def test_classes_are_balanced(composed: Composed, task: str) -> None:
    settings = composed("recipe=smoke", f"task={task}", "newswire.test_texts=300")
    labels = [row.label for row in examples(settings)]
    assert set(labels) == set(build_task(settings.task).labels)
    assert 0.35 < labels.count(labels[0]) / len(labels) < 0.65


def test_answers_occur_in_their_passages_and_some_questions_of_squad2_have_none(composed: Composed) -> None:
    for task, low, high in (("squad1", 1.0, 1.0), ("squad2", 0.4, 0.75)):
        questions = examples(composed("recipe=smoke", f"task={task}", "newswire.test_questions=300"))
        answerable = [question for question in questions if question.answers]
        assert low <= len(answerable) / len(questions) <= high
        assert not any(answer.moved for question in answerable for answer in question.answers)


def test_training_and_test_files_share_no_text(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=qnli")
    train, test = (set(build_task(settings.task).texts(examples(settings, split))) for split in ("train", "test"))
    assert not train & test


def test_existing_files_are_kept_and_another_seed_writes_new_ones(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=qnli")
    rows = examples(settings)
    path = Path(settings.data.root) / "qnli/test.tsv"
    stamp = path.stat().st_mtime_ns
    prepare_data(settings)
    assert path.stat().st_mtime_ns == stamp
    assert examples(composed("recipe=smoke", "task=qnli", "newswire.seed=2")) != rows


def test_data_of_other_sizes_and_seeds_do_not_replace_each_other(composed: Composed) -> None:
    several = [composed("recipe=smoke", "task=ner", *changed) for changed in ((), ("newswire.seed=2",))]
    sets = [examples(settings) for settings in several]
    assert sets[0] != sets[1]
    assert [build_task(one.task).read(Path(one.data.root) / "ner/test.txt") for one in several] == sets


def test_an_interrupted_generation_is_done_again(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=ner")
    whole = examples(settings)
    root = Path(settings.data.root)
    (root / "ner/test.txt").write_text("")
    (root / "ner.key").unlink()
    assert examples(settings) == whole


def test_a_task_that_cannot_be_generated_is_named(composed: Composed) -> None:
    with pytest.raises(SettingsError, match="no set for task=rte, only ner, pos"):
        prepare_data(composed("recipe=smoke", "task=rte"))


def test_ner_has_the_four_columns_of_conll(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=ner")
    prepare_data(settings)
    sentences = read_conll(Path(settings.data.root) / "ner/test.txt")
    assert all(sentence.pos for sentence in sentences)
