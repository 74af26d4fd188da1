"""A user's own files as the set of a task."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import DataError, SettingsError
from charbert.pipelines.build.data import data_file, prepare_data
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.train import finetune
from charbert.runs.run import finetuning_run
from charbert.tasks.catalog import build_task

Composed = Callable[..., Settings]
LINES = "text\tlabel\nA lovely lamp.\tgood\nA broken chair.\tbad\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three files of the user's in the working folder, as overrides."""
    monkeypatch.chdir(tmp_path)
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text(LINES)
    return [f"data.own.{split}={split}.tsv" for split in ("train", "dev", "test")]


def test_own_files_are_read_from_the_working_folder_whatever_the_task_is_called(
    composed: Composed, own: list[str]
) -> None:
    settings = composed("recipe=minilm", "task=texts", "task.name=furniture", *own)
    prepare_data(settings)  # no folder of benchmarks is there
    sets = read_sets(settings, build_task(settings.task))
    assert [(row.first, row.label) for row in sets["dev"]] == [("A lovely lamp.", "good"), ("A broken chair.", "bad")]
    assert settings.data.name == "own"


def test_two_attacked_sets_of_one_name_are_refused(composed: Composed, own: list[str]) -> None:
    settings = composed("recipe=minilm", "task=texts", *own, "+data.own.attacked.typos=test.tsv", "attack.name=typos")
    task = build_task(settings.task)
    with pytest.raises(SettingsError, match=r"^attack\.name=typos is the name of an attacked copy .* task=texts too"):
        build_eval_sets(settings, task, read_sets(settings, task))


def test_the_content_of_own_files_identifies_a_run_and_their_folder_does_not(
    composed: Composed, own: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key() -> str:
        return finetuning_run(composed("recipe=minilm", "task=texts", *own)).key

    before = key()
    shutil.copytree(tmp_path, tmp_path / "moved", ignore=lambda *_: ["moved", "outputs", "results"])
    monkeypatch.chdir(tmp_path / "moved")
    assert key() == before
    (tmp_path / "moved" / "train.tsv").write_text(LINES + "A sturdy desk.\tgood\n")
    assert key() != before


def test_a_missing_own_file_is_named_with_its_setting(composed: Composed, own: list[str], tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").unlink()
    with pytest.raises(DataError, match=r"dev\.tsv: expected the file of data\.own\.dev, got no such file"):
        finetuning_run(composed("recipe=minilm", "task=texts", *own))


def test_a_folder_is_no_own_file(composed: Composed, own: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected the file of data\.own\.dev, got a folder"):
        finetuning_run(composed("recipe=minilm", "task=texts", *own, f"data.own.dev={tmp_path}"))


@pytest.mark.parametrize(
    ("task", "lines", "label"),
    [("texts", "text\tlabel\nA lamp.\tgood\nA chair.\tgood\n", "good"), ("ner", "A O\nlamp O\n", "O")],
)
def test_training_examples_of_one_label_are_refused(
    composed: Composed, own: list[str], tmp_path: Path, task: str, lines: str, label: str
) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text(lines)
    settings = composed("recipe=minilm", f"task={task}", *own)
    with pytest.raises(DataError, match=rf"train\.tsv: expected two labels or more, got '{label}' alone"):
        read_sets(settings, build_task(settings.task))


def test_a_test_set_with_the_training_examples_is_warned_of(
    composed: Composed, own: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "dev.tsv").write_text(LINES + "A sturdy desk.\tgood\n")
    settings = composed("recipe=minilm", "task=texts", *own)
    read_sets(settings, build_task(settings.task))
    (warning,) = caplog.messages
    assert "the train set and the test set have the same examples" in warning


def test_an_own_file_that_was_not_given_is_asked_for(composed: Composed, own: list[str]) -> None:
    settings = composed("recipe=minilm", "task=texts", *own[:2])
    with pytest.raises(DataError, match=r"data\.own names no file for the test set; give .*data\.own\.test"):
        data_file(settings, settings.data.sets["texts"].test, "the test set")


def test_own_files_that_are_missing_are_asked_for_before_a_data_folder(composed: Composed, own: list[str]) -> None:
    settings = composed("recipe=minilm", "task=texts", own[0], "paths.data=nowhere")
    prepare_data(settings)
    with pytest.raises(DataError, match=r"data\.own names no file for the dev set"):
        read_sets(settings, build_task(settings.task))


def test_own_files_with_a_generated_corpus_do_not_change_the_generated_sets(composed: Composed, own: list[str]) -> None:
    settings = composed("recipe=smoke", "task=texts", *own)
    prepare_data(settings)
    assert {path.name for path in Path(settings.data.root).iterdir()} == {"corpus", "corpus.key", "corpus.lock"}


def test_a_model_of_own_files_is_trained_once_and_again_if_it_is_deleted(
    benchmarks: Callable[..., Settings], own: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    settings = benchmarks("task=texts", *own)
    folder = finetuning_run(settings).model_folder
    first = finetune.run_and_report(settings)
    assert f"the model is in {folder}" in caplog.text
    assert "dev/texts/accuracy" in caplog.text
    changed = (folder / "model.safetensors").stat().st_mtime_ns
    assert finetune.run_and_report(settings).finished == first.finished
    assert (folder / "model.safetensors").stat().st_mtime_ns == changed
    results = {path: path.read_bytes() for path in finetuning_run(settings).record_path.parent.iterdir()}
    weights = (folder / "model.safetensors").read_bytes()
    shutil.rmtree(folder)
    assert "stays as it is" not in caplog.text
    finetune.run_and_report(settings)
    assert "are made again, and the record" in caplog.text and "stays as it is" in caplog.text
    assert (folder / "model.safetensors").read_bytes() == weights
    assert results == {path: path.read_bytes() for path in finetuning_run(settings).record_path.parent.iterdir()}
    assert {path.name for path in results} == {"record.json", "per_example.json"}


def test_what_was_converted_in_own_files_is_in_the_record(
    benchmarks: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text("Ada\tS-PER\nmet\tO\nOslo\tI-LOC\n")
    files = [f"data.own.{split}={split}.txt" for split in ("train", "dev", "test")]
    record = finetune.run(benchmarks("task=ner", *files, "model=majority"))
    reports = {Path(name).name: report for name, report in record.details["files"].items()}
    assert reports["test.txt"] == {"scheme": "IOBES", "converted": 2, "orphans": 1, "first_orphan": 3}
    assert set(reports) == {"train.txt", "dev.txt", "test.txt"}
    assert record.metrics["eval/ner/f1"] == 1.0


def test_a_tag_file_without_document_marks_is_cross_validated(
    benchmarks: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sentences = [f"Ada B-PER\nsaw O\nship{number} O\n" for number in range(9)]
    (tmp_path / "all.txt").write_text("\n".join(sentences))
    record = finetune.run(benchmarks("task=ner", "data.own.test=all.txt", "data.own.folds.number=3", "model=majority"))
    assert len(record.details["folds"]["eval/ner/f1"]["values"]) == 3
    assert record.metrics["eval/ner/f1"] == 1.0


def test_the_same_bytes_under_a_suffix_that_is_read_otherwise_are_another_run(
    composed: Composed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = set()
    for suffix in ("tsv", "txt", "csv"):
        for split in ("train", "dev", "test"):
            (tmp_path / f"{split}.{suffix}").write_text(LINES)
        files = [f"data.own.{split}={split}.{suffix}" for split in ("train", "dev", "test")]
        keys.add(finetuning_run(composed("recipe=minilm", "task=texts", *files)).key)
    assert len(keys) == 2
