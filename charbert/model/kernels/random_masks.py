"""Dropout on a CPU in a tenth of the usual time: fifteen random bits decide whether a value is dropped.

PyTorch draws one random number of full precision per value on a CPU, which in bfloat16 takes longer than the matrix
product before it. Here raw bits of a fast generator are compared as small integers, many at a time.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_LEVELS = 2**15
_VALUE_BITS = _LEVELS - 1
_INTEGERS = {2: torch.int16, 4: torch.int32}
"""Integer types that mask floating point types, by size in bytes."""


def drop_threshold(probability: float) -> int:
    """Return how many of 2**15 equally likely numbers mean that a value is dropped."""
    return round(probability * _LEVELS)


def keep_scale(probability: float) -> float:
    """Return the factor of kept values that leaves the expectation unchanged.

    It is computed from the threshold, which may differ from the probability by 2**-16.
    """
    return _LEVELS / (_LEVELS - drop_threshold(probability))


def draw_signs(shape: torch.Size, probability: float) -> Tensor:
    """Return int16 numbers that are negative with the given probability, drawn independently.

    The seed comes from torch's global generator, so restoring its state restores the masks.
    """
    count = shape.numel()
    seed = int(torch.randint(2**63 - 1, (), dtype=torch.int64))
    bits = np.random.SFC64(seed).random_raw(-(-count // 4)).view(np.int16)
    numbers = torch.from_numpy(bits)[:count].view(shape)
    return numbers.bitwise_and_(_VALUE_BITS).sub_(drop_threshold(probability))


class _Dropped(torch.autograd.Function):
    """Set values whose random number is negative to zero and scale the others, forward and backward."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, probability: float) -> Tensor:
        kept = draw_signs(values.shape, probability).bitwise_right_shift_(15).bitwise_not_()  # all bits or none
        ctx.save_for_backward(kept.to(torch.int8))
        ctx.scale = keep_scale(probability)
        return _masked(values, kept, ctx.scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return _masked(gradients[0], kept, ctx.scale), None


def _masked(values: Tensor, kept: Tensor, scale: float) -> Tensor:
    """Return the values scaled where ``kept`` is -1, and zero where it is 0."""
    integers = _INTEGERS[values.element_size()]
    return torch.bitwise_and(values.contiguous().view(integers), kept.to(integers)).view(values.dtype).mul_(scale)


class MaskDropout(nn.Dropout):
    """Dropout that draws raw bits on a CPU, and PyTorch's dropout elsewhere.

    The probability is met to 2**-16, the expectation exactly.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Return the values with some of them dropped in training, and the same values otherwise."""
        if not (self.training and drops_cheaply(values, self.p)):
            return super().forward(values)
        return _Dropped.apply(values, self.p)


def drops_cheaply(values: Tensor, probability: float) -> bool:
    """Return whether raw bits can be used for these values: on a CPU, of two or four bytes, not compiled."""
    return (
        values.device.type == "cpu"
        and values.element_size() in _INTEGERS
        and 0 < drop_threshold(probability) < _LEVELS
        and not torch.compiler.is_compiling()
    )


def replace_dropout(model: nn.Module) -> None:
    """Replace every plain dropout inside a module by one that draws raw bits."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Dropout:
                setattr(parent, name, MaskDropout(child.p, child.inplace))
