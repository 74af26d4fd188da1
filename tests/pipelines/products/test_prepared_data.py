"""Prepared sets as files: what is written, what is dropped, what is refused."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.errors import DataError, RecordError, SettingsError
from charbert.pipelines.analyses import explain
from charbert.pipelines.build.data import data_file, task_files
from charbert.pipelines.products import attack_sets, prepared_data
from charbert.tasks.catalog import build_task
from charbert.tasks.rows import own_texts

Composed = Callable[..., Settings]
Run = Callable[..., subprocess.CompletedProcess[str]]
SUFFIXES = {"ner": ".conll", "pos": ".pos", "cola": ".tsv", "qnli": ".tsv", "squad2": ".json"}
TABLE = "sentence\tlabel\n"
REVIEWS = [
    f"a {word} film with {number} scenes and a story of its own\t{at % 2}"
    for number in range(9)
    for at, word in enumerate(("dull", "warm"))
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def reviews(composed: Composed, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a user's own reviews, with rows to be added to their training file."""

    def compose_settings(
        *overrides: str, rows: tuple[str, ...] = (), dev: str = "plainly dreadful from first to last\t0\n"
    ) -> Settings:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        (data / "train.tsv").write_text(TABLE + "\n".join([*REVIEWS, *rows]) + "\n", encoding="utf-8")
        (data / "dev.tsv").write_text(TABLE + dev, encoding="utf-8")
        files = [
            f"data.sets.sst2.{split}={name}.tsv"
            for split, name in (("train", "train"), ("dev", "dev"), ("test", "dev"))
        ]
        return composed("recipe=minilm", f"paths.data={data}", "task=sst2", "preparation=clean", *files, *overrides)

    return compose_settings


@pytest.mark.parametrize("task", list(SUFFIXES))
def test_every_kind_of_task_is_written_in_its_own_format(composed: Composed, task: str) -> None:
    overrides = ("recipe=smoke", f"task={task}", "preparation.steps=[unicode,empty,duplicates,augmentation,balance]")
    settings = composed(*overrides, "preparation=augmented")
    folder = prepared_data.run(settings)
    kind = build_task(settings.task)
    report = json.loads((folder / "report.json").read_text())
    for split in ("train", "dev", "test"):
        examples = kind.read(folder / f"{split}{SUFFIXES[task]}")
        assert len(examples) == report["sets"][split]["examples"]["after"]
    described = report["sets"]["train"]
    assert described["added"] > 0
    before, after = (described["examples"][when] for when in ("before", "after"))
    assert before + described["added"] == after + described["dropped"]
    source = data_file(settings, task_files(settings).train, "the training set")
    assert len(kind.read(source)) == before


def test_the_same_settings_give_the_same_bytes(composed: Composed) -> None:
    settings = composed("recipe=smoke", "preparation=augmented")
    first = contents(prepared_data.run(settings))
    assert contents(prepared_data.run(settings)) == first
    other = prepared_data.run(composed("recipe=smoke", "preparation=augmented", "preparation.seed=1"))
    assert contents(other)["train.conll"] != first["train.conll"]


def test_a_dirty_file_is_cleaned_and_every_dropped_row_listed(reviews: Callable[..., Settings]) -> None:
    dirty = (
        "the cafÃ© scene is lovely\t Positive",
        "no tab in this row",
        "nan\t1",
        "fine enough for a long evening\tpos",
        "an odd label for a film of its kind\t7",
        REVIEWS[0],
        REVIEWS[1].replace("own", "sort"),
        "\t1",
        "plainly  dreadful from first to last\t0",
        "word " * 500 + "\t1",
    )
    folder = prepared_data.run(reviews("+preparation.labels.aliases={pos: positive}", rows=dirty))
    settings = reviews(rows=dirty)
    kept = build_task(settings.task).read(folder / "train.tsv")
    assert [(row.first, row.label) for row in kept[18:]] == [
        ("the café scene is lovely", "positive"),
        ("fine enough for a long evening", "positive"),
    ]
    dropped = [example for example in lines(folder / "dropped.jsonl") if example["set"] == "train"]
    assert len(kept) + len(dropped) == 18 + len(dirty)
    reasons = {example["index"] - 18: example["reason"] for example in dropped}
    assert reasons == {
        1: "malformed",
        2: "missing text",
        4: "not fit for the task",
        5: "duplicate",
        6: "near duplicate",
        7: "malformed",
        8: "in a held-out set",
        9: "too long",
    }
    assert {example["place"] for example in dropped} == {f"train.tsv:{index + 20}" for index in reasons}
    changed = lines(folder / "changed.jsonl")
    assert [(change["what"], change["after"]) for change in changed if change["index"] == 18][1] == (
        "label",
        "positive",
    )
    assert "| duplicates |" in (folder / "report.md").read_text(encoding="utf-8")
    assert (folder / "sets.png").stat().st_size > 1000


def test_dev_and_test_sets_get_the_held_out_steps_only(reviews: Callable[..., Settings]) -> None:
    twice = "a cafÃ© again\t0\na cafÃ© again\t0\n"
    folder = prepared_data.run(reviews("preparation.leakage.action=report", dev=twice))
    assert (folder / "dev.tsv").read_text(encoding="utf-8") == TABLE + "a café again\t0\n" * 2


def test_leakage_is_refused_with_both_places(reviews: Callable[..., Settings]) -> None:
    settings = reviews("preparation=strict", dev=REVIEWS[3].replace("its own", "its kind").replace("\t1", "\t0") + "\n")
    with pytest.raises(DataError, match=r"train\.tsv:5: .*dev\.tsv:2 \(dev\) \(similarity 0\.8"):
        prepared_data.run(settings)
    assert not (Path(settings.paths.results) / "prepared").exists()


