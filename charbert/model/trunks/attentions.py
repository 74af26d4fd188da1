"""The attention weights of a trunk's layers, collected while they run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor
from transformers import PreTrainedModel

from charbert.errors import SettingsError
from charbert.model.kernels.cpu_attention import chosen_attention
from charbert.model.trunks.adapter import TrunkAdapter


@contextmanager
def recorded_attentions(trunk: PreTrainedModel, adapter: TrunkAdapter, *, wanted: bool) -> Iterator[list[Tensor]]:
    """Collect the attention weights of each step, (B, heads, T, T), while layers run; nothing unless ``wanted``.

    Raises:
        SettingsError: if the attention implementation does not compute them.
    """
    weights: list[Tensor] = []
    if not wanted:
        yield weights
        return
    chosen = chosen_attention(trunk.config)
    if chosen != "eager":
        raise SettingsError(f"output_attentions needs attn_implementation='eager', got {chosen!r}")
    record: Callable[..., None] = lambda _module, _inputs, output: weights.append(output[1])  # noqa: E731
    modules = dict.fromkeys(adapter.attention(layer) for layer in adapter.layers(trunk))  # a shared one once
    hooks = [module.register_forward_hook(record) for module in modules]
    try:
        yield weights
    finally:
        for hook in hooks:
            hook.remove()
