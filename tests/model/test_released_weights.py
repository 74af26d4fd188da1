from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertConfig, BertForMaskedLM, RobertaConfig

from charbert.errors import CheckpointError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.model.released_weights import (
    load_released,
    load_released_encoder,
    released_keys,
    save_released,
)

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden"
KINDS = ("bert", "roberta")


@pytest.fixture
def folder(make_config: Callable[..., CharBertConfig], tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of checkpoints in the authors' format, all weights drawn anew."""

    def make(kind: str) -> Path:
        torch.manual_seed(0)
        model = CharBertForPreTraining(make_config(kind, variant="released"))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.3)
        save_released(model, tmp_path / kind)
        return tmp_path / kind

    return make


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


def test_every_form_of_a_checkpoint_gives_the_same_model(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
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


def test_heads_take_the_encoder_of_a_checkpoint(
    folder: Callable[[str], Path], char_vocab: dict[str, Any]
) -> None:
    source = folder("roberta")
    pretrained = load_released(source).charbert.state_dict()
    tagger = load_released_encoder(
        source, CharBertForTokenClassification, char_vocab=char_vocab, num_labels=5
    )
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


def test_a_report_shows_ten_keys_and_the_count(folder: Callable[[str], Path]) -> None:
    source = folder("bert")
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    weights |= {f"stray.{index}": torch.zeros(1) for index in range(12)}
    with pytest.raises(CheckpointError, match=r"left over: 12 \(stray.0, .*stray.9, \.\.\.\)"):
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


def test_only_the_released_variant_with_both_heads_is_written(
    make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="variant='paper' on bert"):
        save_released(CharBertForPreTraining(make_config()), tmp_path)
    with pytest.raises(CheckpointError, match="format needs"):
        save_released(CharBertForPreTraining(make_config(variant="released", nlm_vocab_size=0)), tmp_path)
    with pytest.raises(CheckpointError, match="has no place for"):
        save_released(
            CharBertForPreTraining(make_config(variant="released", share_interaction=False)), tmp_path
        )
    assert not list(tmp_path.iterdir())


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
    keys = released_keys(kind, state, config.num_hidden_layers)
    assert len(keys) == count
    assert {key: list(state[name].shape) for key, name in keys.items()} == listed["keys"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_released_maths_is_that_of_a_literal_restatement(
    kind: str, folder: Callable[[str], Path], batch: dict[str, Tensor]
) -> None:
    model = load_released(folder(kind)).eval().double()
    weights = torch.load(folder(kind) / "pytorch_model.bin", weights_only=True)
    weights = {key.removeprefix(f"{kind}."): weight.double() for key, weight in weights.items()}
    with torch.no_grad():
        hidden = model.charbert(**batch, output_hidden_states=True)
        output = model(**batch)
        token, char = restated(weights, batch, hidden.token_hidden_states[0], model)
        mlm, nlm = restated_heads(kind, weights, token, char, model.config.trunk_config.layer_norm_eps)
    for ours, theirs in (
        (hidden.token_states, token),
        (hidden.char_states, char),
        (output.mlm_logits, mlm),
        (output.nlm_logits, nlm),
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def restated(
    weights: dict[str, Tensor], batch: dict[str, Tensor], token: Tensor, model: CharBertForPreTraining
) -> tuple[Tensor, Tensor]:
    """The authors' encoder after the subword embeddings: one-hot gather, two passes per layer."""
    gru = nn.GRU(8, 4, bidirectional=True, batch_first=True).double()
    gru.load_state_dict({name: weights[f"char_embeddings.rnn_layer.{name}"] for name in gru.state_dict()})
    states, _ = gru(weights["char_embeddings.char_embeddings.weight"][batch["char_input_ids"]])
    length = states.shape[1]
    char = torch.cat([F.one_hot(batch[n], length).double() @ states for n in ("start_ids", "end_ids")], -1)
    mask = (1.0 - batch["attention_mask"][:, None, None].double()) * -10000.0
    fusion = "encoder.fusion_layer" + ("_list.0" if "encoder.fusion_layer_list.0.bias" in weights else "")
    eps = model.config.trunk_config.layer_norm_eps
    for index in range(2):
        token, char = (block(weights, f"encoder.layer.{index}.", x, mask, eps) for x in (token, char))
        a = token @ weights["encoder.word_linear1.weight"].T
        b = char @ weights["encoder.char_linear1.weight"].T
        fused = F.conv1d(
            torch.cat([a, b], -1).transpose(1, 2),
            weights[f"{fusion}.weight"],
            weights[f"{fusion}.bias"],
            padding=1,
        ).transpose(1, 2)
        token, char = (
            norm(weights, f"encoder.{name}_norm.", fused + x, eps)
            for name, x in (("word", token), ("char", char))
        )
    return token, char


def block(weights: dict[str, Tensor], prefix: str, states: Tensor, mask: Tensor, eps: float) -> Tensor:
    """One post-norm Transformer block with two heads and an additive mask."""

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, weights[f"{prefix}{name}.weight"], weights[f"{prefix}{name}.bias"])

    query, key, value = (
        linear(f"attention.self.{name}", states).unflatten(-1, (2, 8)).transpose(1, 2)
        for name in ("query", "key", "value")
    )
    scores = query @ key.transpose(-1, -2) / 8**0.5 + mask
    context = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
    attended = norm(
        weights,
        f"{prefix}attention.output.LayerNorm.",
        states + linear("attention.output.dense", context),
        eps,
    )
    inner = F.gelu(linear("intermediate.dense", attended))
    return norm(weights, f"{prefix}output.LayerNorm.", attended + linear("output.dense", inner), eps)


def restated_heads(
    kind: str, weights: dict[str, Tensor], token: Tensor, char: Tensor, eps: float
) -> tuple[Tensor, Tensor]:
    """The authors' MLM and NLM scores."""
    if kind == "bert":
        head = "cls.predictions."
        mlm = ("transform.dense", "transform.LayerNorm.")
        nlm = ("adv_transform.dense", "adv_transform.LayerNorm.")
    else:
        head = "lm_head."
        mlm, nlm = ("dense", "layer_norm."), ("char_dense", "layer_norm.")

    def transform(names: tuple[str, str], states: Tensor) -> Tensor:
        dense = F.linear(states, weights[f"{head}{names[0]}.weight"], weights[f"{head}{names[0]}.bias"])
        return norm(weights, head + names[1], F.gelu(dense), eps)

    return (
        F.linear(transform(mlm, token), weights[f"{head}decoder.weight"], weights[f"{head}bias"]),
        F.linear(
            transform(nlm, char), weights[f"{head}adv_decoder.weight"], weights[f"{head}adv_decoder.bias"]
        ),
    )


def norm(weights: dict[str, Tensor], prefix: str, states: Tensor, eps: float) -> Tensor:
    size = states.shape[-1:]
    return F.layer_norm(states, size, weights[f"{prefix}weight"], weights[f"{prefix}bias"], eps)
