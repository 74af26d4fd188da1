"""The released variant against a literal restatement of the authors' maths, on any machine."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.model import CharBertForPreTraining
from charbert.model.released.weights import load_released


@pytest.mark.parametrize("kind", ["bert", "roberta"])
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
            norm(weights, f"encoder.{name}_norm.", fused + x, eps) for name, x in (("word", token), ("char", char))
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
        F.linear(transform(nlm, char), weights[f"{head}adv_decoder.weight"], weights[f"{head}adv_decoder.bias"]),
    )


def norm(weights: dict[str, Tensor], prefix: str, states: Tensor, eps: float) -> Tensor:
    size = states.shape[-1:]
    return F.layer_norm(states, size, weights[f"{prefix}weight"], weights[f"{prefix}bias"], eps)
