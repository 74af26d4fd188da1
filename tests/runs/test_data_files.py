"""A data file that is exchanged after a run has read it: the run says so, and its record never lies."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.errors import DataError, RecordError
from charbert.pipelines.train import finetune, pretrain
from charbert.provenance import file_checksum
from charbert.runs.data_files import check_interrupted
from charbert.runs.run import finetuning_run, pretraining_run
from charbert.training.trainer import CharBertTrainer
from tests.pipelines.conftest import TAGGED

Benchmarks = Callable[..., Settings]
TRAIN, TEST = "conll2003/eng.train", "conll2003/eng.testb"
ANOTHER = TaggedSentence(("Ada", "Lind", "left", "Zürich"), ("B-PER", "I-PER", "O", "B-LOC"))


@pytest.fixture
def settings(tmp_path: Path, benchmarks: Benchmarks) -> Settings:
    for name in (TRAIN, "conll2003/eng.testa", TEST, "charbert_attack/CharAttack_NER/test.txt"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        write_conll(tmp_path / "data" / name, TAGGED * 4)
    return benchmarks("task=ner", "finetuning.evaluations=3")


@pytest.fixture
def interrupted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a run that was interrupted after its second checkpoint."""
    step = CharBertTrainer.training_step

    def interrupted_step(trainer: CharBertTrainer, *arguments: Any) -> Any:
        if trainer.state.global_step == 2:
            raise KeyboardInterrupt
        return step(trainer, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(CharBertTrainer, "training_step", interrupted_step)
        with pytest.raises(KeyboardInterrupt):
            finetune.run(settings)
    assert finetuning_run(settings).checkpoints_folder.is_dir()
    return settings


@pytest.mark.parametrize("name", [TRAIN, TEST])
def test_an_interrupted_run_refuses_a_file_that_was_exchanged_meanwhile(
    interrupted: Settings, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "data" / name
    before = file.read_bytes()
    write_conll(file, [*TAGGED * 4, ANOTHER])
    with pytest.raises(
        DataError, match=rf"{name} was exchanged: the interrupted .*put the old file back, or delete .*"
    ):
        finetune.run(interrupted)
    file.write_bytes(before)
    record = finetune.run(interrupted)
    assert record.data_checksums[name] == file_checksum(file)


def test_after_its_checkpoints_were_deleted_a_run_begins_with_the_new_file(
    interrupted: Settings, tmp_path: Path
) -> None:
    write_conll(tmp_path / "data" / TRAIN, [*TAGGED * 4, ANOTHER])
    for path in finetuning_run(interrupted).checkpoints_folder.glob("checkpoint-*"):
        path.rename(tmp_path / path.name)
    record = finetune.run(interrupted)
    assert record.data_checksums[TRAIN] == file_checksum(tmp_path / "data" / TRAIN)


def test_damaged_checksums_of_an_interrupted_run_are_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-2").mkdir()
    (tmp_path / "data.json").touch()
    with pytest.raises(RecordError, match=r"data\.json: expected the checksums .*; delete .* to train again"):
        check_interrupted(tmp_path, {"train.txt": "0"})


@pytest.mark.parametrize("name", [TRAIN, TEST])
def test_a_finished_run_is_not_used_again_after_a_file_was_exchanged(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    record = finetune.run(settings)
    file = tmp_path / "data" / name
    before = file.read_bytes()
    write_conll(file, [*TAGGED * 4, ANOTHER])
    for use in (finetune.run, finetune.prepare_finetuned, lambda s: finetuning_run(s).finished()):
        with pytest.raises(DataError, match=rf"{name} was exchanged: the finished run {record.name} has read"):
            use(settings)
    file.write_bytes(before)
    assert finetune.run(settings).finished == record.finished
    file.unlink()
    assert finetune.run(settings).finished == record.finished  # a record is worth something without its data


def test_a_file_exchanged_while_the_run_trains_is_recorded_as_it_was_read(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, step = tmp_path / "data" / TRAIN, CharBertTrainer.training_step
    before = file_checksum(file)

    def exchanging_step(trainer: CharBertTrainer, *arguments: Any) -> Any:
        write_conll(file, [*TAGGED * 4, ANOTHER])
        return step(trainer, *arguments)

    monkeypatch.setattr(CharBertTrainer, "training_step", exchanging_step)
    assert finetune.run(settings).data_checksums[TRAIN] == before


def test_a_model_is_not_used_again_after_the_text_of_its_encoder_was_exchanged(composed: Benchmarks) -> None:
    settings = composed("recipe=smoke", "task=ner", "model=charbert", "tracking=off")
    finetune.run(settings)
    text = Path(settings.data.root) / "corpus/train.txt"
    text.write_text(text.read_text() + "One more line.\n")
    for use in (finetune.run, pretrain.prepare_encoder):
        with pytest.raises(DataError, match=r"corpus/train\.txt was exchanged: the finished run (pretrain|trunk)"):
            use(settings)


def test_a_run_on_generated_data_is_found_after_others_of_another_size_were_generated(
    composed: Benchmarks, tmp_path: Path
) -> None:
    small, large = (
        composed("recipe=smoke", "task=cola", "model=majority", "tracking=off", f"newswire.train_texts={size}")
        for size in (40, 50)
    )
    first = finetune.run(small)
    assert finetune.run(large).data_checksums != first.data_checksums
    assert finetune.run(small).finished == first.finished


def test_a_model_is_not_used_again_after_the_weights_of_its_trunk_were_exchanged(
    settings: Settings, benchmarks: Benchmarks, tiny_trunk: Path, tmp_path: Path
) -> None:
    weights = shutil.copytree(tiny_trunk, tmp_path / "own") / "model.safetensors"
    on_own = benchmarks("task=ner", f"trunk.location={tmp_path / 'own'}")
    record = finetune.run(on_own)
    before = weights.read_bytes()
    weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with pytest.raises(DataError, match=rf"own/model\.safetensors was exchanged: the finished run {record.name} has"):
        finetune.run(on_own)
    weights.write_bytes(before)
    assert finetune.run(on_own).finished == record.finished


def test_a_model_is_not_used_again_after_the_synonyms_of_its_training_set_were_exchanged(
    settings: Settings, benchmarks: Benchmarks, tmp_path: Path
) -> None:
    synonyms = tmp_path / "synonyms.tsv"
    synonyms.write_text("keeper\twarden\n")
    augmented = ("preparation=augmented", f"preparation.augmentation.synonyms={synonyms}")
    finetune.run(benchmarks("task=ner", *augmented))
    synonyms.write_text("keeper\tguard\n")
    with pytest.raises(DataError, match=r"synonyms\.tsv was exchanged: the finished run ner-bert-s1 has"):
        finetune.run(benchmarks("task=ner", *augmented))


def test_a_record_made_with_a_relative_data_folder_is_compared_as_well(settings: Settings, tmp_path: Path) -> None:
    record = finetune.run(settings)
    path = finetuning_run(settings).record_path
    content = json.loads(path.read_text())
    content["data_checksums"] = {f"../data/{name}": checksum for name, checksum in record.data_checksums.items()}
    path.write_text(json.dumps(content))
    assert finetune.run(settings).finished == record.finished
    write_conll(tmp_path / "data" / TRAIN, [ANOTHER])
    with pytest.raises(DataError, match="was exchanged"):
        finetune.run(settings)


def test_the_record_of_an_encoder_names_the_text_that_it_has_read(composed: Benchmarks) -> None:
    settings = composed("recipe=smoke", "model=charbert", "tracking=off")
    pretrain.prepare_encoder(settings)
    record = pretraining_run(settings).finished()
    assert record is not None
    assert record.data_checksums == {
        f"corpus/{split}.txt": file_checksum(f"{settings.data.root}/corpus/{split}.txt") for split in ("train", "dev")
    }
