"""An interaction's linear maps folded into the convolution after them: one product instead of two, exactly equal."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.model.kernels import is_plain


def folding_pays(subwords: int, hidden_size: int) -> bool:
    """Return whether folding takes less time than it saves.

    For N subwords, in one layer or in several that share the interaction, the maps cost 4 H^2 N operations and folding
    them 12 H^3. A graph that is traced or compiled is left as it is.
    """
    return subwords > 3 * hidden_size and not torch.compiler.is_compiling()


class FoldedConvolution(NamedTuple):
    """A convolution along T that includes the linear maps before it (Eqs. 3-4)."""

    weight: Tensor
    """(H, 2H, window)."""
    bias: Tensor | None
    """The convolution's own, (H)."""
    map_bias: Tensor | None
    """What the biases of the maps add where there is a subword, (H, 1, window); None for maps without a bias."""

    @classmethod
    def of(cls, token_in: nn.Linear, char_in: nn.Linear, mix: nn.Conv1d) -> FoldedConvolution | None:
        """Fold two maps (H to H) into a convolution (2H to H); None where an adapter or a hook is on one of them.

        Folding reads the weights alone, so an adapter or a hook would have no effect.
        """
        parts = ((token_in, nn.Linear), (char_in, nn.Linear), (mix, nn.Conv1d))
        if not all(is_plain(*part) for part in parts):
            return None
        maps, halves = (token_in, char_in), mix.weight.chunk(2, dim=1)  # (H, H, window) each
        folded = [torch.einsum("oiw,ij->ojw", half, linear.weight) for half, linear in zip(halves, maps, strict=True)]
        weight = torch.cat(folded, dim=1)
        if token_in.bias is None:
            return cls(weight, mix.bias, None)
        biases = torch.cat([linear.bias for linear in maps])
        return cls(weight, mix.bias, torch.einsum("oiw,i->ow", mix.weight, biases)[:, None])

    def apply(self, token: Tensor, char: Tensor, mask: Tensor | None) -> Tensor:
        """Map both channels, (B, T, H) each, to (B, T, H), reading zeros where ``mask``, (B, T), is False."""
        joint = torch.cat([token, char], dim=-1)  # (B, T, 2H)
        if mask is not None:
            joint = joint.masked_fill(~mask[..., None], 0.0)
        joint, padding = joint.transpose(1, 2), self.weight.shape[2] // 2
        mixed = F.conv1d(joint, self.weight, self.bias, padding=padding)
        if self.map_bias is not None:  # a bias of Eq. 3 is added at subwords, and not outside the text
            real = joint.new_ones(1, 1, joint.shape[2]) if mask is None else mask[:, None].to(joint.dtype)
            mixed = mixed + F.conv1d(real, self.map_bias, padding=padding)
        return mixed.transpose(1, 2)
