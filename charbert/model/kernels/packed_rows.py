"""Recurrent networks over rows of different lengths."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

Network = Callable[[PackedSequence], tuple[PackedSequence, Any]]


def read_packed(network: Network, rows: Tensor, lengths: Tensor) -> Tensor:
    """Map padded rows, (B, T, F), to the states of a recurrent network, (B, T, D), zeros after the end of a row.

    On a GPU it runs without autocast, in the precision of its weights: cuDNN's networks would compute in float16
    whatever precision autocast has, and without a scale of the loss small gradients are zero there.

    Args:
        network: a GRU or an LSTM with ``batch_first``.
        rows: in the precision of its weights.
        lengths: of the rows, (B,); of an empty row one step is read.
    """
    packed = pack_padded_sequence(rows, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
    with torch.autocast("cuda", enabled=False):
        states, _ = network(packed)
    return pad_packed_sequence(states, batch_first=True, total_length=rows.shape[1])[0]
