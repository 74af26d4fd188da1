import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForMaskedLM, RobertaConfig

from charbert.errors import CheckpointError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.model.released.weights import (
    load_released,
    load_released_encoder,
    released_keys,
)
from tests.released_checkpoints import save_released

GOLDEN = Path(__file__).parents[3].parent / "shared" / "golden"
KINDS = ("bert", "roberta")


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_survives_the_round_trip_key_for_key(
    kind: str, folder: Callable[[str], Path], tmp_path: Path
) -> None:
    source = folder(kind)
    assert "model_type" not in json.loads((source / "config.json").read_text())
    before = torch.load(source / "pytorch_model.bin", weights_only=True)
    model = load_released(source)
    assert (model.config.char_vocab_size, model.config.char_embedding_size) == (20, 8)
    assert model.config.nlm_vocab_size == 30
    save_released(model, tmp_path / "again")
    after = torch.load(tmp_path / "again" / "pytorch_model.bin", weights_only=True)
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    copies = [key for key in after if "fusion_layer" in key and key.endswith("weight")]
    assert len(copies) == (2 if kind == "bert" else 1)


def test_every_form_of_a_checkpoint_gives_the_same_model(folder: Callable[[str], Path], tmp_path: Path) -> None:
    source = folder("bert")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    safe = tmp_path / "safe"
    safe.mkdir()
    save_file({key: weight.clone() for key, weight in weights.items()}, safe / "model.safetensors")
    (safe / "config.json").write_text((source / "config.json").read_text())
    expected = load_released(source)
    trunk_config = expected.config.trunk_config
    for model in (
        load_released(source / "pytorch_model.bin"),
        load_released(safe),
        load_released(weights, trunk_config=trunk_config),
    ):
        ours, theirs = model.state_dict(), expected.state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_heads_take_the_encoder_of_a_checkpoint(folder: Callable[[str], Path], char_vocab: dict[str, Any]) -> None:
    source = folder("roberta")
    pretrained = load_released(source).charbert.state_dict()
    tagger = load_released_encoder(source, CharBertForTokenClassification, char_vocab=char_vocab, num_labels=5)
    assert tagger.classifier.weight.shape == (5, 32)
    assert tagger.config.char_vocab == char_vocab
    for model in (tagger.charbert, load_released_encoder(source, CharBertModel)):
        weights = model.state_dict()
        assert all(torch.equal(weights[name], pretrained[name]) for name in pretrained)
    with pytest.raises(SettingsError, match="num_lables"):
        load_released_encoder(source, CharBertModel, num_lables=5)


def test_missing_left_over_and_misshapen_keys_are_all_reported(folder: Callable[[str], Path]) -> None:
    source = folder("bert")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    trunk_config = load_released(source).config.trunk_config
    del weights["bert.encoder.word_norm.bias"]
    weights["bert.encoder.stray.weight"] = torch.zeros(1)
    weights["bert.pooler.dense.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError) as error:
        load_released(weights, trunk_config=trunk_config)
    message = str(error.value)
    assert "missing: 1 (bert.encoder.word_norm.bias)" in message
    assert "left over: 1 (bert.encoder.stray.weight)" in message
    assert "bert.pooler.dense.bias (3,) instead of (16,)" in message


def test_a_report_shows_three_keys_and_the_count(folder: Callable[[str], Path]) -> None:
    source = folder("bert")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    weights |= {f"stray.{index}": torch.zeros(1) for index in range(12)}
    with pytest.raises(CheckpointError, match=r"left over: 12 \(stray.0, stray.1, stray.2, \.\.\.\)"):
        load_released(weights, trunk_config=load_released(source).config.trunk_config)


@pytest.mark.parametrize("key", ["bert.encoder.fusion_layer_list.1.weight", "cls.predictions.decoder.weight"])
def test_copies_that_differ_are_reported(key: str, folder: Callable[[str], Path]) -> None:
    source = folder("bert")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    weights[key] = weights[key] + 1
    with pytest.raises(CheckpointError, match=f"copies of one shared parameter differ: 1 \\({key}"):
        load_released(weights, trunk_config=load_released(source).config.trunk_config)


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("owned",)


def test_a_pickle_that_would_run_code_is_refused(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder("bert")
    monkeypatch.chdir(source)
    torch.save({"bert.char_embeddings.char_embeddings.weight": Malicious()}, source / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="not a readable checkpoint of tensors alone"):
        load_released(source)
    assert not (source / "owned").exists()


def test_what_is_no_released_checkpoint_is_refused(
    tmp_path: Path, folder: Callable[[str], Path], make_config: Callable[..., CharBertConfig]
) -> None:
    with pytest.raises(CheckpointError, match="found neither"):
        load_released(tmp_path)
    plain = BertForMaskedLM(make_config().trunk_config)
    with pytest.raises(CheckpointError, match="not a released CharBERT"):
        load_released(plain.state_dict())
    source = folder("bert")
    with pytest.raises(CheckpointError, match="give trunk_config"):
        load_released(torch.load(source / "pytorch_model.bin", weights_only=True))
    (source / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json: not found"):
        load_released(source)
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_released(source / "absent.bin")


def test_a_model_that_the_format_cannot_hold_is_refused(make_config: Callable[..., CharBertConfig]) -> None:
    names = CharBertForPreTraining(make_config(variant="released", share_interaction=False)).state_dict()
    with pytest.raises(CheckpointError, match="has no place for"):
        released_keys("bert", names, 2)


@pytest.mark.parametrize(("kind", "count"), [("bert", 250), ("roberta", 226)])
def test_keys_and_shapes_at_base_size_are_the_authors_own(kind: str, count: int) -> None:
    path = GOLDEN / f"released_keys_{kind}.json"
    if not path.exists():
        pytest.skip(f"{path} is not at hand")
    listed = json.loads(path.read_text())
    trunk_class = BertConfig if kind == "bert" else RobertaConfig
    config = CharBertConfig(
        trunk_config=trunk_class(**listed["config"]),
        variant="released",
        char_vocab_size=listed["keys"][f"{kind}.char_embeddings.char_embeddings.weight"][0],
        nlm_vocab_size=30001,
    )
    with torch.device("meta"):
        state = CharBertForPreTraining(config).state_dict()
    del state["mlm_head.decoder.weight"]  # tied
    keys = released_keys(kind, state, config.num_hidden_layers)
    assert len(keys) == count
    assert {key: list(state[name].shape) for key, name in keys.items()} == listed["keys"]
