from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Value
from safetensors.torch import save_file
from transformers import GPT2Config

from charbert.config.model.encoder import TrunkSettings, TrunkSource
from charbert.config.schema import Settings
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.integrity import checksums
from charbert.model import CharBertModel
from charbert.pipelines.build.data import corpus_file, data_file, prepare_data, set_files, task_files, trunk_location
from charbert.pipelines.build.eval_sets import read_sets
from charbert.tasks.catalog import build_task

Composed = Callable[..., Settings]


def checkpoint(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    save_file({"weight": torch.zeros(2)}, folder / "model.safetensors")
    return folder


def test_a_missing_data_folder_is_named_with_what_to_do(composed: Composed, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.*paths\.data=FOLDER.*recipe=quick"):
        prepare_data(composed("recipe=minilm", f"paths.data={tmp_path / 'nowhere'}"))


def test_a_missing_file_is_named(composed: Composed, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"eng\.train: expected a file with the train set"):
        data_file(composed("recipe=minilm", f"paths.data={tmp_path}"), "conll2003/eng.train", "the train set")


@pytest.mark.parametrize("recipe", ["smoke", "minilm"])
def test_a_task_without_a_set_may_be_one_of_own_files(composed: Composed, recipe: str) -> None:
    with pytest.raises(SettingsError, match=r"no set for task=texts, .*files of yours give data\.own\.train"):
        prepare_data(composed(f"recipe={recipe}", "task=texts"))


def test_a_missing_pretraining_text_may_be_one_of_yours(composed: Composed, tmp_path: Path) -> None:
    settings = composed("recipe=minilm", f"paths.data={tmp_path}")
    with pytest.raises(DataError, match=r"set paths\.data to .*, or data\.corpus\.dev=FILE to the whole path"):
        corpus_file(settings, "dev")


def test_sets_in_the_columns_of_the_hub_are_read_as_files(
    composed: Composed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    columns = {"sentence": Value("string"), "label": ClassLabel(names=["unacceptable", "acceptable"])}
    for split in ("train", "test"):
        rows = {"sentence": [f"A ship of the {split} set.", "Nothing\tleft."], "label": [1, 0]}
        Dataset.from_dict(rows, features=Features(columns)).to_parquet(tmp_path / "data" / f"{split}.parquet")
    names = {"train": "train", "dev": "test", "test": "test"}
    sets = [f"data.sets.cola.{split}='parquet:{name}.parquet'" for split, name in names.items()]
    settings = composed("recipe=minilm", "data=hub", "task=cola", f"paths.data={tmp_path / 'data'}", *sets)
    prepare_data(settings)
    read = read_sets(settings, build_task(settings.task))
    assert [row.first for row in read["train"]] == ["A ship of the train set.", "Nothing left."]
    assert [row.label for row in read["test"]] == ["acceptable", "unacceptable"]
    assert len(checksums(set_files(settings), Path(settings.data.root))) == 2


def test_the_hub_needs_no_data_folder(composed: Composed, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    prepare_data(composed("recipe=minilm", "data=hub", f"paths.data={nowhere}"))
    assert not nowhere.exists()
    with pytest.raises(DataError, match="nowhere"):  # one file among them, and the folder is asked for
        prepare_data(composed("recipe=minilm", "data=hub", f"paths.data={nowhere}", "data.sets.ner.dev=ner/dev.txt"))


def test_a_task_without_data_is_refused_with_the_known_tasks(composed: Composed) -> None:
    with pytest.raises(SettingsError, match=r"task=chess, only .*ner"):
        task_files(composed("recipe=minilm", "task.name=chess"))


def test_a_missing_package_is_refused_with_the_command_that_installs_it() -> None:
    trunk = TrunkSettings(name="minilm", source=TrunkSource.package, location="no_such_package/model")
    with pytest.raises(CheckpointError, match="make minilm"):
        trunk_location(trunk)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    trunk = TrunkSettings(name="mine", source=TrunkSource.folder, location=str(tmp_path))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        trunk_location(trunk)


def test_weights_with_another_checksum_are_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "trunk")
    trunk = TrunkSettings(name="mine", source=TrunkSource.folder, location=str(folder), sha256="0" * 64)
    with pytest.raises(CheckpointError, match="expected sha256 0000"):
        trunk_location(trunk)
    assert trunk_location(TrunkSettings(name="mine", source=TrunkSource.folder, location=str(folder))) == str(folder)


def test_a_trunk_of_another_architecture_is_refused_with_the_supported_ones() -> None:
    with pytest.raises(SettingsError, match=r"bert, .*modernbert.*gpt2"):
        CharBertModel.from_trunk(GPT2Config(n_layer=1, n_embd=8, n_head=1))