@pytest.mark.parametrize("method", ["stratified", "grouped", "stratified_grouped"])
def test_one_file_is_split_into_three_that_share_no_example(composed: Composed, method: str) -> None:
    overrides = ("recipe=smoke", "task=qnli", "preparation.split.dev_share=0.2", "preparation.split.test_share=0.2")
    settings = composed(*overrides, f"preparation.split.method={method}", "preparation.near.similarity=0")
    folder = prepared_data.run(settings)
    kind = build_task(settings.task)
    sets = {split: kind.read(folder / f"{split}.tsv") for split in ("train", "dev", "test")}
    whole = kind.read(data_file(settings, task_files(settings).train, "the training set"))
    assert Counter(text for rows in sets.values() for text in kind.texts(rows)) == Counter(kind.texts(whole))
    assert 0.1 * len(whole) <= len(sets["dev"]) <= 0.3 * len(whole)
    sentences = {split: {side for texts in own_texts(kind, rows) for side in texts} for split, rows in sets.items()}
    if method != "stratified":
        assert not sentences["train"] & sentences["test"]


def test_training_steps_come_after_the_split(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=cola", "preparation=balanced", "preparation.split.method=stratified")
    folder = prepared_data.run(settings)
    kind = build_task(settings.task)
    sets = {split: kind.read(folder / f"{split}.tsv") for split in ("train", "dev", "test")}
    labels = Counter(row.label for row in sets["train"])
    assert len(set(labels.values())) == 1
    texts = {split: set(kind.texts(rows)) for split, rows in sets.items()}
    assert not texts["train"] & (texts["dev"] | texts["test"])


def test_folds_test_every_example_once(composed: Composed) -> None:
    settings = composed("recipe=smoke", "task=cola", "preparation.split.method=folds", "preparation.split.folds=3")
    folder = prepared_data.run(settings)
    kind = build_task(settings.task)
    tested = [text for fold in range(3) for text in kind.texts(kind.read(folder / f"fold{fold}" / "test.tsv"))]
    assert sorted(tested) == sorted(kind.texts(kind.read(data_file(settings, task_files(settings).train, "train"))))


def test_leave_one_out_leaves_one_out_and_has_a_limit(reviews: Callable[..., Settings]) -> None:
    split = ("preparation=none", "preparation.near.similarity=0", "preparation.split.method=leave_one_out")
    folder = prepared_data.run(reviews(*split))
    assert len(list(folder.glob("fold*/test.tsv"))) == 18
    assert all(path.read_text().count("\n") == 2 for path in folder.glob("fold*/test.tsv"))
    with pytest.raises(SettingsError, match=r"gives 18 divisions, more than preparation\.split\.most_divisions=9"):
        prepared_data.run(reviews(*split, "preparation.split.most_divisions=9"))


def test_documents_are_left_out_one_by_one(composed: Composed, tmp_path: Path) -> None:
    path = tmp_path / "data" / "mine.conll"
    path.parent.mkdir()
    write_conll(path, [TaggedSentence((f"w{number}",), ("O",), document=number // 3) for number in range(12)])
    files = (f"paths.data={path.parent}", "data.sets.ner.train=mine.conll")
    folder = prepared_data.run(composed("recipe=minilm", *files, "preparation.split.method=leave_one_group_out"))
    assert [path.read_text().count(" O\n") for path in sorted(folder.glob("fold*/test.conll"))] == [3 + 1] * 4


def test_nothing_to_do_is_an_error(composed: Composed) -> None:
    with pytest.raises(SettingsError, match="neither steps nor a split"):
        prepared_data.run(composed("recipe=smoke", "preparation=none"))


def test_a_set_without_remaining_examples_is_an_error(reviews: Callable[..., Settings]) -> None:
    limit = ("preparation.lengths.min_words=5", "preparation.held_out_steps=[lengths]")
    with pytest.raises(DataError, match="got none of 1; the last was dropped by lengths"):
        prepared_data.run(reviews("preparation.steps=[lengths]", *limit, dev="plainly dreadful\t0\n"))


def test_prepared_files_are_read_like_any_other(composed: Composed) -> None:
    folder = prepared_data.run(composed("recipe=smoke", "task=ner", "preparation=clean"))
    prepared = (folder / "test.conll").read_bytes()
    written = attack_sets.run(composed("recipe=smoke", "task=ner", f"data.sets.ner.test={folder / 'test.conll'}"))
    assert (written / "test.conll").is_file()
    assert (folder / "test.conll").read_bytes() == prepared  # and none is generated in their place


def test_no_torch_is_imported() -> None:
    code = "import sys, charbert.pipelines.products.prepared_data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_experiment_runs_and_names_what_is_wrong(tmp_path: Path, run_experiment: Run) -> None:
    run_experiment("prepare.py", tmp_path, "task=qnli")
    assert (tmp_path / "results/prepared/qnli-clean-s0/report.md").is_file()
    done = run_experiment("prepare.py", tmp_path, "preparation=none", expect=2)
    assert "choose preparation=clean" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("made_by", [prepared_data, attack_sets, explain], ids=lambda module: module.__name__)
def test_results_that_cannot_be_written_are_refused_before_any_work(
    made_by: ModuleType, composed: Composed, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings = composed("recipe=smoke", "preparation=clean", f"paths.results={tmp_path / 'file' / 'results'}")
    with pytest.raises(RecordError, match=r"could not be written \(Not a directory\)"):
        made_by.run(settings)
    assert not list(tmp_path.rglob("train*"))
