"""The public benchmarks as they are published, through the tasks that conf/ describes."""

from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.squad import Question
from charbert.data.splits import check_no_leakage, connect_groups, grouped_folds, normalize_text
from charbert.noise.attack import Attack
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.text.words import words_of
from tests.composition import compose_settings

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the benchmarks are not at hand in {SHARED}")

SIZES = {
    "cola": {"train": 8551, "dev": 1043},
    "mrpc": {"train": 3668, "dev": 408},
    "rte": {"train": 2490, "dev": 277},
    "sst2": {"train": 67349, "dev": 872},
    "qnli": {"dev": 5463},
    "squad1": {"dev": 10570},
    "squad2": {"dev": 11873},
    "ner": {"train": 14041, "dev": 3250, "test": 3453},
    "ud_english": {"dev": 2001},
    "ud_turkish": {"test": 1100},
}


def composed(name: str, data: str = "benchmarks") -> tuple[Settings, Task[Any, Any]]:
    overrides = [f"task={name}", "recipe=minilm", f"data={data}", f"paths.data={SHARED}"]
    settings = compose_settings("pretrain", *overrides)
    return settings, build_task(settings.task)


def read(name: str, split: str) -> tuple[Task[Any, Any], list[Any]]:
    settings, task = composed(name)
    return task, task.read(SHARED / getattr(settings.data.sets[name], split))


@pytest.mark.parametrize(("name", "split"), [(name, split) for name, sizes in SIZES.items() for split in sizes])
def test_a_benchmark_has_as_many_examples_as_published(name: str, split: str) -> None:
    _, examples = read(name, split)
    assert len(examples) == SIZES[name][split]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_all_of_wsj_is_read(split: str) -> None:
    task, examples = read("pos", split)
    task.learn_labels(examples)
    assert len(examples) > 1000
    assert 40 <= len(task.labels) <= 48


@pytest.mark.parametrize("name", ["rte", "qnli", "squad2", "ud_turkish", "pos"])
def test_a_benchmark_is_written_and_read_back(name: str, tmp_path: Path) -> None:
    settings, task = composed(name)
    source = settings.data.sets[name].test
    examples = task.read(SHARED / source)
    copy = tmp_path / Path(source).name
    task.write(copy, examples)
    task.check_aligned(examples, task.read(copy), copy)
    describe = task.adapter.describe
    assert [describe(example) for example in task.read(copy)] == [describe(example) for example in examples]


def test_the_authors_attacked_qnli_is_aligned_with_the_clean_one() -> None:
    settings, task = composed("qnli")
    files = settings.data.sets["qnli"]
    clean = task.read(SHARED / files.test)
    path = SHARED / files.attacked["released"]
    attacked = task.read(path, attacked=True)
    task.check_aligned(clean, attacked, path)
    texts = [(clean_row.first, attacked_row.first) for clean_row, attacked_row in zip(clean, attacked, strict=True)]
    texts += [(clean_row.second, attacked_row.second) for clean_row, attacked_row in zip(clean, attacked, strict=True)]
    quoted = [text.startswith('"') and text.endswith('"') for pair in texts for text in pair]
    assert sum(quoted[1::2]) <= sum(quoted[::2])  # no more whole fields in quotation marks than in the clean file


@pytest.mark.slow
def test_the_attack_changes_as_many_words_of_qnli_as_in_the_paper() -> None:
    # Sec. 4.5: 51.86 % of the words, counted with punctuation marks
    task, examples = read("qnli", "test")
    _, edits = task.attack(examples, Attack(letters="lower"), seed=0)
    words = sum(len(words_of(row.first)) + len(words_of(row.second)) for row in examples)
    assert 100 * sum(map(len, edits)) / words == pytest.approx(51.86, abs=1)


def test_the_attack_changes_as_many_words_of_ner_as_in_the_paper() -> None:
    # Sec. 4.5: 49.38 %
    task, examples = read("ner", "test")
    _, edits = task.attack(examples, Attack(), seed=0)
    words = sum(len(sentence.words) for sentence in examples)
    assert 100 * sum(map(len, edits)) / words == pytest.approx(49.38, abs=1)


@pytest.mark.slow
def test_the_attack_changes_as_many_words_of_squad_as_in_the_paper() -> None:
    # Sec. 4.5: 22.97 % of the words of all questions and of all contexts, each context counted once
    task, examples = read("squad2", "test")
    _, edits = task.attack(examples, Attack(), seed=0)
    words = sum(len(words_of(question.question)) for question in examples)
    words += sum(len(words_of(context)) for context in {question.context for question in examples})
    assert 100 * sum(map(len, edits)) / words == pytest.approx(22.97, abs=1)


def test_every_qnli_row_finds_its_article_and_folds_do_not_divide_one() -> None:
    settings, task = composed("qnli", data="folds")
    folds = settings.data.sets["qnli"].folds
    examples = task.read(SHARED / settings.data.sets["qnli"].test)
    _, squad = composed("squad1")
    articles: list[Question] = squad.read(SHARED / folds.articles)
    groups = task.groups(examples, articles)
    assert len(set(groups)) <= 48
    labels = task.strata(examples)
    for parts in grouped_folds(groups, folds.number, folds.seed, labels):
        assert min(len(parts.train), len(parts.dev), len(parts.test)) > 500
        chosen = {name: [examples[i] for i in getattr(parts, name)] for name in ("train", "dev", "test")}
        check_no_leakage({name: [row.second for row in rows] for name, rows in chosen.items()})


def test_folds_of_squad_do_not_divide_an_article() -> None:
    task, examples = read("squad2", "test")
    groups = connect_groups(
        [
            [("article", article), ("text", normalize_text(text))]
            for article, text in zip(task.groups(examples), task.texts(examples), strict=True)
        ]
    )
    for parts in grouped_folds(groups, 5, 0, task.strata(examples)):
        chosen = {name: [examples[i].context for i in getattr(parts, name)] for name in ("train", "dev", "test")}
        check_no_leakage(chosen)
