"""Training steps and forward passes of the compared models."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig

from charbert.batch import IGNORED_LABEL
from charbert.benchmarks.released_maths import ReleasedMaths
from charbert.config.bench import BenchSettings, ShapeSettings
from charbert.config.training.trainer import Precision
from charbert.model import CharBertConfig, CharBertForPreTraining

CHARACTERS = 1000
"""Characters of the paper's vocabulary."""
LABELED = 0.10
"""Share of the subwords that each objective predicts."""
SPELLING = 4.4
"""Characters per subword including the separator, of English text with the subwords of bert-base-cased."""

RELEASED, OURS, PAPER, TRUNK = "released maths", "ours", "ours, as the paper writes it", "trunk"
"""Competitors: the authors' implementation; the same model in our code; our default, with an interaction per layer and
the division of Eqs. 5-6; the trunk alone with MLM, in our code."""


def build_model(name: str, bench: BenchSettings, shape: ShapeSettings, dropout: float) -> Any:
    """Return a competitor with random weights, on the accelerator if there is one."""
    trunk = BertConfig(
        vocab_size=bench.subwords,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.hidden_size,
        max_position_embeddings=max(512, shape.length),
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    options: dict[str, Any] = {"char_vocab_size": CHARACTERS, "nlm_vocab_size": bench.words}
    if name == TRUNK:
        options = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    elif name != PAPER:
        options["variant"] = "released"
    config = CharBertConfig(trunk_config=trunk, **options)
    torch.manual_seed(0)
    model = ReleasedMaths(config) if name == RELEASED else CharBertForPreTraining(config)
    return model.to(device())


def make_batch(bench: BenchSettings, shape: ShapeSettings) -> dict[str, Tensor]:
    """Return a batch of full sequences with the labels of both objectives."""
    generator = torch.Generator().manual_seed(0)
    rows, length = shape.batch_size, shape.length
    spelled = torch.full((rows, length), SPELLING).cumsum(1).long()  # one past each subword's separator
    labels = torch.rand(2, rows, length, generator=generator) < LABELED
    size = (rows, length)
    fields = {
        "input_ids": torch.randint(5, bench.subwords, size, generator=generator),
        "attention_mask": torch.ones(rows, length, dtype=torch.long),
        "token_type_ids": torch.zeros(rows, length, dtype=torch.long),
        "char_input_ids": torch.randint(4, CHARACTERS, (rows, int(spelled[0, -1]) + 1), generator=generator),
        "start_ids": torch.cat([torch.zeros(rows, 1, dtype=torch.long), spelled[:, :-1]], dim=1),
        "end_ids": spelled - 2,
        "mlm_labels": torch.randint(bench.subwords, size, generator=generator).masked_fill(~labels[0], IGNORED_LABEL),
        "nlm_labels": torch.randint(bench.words, size, generator=generator).masked_fill(~labels[1], IGNORED_LABEL),
    }
    return {name: values.to(device()) for name, values in fields.items()}


def training_step(
    name: str, bench: BenchSettings, shape: ShapeSettings, precision: Precision, dropout: float
) -> Callable[[], None]:
    """Return a pretraining step: forward, backward, clipping and AdamW, as in the Trainer."""
    model, batch = build_model(name, bench, shape, dropout).train(), _inputs(name, make_batch(bench, shape))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        with autocast(precision):
            output = model(**batch)
        loss = output if isinstance(output, Tensor) else output["loss"]
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def training_flops(name: str, bench: BenchSettings, shape: ShapeSettings) -> float:
    """Return the operations of the matrix products in a training step: three times those of a forward pass.

    Two per weight and subword in layers and interactions, and those of attention. Heads, embeddings and the GRU are
    left out, so a utilization computed from it is a lower bound.
    """
    size, subwords = shape.hidden_size, shape.batch_size * shape.length
    channels = 1 if name == TRUNK else 2
    layer = channels * (12 * size**2 + 2 * shape.length * size)
    interaction = {TRUNK: 0, PAPER: 10}.get(name, 8) * size**2
    return 3.0 * 2 * subwords * shape.layers * (layer + interaction)


def char_encoder_step(bench: BenchSettings, shape: ShapeSettings, precision: Precision) -> Callable[[], None]:
    """Return the forward and backward pass of the char encoder."""
    encoder = build_model(PAPER, bench, shape, bench.dropout).train().base_model.char_encoder
    batch = make_batch(bench, shape)
    inputs = [batch[name] for name in ("char_input_ids", "start_ids", "end_ids")]

    def step() -> None:
        with autocast(precision):
            states = encoder(*inputs)
        states.backward(torch.ones_like(states))
        encoder.zero_grad()

    return step


def inference(name: str, bench: BenchSettings, shape: ShapeSettings, precision: Precision) -> Callable[[], None]:
    """Return a forward pass of the encoder without a graph."""
    encoder = build_model(name, bench, shape, bench.dropout).eval().base_model
    inputs = _inputs(name, make_batch(bench, shape))
    batch = {key: values for key, values in inputs.items() if not key.endswith("labels")}

    @torch.inference_mode()
    def run() -> None:
        with autocast(precision):
            encoder(**batch)

    return run


def _inputs(name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    trunk = ("input_ids", "attention_mask", "token_type_ids", "mlm_labels")
    return {key: batch[key] for key in trunk} if name == TRUNK else batch


def device() -> torch.device:
    """Return the accelerator, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(precision: Precision) -> torch.autocast:
    """Return the context in which a computation has this precision."""
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=precision is Precision.bf16)
