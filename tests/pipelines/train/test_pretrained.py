"""Fine-tuning from an encoder that was saved before: a tiny one, made here."""

import shutil
import string
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertTokenizerFast

from charbert.config.schema import Settings
from charbert.errors import CheckpointError, SettingsError
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.train import finetune
from charbert.pipelines.train.pretrain import load_encoder
from charbert.runs.run import finetuning_run
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules

Composed = Callable[..., Settings]
SIGNS = string.ascii_lowercase + string.digits + string.punctuation


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A tiny encoder and its processor, saved in half precision."""
    folder = tmp_path / "encoder"
    subwords = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *SIGNS, *(f"##{sign}" for sign in SIGNS)]
    (tmp_path / "vocab.txt").write_text("\n".join(subwords), encoding="utf-8")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    characters = CharVocab.build([SIGNS], size=60)
    torch.manual_seed(0)
    model = CharBertModel.from_trunk(BertConfig(vocab_size=len(subwords), **sizes), char_vocab=characters.to_dict())
    model.half().save_pretrained(folder)
    CharBertTokenizer(BertTokenizerFast(str(tmp_path / "vocab.txt")), characters).save_pretrained(folder)
    return folder


@pytest.fixture
def pretrained(encoder: Path, composed: Composed) -> Composed:
    def compose_settings(*overrides: str, folder: Path = encoder) -> Settings:
        chosen = ("model=charbert_pretrained", f"model.pretrained={folder}", "finetuning.max_steps=2")
        return composed("recipe=smoke", "tracking=off", "task=ner", *chosen, *overrides)

    return compose_settings


def test_the_encoder_is_fine_tuned_as_it_was_saved_and_nothing_is_pretrained(
    pretrained: Composed, encoder: Path
) -> None:
    settings = pretrained()
    model, _ = load_encoder(settings)
    saved = load_file(encoder / "model.safetensors")
    assert all(torch.equal(weight, saved[name].float()) for name, weight in model.state_dict().items())
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}  # half is for storing, not for training
    record = finetune.run(settings)
    assert {"eval/ner/f1", "attack/ner/charbert/f1"} <= record.metrics.keys()
    made = {path.name for path in Path(settings.paths.outputs).iterdir()}
    assert not made & {"trunk", "pretrain"}


def test_a_dictionary_that_comes_with_the_encoder_is_left_out(pretrained: Composed, encoder: Path) -> None:
    tokenizer = CharBertTokenizer.from_pretrained(encoder)
    tokenizer.correct_by(DictionaryCorrector({"keeper": 3, "counted": 2}, DictionaryRules()), "both")
    tokenizer.save_pretrained(encoder)
    _, processor = load_encoder(pretrained())
    assert processor.repair is None


def test_the_files_and_not_their_folder_identify_the_run(pretrained: Composed, encoder: Path, tmp_path: Path) -> None:
    key = finetuning_run(pretrained()).key
    moved = tmp_path / "elsewhere"
    shutil.move(encoder, moved)
    assert finetuning_run(pretrained(folder=moved)).key == key
    with (moved / "char_vocab.json").open("a") as file:
        file.write("\n")
    assert finetuning_run(pretrained(folder=moved)).key != key


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_folder_without_a_file_is_refused_by_the_name_of_the_file(
    pretrained: Composed, encoder: Path, name: str
) -> None:
    (encoder / name).unlink()
    with pytest.raises(CheckpointError, match=f"model.pretrained=.*found no {name}"):
        finetune.run(pretrained())


def test_an_encoder_that_is_there_is_not_pretrained_again(pretrained: Composed) -> None:
    with pytest.raises(SettingsError, match=r"expected model\.objective=none"):
        pretrained("model.objective=mlm_nlm")


def test_without_the_folder_nothing_runs(composed: Composed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the repository's own encoder is not
    with pytest.raises(
        CheckpointError, match=r"model\.pretrained=models/charbert-minilm: expected a folder.*sought in .*checkout"
    ):
        finetune.run(composed("recipe=smoke", "tracking=off", "task=ner", "model=charbert_pretrained"))
