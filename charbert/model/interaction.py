"""The interaction: the token channel and the char channel enrich each other after a Transformer layer."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.modeling_layers import GradientCheckpointingLayer

from charbert.model.kernels.folded_interaction import FoldedConvolution


class Interaction(GradientCheckpointingLayer):
    """Base of all interactions: a linear map of each channel, and a convolution over both, concatenated.

    Args:
        hidden_size: H.
        window: width of the convolution, in subwords; odd, since T would not be preserved otherwise.
        bias: whether the linear maps have a bias.
    """

    def __init__(self, hidden_size: int, window: int, norm_eps: float, *, bias: bool) -> None:
        super().__init__()
        self.token_in, self.char_in = (nn.Linear(hidden_size, hidden_size, bias=bias) for _ in range(2))
        self.mix = nn.Conv1d(2 * hidden_size, hidden_size, window, padding=window // 2)
        self.token_norm: nn.Module
        self.char_norm: nn.Module
        self.token_norm, self.char_norm = (nn.LayerNorm(hidden_size, eps=norm_eps) for _ in range(2))

    def output_maps(self) -> list[nn.Module]:
        """Return the maps whose output is added to the channels."""
        return [self.mix]

    @torch.no_grad()
    def start_near_identity(self, mean: float, deviation: float) -> None:
        """Set weights that add nothing and nearly keep states of this mean and deviation over H."""
        for part in self.output_maps():
            for parameter in part.parameters():
                parameter.zero_()
        for norm in (self.token_norm, self.char_norm):
            if isinstance(norm, nn.LayerNorm):
                norm.weight.fill_(deviation)
                norm.bias.fill_(mean)

    def fold(self) -> FoldedConvolution | None:
        """Return the convolution with the linear maps before it in its kernel; None where it cannot be folded."""
        return FoldedConvolution.of(self.token_in, self.char_in, self.mix)

    def fuse(self, token: Tensor, char: Tensor, mask: Tensor | None, folded: FoldedConvolution | None) -> Tensor:
        """Map both channels, (B, T, H), and convolve them along T to (B, T, H), with zeros where ``mask`` is False."""
        if folded is not None:
            return folded.apply(token, char, mask)
        joint = torch.cat([self.token_in(token), self.char_in(char)], dim=-1)  # (B, T, 2H), Eq. 3
        if mask is not None:
            joint = joint.masked_fill(~mask[..., None], 0.0)
        mixed: Tensor = self.mix(joint.transpose(1, 2))
        return mixed.transpose(1, 2)


class HeterogeneousInteraction(Interaction):
    """Fuse both channels, then divide the fused states between them.

    Paper: Sec. 3.4, fuse (Eqs. 3-4) and divide (Eqs. 5-6).
    Released code: stops after the convolution and shares it across layers; see ReleasedInteraction.
    Departure: padding is set to zero before the convolution, like positions outside the sequence, so that the window of
        the last subword never reads it.
    """

    def __init__(self, hidden_size: int, window: int = 3, norm_eps: float = 1e-12) -> None:
        super().__init__(hidden_size, window, norm_eps, bias=True)
        self.token_out, self.char_out = (nn.Linear(hidden_size, hidden_size) for _ in range(2))

    def output_maps(self) -> list[nn.Module]:
        """Return the two maps of the division."""
        return [self.token_out, self.char_out]

    def forward(
        self, token: Tensor, char: Tensor, mask: Tensor | None = None, folded: FoldedConvolution | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map both channels, each (B, T, H), to their enriched selves.

        Args:
            token: (B, T, H).
            char: (B, T, H).
            mask: True on subwords and False on padding, (B, T); None: padding is read.
            folded: of ``fold``, to compute Eq. 3 and the convolution in one product.
        """
        fused = torch.tanh(self.fuse(token, char, mask, folded))  # (B, T, H), Eqs. 3-4
        token = self.token_norm(token + F.gelu(self.token_out(fused)))  # Eqs. 5-6
        char = self.char_norm(char + F.gelu(self.char_out(fused)))
        return token, char


class ResidualInteraction(HeterogeneousInteraction):
    """Fuse and divide as the paper does, and add to the channels without the layer norms of Eq. 6.

    Ours: a layer norm cannot leave the states of a trunk unchanged, since their scale differs from subword to subword.
    Without it, and with ``interaction_start="trunk"``, the token channel starts as exactly the trunk.
    """

    def __init__(self, hidden_size: int, window: int = 3, norm_eps: float = 1e-12) -> None:
        super().__init__(hidden_size, window, norm_eps)
        self.token_norm, self.char_norm = nn.Identity(), nn.Identity()


class ReleasedInteraction(Interaction):
    """The interaction of the authors' weights.

    Released code: no biases in Eq. 3, no tanh in Eq. 4, and no divide: the convolution's output is added to both
        channels.
    """

    def __init__(self, hidden_size: int, window: int = 3, norm_eps: float = 1e-12) -> None:
        super().__init__(hidden_size, window, norm_eps, bias=False)

    def forward(
        self, token: Tensor, char: Tensor, mask: Tensor | None = None, folded: FoldedConvolution | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map both channels as HeterogeneousInteraction does; the authors pass no ``mask``."""
        fused = self.fuse(token, char, mask, folded)  # (B, T, H)
        return self.token_norm(token + fused), self.char_norm(char + fused)


INTERACTIONS: dict[str, Callable[[int, int, float], Interaction]] = {
    "paper": HeterogeneousInteraction,
    "released": ReleasedInteraction,
    "residual": ResidualInteraction,
}
"""Interaction modules by their name in a configuration."""
