"""The recurrence of a Bi-GRU with its own backward pass: both directions in one product per character.

A GRU's input product depends on the character alone, so it is computed once per entry of the character vocabulary and
looked up (Eq. 1). In the backward pass the gradients of the recurrent weights are one product over all characters at
the end instead of one for each.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def read_both_ways(ids: Tensor, table: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    """Return the states of a Bi-GRU over characters, (2, C, B, h), from a state of zeros.

    The maths is that of ``torch.nn.GRU``, with gates in its order: reset, update, new.

    Args:
        ids: characters in the order in which each direction reads them, (2, C, B).
        table: the input's share of the gates for each character of the vocabulary, (2, V, 3h).
        weight_hh: (2, 3h, h).
        bias_hh: (2, 3h).
    """
    if torch.is_grad_enabled():
        states: Tensor = _Recurrence.apply(ids, table, weight_hh, bias_hh)
        return states
    return _forward(ids, table, weight_hh, bias_hh, keep=False)[0]


def _look_up(ids: Tensor, table: Tensor) -> Tensor:
    return torch.stack([table[way].index_select(0, ids[way].flatten()) for way in range(2)]).view(*ids.shape, -1)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Turn garbage collection off: the thousands of views made here would trigger full collections."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _forward(
    ids: Tensor, table: Tensor, weight_hh: Tensor, bias_hh: Tensor, *, keep: bool = True
) -> tuple[Tensor, ...]:
    """Return the states, the reset and update gates, the new gate and its recurrent part, (2, C, B, ...).

    The last is filled only with ``keep``, for the backward pass.
    """
    batch, size = ids.shape[-1], weight_hh.shape[-1]
    gates = _look_up(ids, table[..., : 2 * size])  # (2, C, B, 2h)
    new = _look_up(ids, table[..., 2 * size :])  # (2, C, B, h)
    states, recurrent_new = torch.empty_like(new), torch.empty_like(new)
    weight, bias = weight_hh.transpose(1, 2).contiguous(), bias_hh[:, None]
    product = new.new_empty(2, batch, 3 * size)
    product_gates, product_new = product[..., : 2 * size], product[..., 2 * size :]
    state = new.new_zeros(2, batch, size)
    with _without_collection():
        steps = zip(*(part.unbind(1) for part in (gates, new, states, recurrent_new)), strict=True)
        for step_gates, step_new, step_state, step_recurrent in steps:
            torch.baddbmm(bias, state, weight, out=product)
            step_gates.add_(product_gates).sigmoid_()
            if keep:
                step_recurrent.copy_(product_new)
            step_new.addcmul_(step_gates[..., :size], product_new).tanh_()
            state = torch.lerp(step_new, state, step_gates[..., size:], out=step_state)
    return states, gates, new, recurrent_new


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ids: Tensor, table: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
        states, *saved = _forward(ids, table, weight_hh, bias_hh)
        ctx.save_for_backward(ids, weight_hh, states, *saved)
        ctx.vocab_size = table.shape[1]
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        ids, weight_hh, states, gates, new, recurrent_new = ctx.saved_tensors
        _, length, batch, size = states.shape
        previous = torch.cat([states.new_zeros(2, 1, batch, size), states[:, :-1]], dim=1)
        reset, update = gates[..., :size], gates[..., size:]
        # A step's factors do not depend on the step after it, so they are computed for all steps at once.
        of_update = (previous - new).mul_(update).mul_(1 - update)
        of_new = (1 - update).mul_(1 - new * new)
        of_reset = (1 - reset).mul_(reset).mul_(recurrent_new)
        inputs, recurrents = (states.new_empty(2, length, batch, 3 * size) for _ in range(2))
        with _without_collection():
            _walk_back(gradients[0], weight_hh, (of_reset, of_update, of_new, reset, update), inputs, recurrents)
        inputs[..., : 2 * size] = recurrents[..., : 2 * size]
        flat = recurrents.view(2, length * batch, 3 * size)
        of_weight = torch.bmm(flat.transpose(1, 2), previous.view(2, length * batch, size))
        of_table = inputs.new_zeros(2, ctx.vocab_size, 3 * size)
        for way in range(2):
            of_table[way].index_add_(0, ids[way].flatten(), inputs[way].view(length * batch, 3 * size))
        return None, of_table, of_weight, flat.sum(1)


def _walk_back(
    gradient: Tensor, weight_hh: Tensor, factors: tuple[Tensor, ...], inputs: Tensor, recurrents: Tensor
) -> None:
    """Fill the gradients of the gates' input and recurrent parts, from the last character to the first.

    Args:
        gradient: of the states, (2, C, B, h).
        weight_hh: (2, 3h, h).
        factors: of reset, update and new gate, then the reset and the update gate themselves, (2, C, B, h) each.
        inputs: its last third is filled, (2, C, B, 3h).
        recurrents: filled, (2, C, B, 3h).
    """
    size = weight_hh.shape[-1]
    carried = torch.zeros_like(gradient[:, 0])
    steps = [gradient, *factors, inputs[..., 2 * size :], *recurrents.split(size, dim=-1), recurrents]
    for step in zip(*(reversed(part.unbind(1)) for part in steps), strict=True):
        arriving, of_reset, of_update, of_new, reset, update, input_new, to_reset, to_update, to_new, all_three = step
        carried.add_(arriving)
        torch.mul(carried, of_update, out=to_update)
        torch.mul(carried, of_new, out=input_new)
        torch.mul(input_new, of_reset, out=to_reset)
        torch.mul(input_new, reset, out=to_new)
        torch.baddbmm(carried.mul_(update), all_three, weight_hh, out=carried)
