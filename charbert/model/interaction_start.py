"""Initial weights of interactions with almost no effect, so that pretraining starts near the trunk."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from charbert.model.interaction import Interaction
from charbert.model.trunk import trunk_adapter

_ROWS, _SUBWORDS = 32, 32
_SEED = 0


class StateScale(NamedTuple):
    """Mean and standard deviation over the H features of a state, averaged over subwords."""

    mean: float
    deviation: float


@torch.no_grad()
def state_scales(trunk: PreTrainedModel) -> list[StateScale]:
    """Return the scale of the states after each layer of a trunk, on random subwords of its vocabulary.

    A separate generator with a fixed seed draws the same subwords each time.
    """
    adapter = trunk_adapter(trunk.config)
    length = min(_SUBWORDS, getattr(trunk.config, "max_position_embeddings", _SUBWORDS) - 2)  # RoBERTa counts from 2
    drawn = torch.randint(trunk.config.vocab_size, (_ROWS, length), generator=torch.Generator().manual_seed(_SEED))
    was_training = trunk.training
    trunk.eval()  # without dropout
    scales = []
    states: Tensor = adapter.embed(trunk, drawn.to(trunk.device))  # (32, T, H)
    for index, inputs in enumerate(adapter.layer_inputs(trunk, states, None)):
        states = adapter.run_layer(trunk, index, states, inputs)
        scales.append(StateScale(states.mean().item(), states.std(dim=-1, correction=0).mean().item()))
    trunk.train(was_training)
    return scales


def start_at_trunk(interactions: Sequence[Interaction], trunk: PreTrainedModel) -> None:
    """Initialize interactions to add nothing, and to keep states at the scale that the trunk's next layer expects.

    By default an interaction's layer norm scales every state to a deviation of 1, where MiniLM's layers give 0.6, and
    its convolution adds noise. An interaction that all layers share takes the mean of their scales.

    Args:
        interactions: one per layer, or one for all; changed in place.
        trunk: with its pretrained weights.
    """
    scales = state_scales(trunk)
    if len(interactions) == 1:
        scales = [StateScale(*map(fmean, zip(*scales, strict=True)))]
    for interaction, scale in zip(interactions, scales, strict=True):
        interaction.start_near_identity(*scale)
