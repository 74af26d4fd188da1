"""Parity with tensors computed once with the authors' model, on small random weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertConfig, RobertaConfig

from charbert.batch import CHAR_INPUTS
from charbert.model import (
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.model.released.weights import load_released, load_released_encoder, released_keys

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden"
CLOSE = {"rtol": 0.0, "atol": 1e-5}


class Golden:
    """One file of tensors, and our models on its weights."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.tensors = load_file(GOLDEN / f"{kind}_seed0.safetensors")
        settings = json.loads((GOLDEN / f"{kind}_seed0.json").read_text())["config"]
        trunk_class = BertConfig if kind == "bert" else RobertaConfig
        self.trunk_config = trunk_class(**settings)
        self.state = {
            name.removeprefix("state."): tensor for name, tensor in self.tensors.items() if name.startswith("state.")
        }

    def pretraining(self) -> CharBertForPreTraining:
        return load_released(self.state, trunk_config=self.trunk_config).eval()

    def head(self, model_class: type, **settings: Any) -> Any:
        return load_released_encoder(self.state, model_class, trunk_config=self.trunk_config, **settings).eval()

    def inputs(self, task: str) -> dict[str, Tensor]:
        names = ["input_ids", "attention_mask", *CHAR_INPUTS]
        if self.kind == "bert" and task != "pretrain":
            names.append("token_type_ids")
        return {name: self.tensors[f"{task}.in.{name}"] for name in names}

    def labels(self, name: str) -> Tensor:
        labels = self.tensors[f"pretrain.in.{name}"]
        return labels.masked_fill(labels == -1, -100)


@pytest.fixture(params=["bert", "roberta"], scope="module")
def golden(request: pytest.FixtureRequest) -> Golden:
    if not (GOLDEN / f"{request.param}_seed0.safetensors").exists():
        pytest.skip(f"{GOLDEN}/{request.param}_seed0.safetensors is not at hand")
    return Golden(request.param)


def record(model: CharBertModel) -> tuple[list[Tensor], list[Tensor]]:
    """Return lists that fill with the layers' outputs for both channels, and with the convolutions'."""
    layers: list[Tensor] = []
    fusions: list[Tensor] = []
    for layer in model.trunk.encoder.layer:
        layer.register_forward_hook(lambda _module, _inputs, output: layers.append(output))
    model.interactions[0].mix.register_forward_hook(lambda _module, _inputs, output: fusions.append(output))
    return layers, fusions


def states_of(model: CharBertModel, inputs: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield every intermediate and final state under the name it has in the file."""
    layers, fusions = record(model)
    gru: list[Tensor] = []
    model.char_encoder.gru.register_forward_hook(lambda _module, _inputs, output: gru.append(output))
    output = model(**inputs, output_hidden_states=True)
    yield "sequence_output", output.token_states
    yield "char_sequence_output", output.char_states
    yield "pooled_output", model.trunk.pooler(output.token_states)
    yield "char_pooled_output", model.trunk.pooler(output.char_states)
    yield "word_embedding_output", output.token_hidden_states[0]
    yield "char_embedding_output", output.char_hidden_states[0]
    yield "char_gru_output", gru[0]
    for index, (both, fusion) in enumerate(zip(layers, fusions, strict=True)):
        yield f"layer{index}.word", output.token_hidden_states[index + 1]
        yield f"layer{index}.char", output.char_hidden_states[index + 1]
        token, char = both.chunk(2)
        yield f"layer{index}.word_transformer", token
        yield f"layer{index}.char_transformer", char
        yield f"layer{index}.fusion", fusion


@pytest.mark.parametrize("task", ["pretrain", "ner", "glue"])
def test_every_state_is_the_authors(golden: Golden, task: str) -> None:
    seen = {"loss", "logits"} | {f"{name}_{kind}" for name in ("mlm", "nlm") for kind in ("loss", "logits")}
    with torch.no_grad():
        for name, ours in states_of(golden.pretraining().charbert, golden.inputs(task)):
            torch.testing.assert_close(ours, golden.tensors[f"{task}.out.{name}"], **CLOSE, msg=name)
            seen.add(name)
    stored = {name.removeprefix(f"{task}.out.") for name in golden.tensors if name.startswith(f"{task}.out.")}
    assert stored <= seen


def test_pretraining_scores_losses_and_gradients_are_the_authors(golden: Golden) -> None:
    model, inputs = golden.pretraining(), golden.inputs("pretrain")
    with torch.no_grad():
        scores = model(**inputs)
    for name in ("mlm", "nlm"):
        theirs = golden.tensors[f"pretrain.out.{name}_logits"]
        torch.testing.assert_close(scores[f"{name}_logits"], theirs, **CLOSE)
    labels = {"mlm_labels": golden.labels("masked_lm_labels"), "nlm_labels": golden.labels("adv_labels")}
    output = model(**inputs, **labels)
    for name in ("mlm_loss", "nlm_loss"):
        torch.testing.assert_close(output[name], golden.tensors[f"pretrain.out.{name}"], **CLOSE)
    output.loss.backward()
    keys = released_keys(golden.kind, dict(model.named_parameters()), model.config.num_hidden_layers)
    gradients = [name for name in golden.tensors if name.startswith("pretrain.grad.")]
    assert len(gradients) == 7
    for name in gradients:
        ours = model.get_parameter(keys[name.removeprefix("pretrain.grad.")]).grad
        torch.testing.assert_close(ours, golden.tensors[name], **CLOSE, msg=name)


def test_losses_without_an_attention_mask_are_the_authors(golden: Golden) -> None:
    inputs = golden.inputs("pretrain")
    del inputs["attention_mask"]
    labels = {"mlm_labels": golden.labels("masked_lm_labels"), "nlm_labels": golden.labels("adv_labels")}
    model = golden.pretraining()
    with torch.no_grad():
        output, scores = model(**inputs, **labels), model(**inputs)
    torch.testing.assert_close(output.mlm_loss, golden.tensors["pretrain_nomask.out.mlm_loss"], **CLOSE)
    torch.testing.assert_close(output.nlm_loss, golden.tensors["pretrain_nomask.out.nlm_loss"], **CLOSE)
    torch.testing.assert_close(scores.mlm_logits, golden.tensors["pretrain_nomask.out.mlm_logits"], **CLOSE)


@pytest.mark.parametrize(
    ("task", "model_class", "store"),
    [
        ("ner", CharBertForTokenClassification, "state_token_cls"),
        ("glue", CharBertForSequenceClassification, "state_seq_cls"),
        ("qa", CharBertForQuestionAnswering, "state_qa"),
    ],
)
def test_fine_tuning_heads_are_the_authors(golden: Golden, task: str, model_class: type, store: str) -> None:
    stored = {
        name.rpartition(".")[2]: tensor for name, tensor in golden.tensors.items() if name.startswith(f"{store}.")
    }
    model = golden.head(model_class, num_labels=len(stored["bias"]))
    model.classifier.load_state_dict(stored)
    inputs = golden.inputs("ner" if task == "qa" else task)
    names = {"qa": ("start_positions", "end_positions")}.get(task, ("labels",))
    labels = {name: golden.tensors[f"{task}.in.{name}"] for name in names}
    with torch.no_grad():
        output = model(**inputs, **labels)
    for name in ("loss", "logits", "start_logits", "end_logits"):
        if f"{task}.out.{name}" in golden.tensors:
            torch.testing.assert_close(output[name], golden.tensors[f"{task}.out.{name}"], **CLOSE, msg=name)
