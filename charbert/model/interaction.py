"""How the token channel and the char channel enrich each other after a Transformer layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.modeling_layers import GradientCheckpointingLayer

from charbert.errors import SettingsError


class HeterogeneousInteraction(GradientCheckpointingLayer):
    """Fuse both channels, then divide the fusion again between them.

    Paper: Sec. 3.4, fuse (Eqs. 3-4) and divide (Eqs. 5-6).
    Released code: stops after the convolution and shares it across layers; see ReleasedInteraction.
    Departure: padding is zero before the convolution, as the positions outside the sequence are, so that the
        window of the last subword never reads it.

    Raises:
        SettingsError: if ``window`` is even, since T would not be preserved.
    """

    def __init__(self, hidden_size: int, window: int = 3, norm_eps: float = 1e-12) -> None:
        super().__init__()
        _check_window(window)
        self.token_in, self.char_in, self.token_out, self.char_out = (
            nn.Linear(hidden_size, hidden_size) for _ in range(4)
        )
        self.mix = nn.Conv1d(2 * hidden_size, hidden_size, window, padding=window // 2)
        self.token_norm, self.char_norm = (nn.LayerNorm(hidden_size, eps=norm_eps) for _ in range(2))

    def forward(self, token: Tensor, char: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map both channels, each (B, T, H), to their enriched selves.

        ``mask``, (B, T), is True on subwords and False on padding; without it padding is read.
        """
        joint = torch.cat([self.token_in(token), self.char_in(char)], dim=-1)  # (B, T, 2H), Eq. 3
        fused = torch.tanh(_mix(self.mix, joint, mask))  # (B, T, H), Eq. 4
        token = self.token_norm(token + F.gelu(self.token_out(fused)))  # Eqs. 5-6
        char = self.char_norm(char + F.gelu(self.char_out(fused)))
        return token, char


class ReleasedInteraction(GradientCheckpointingLayer):
    """The interaction as the authors' weights need it.

    Released code: no biases in Eq. 3, no tanh in Eq. 4, and no divide: the convolution's output itself is
        added to both channels.

    Raises:
        SettingsError: if ``window`` is even, since T would not be preserved.
    """

    def __init__(self, hidden_size: int, window: int = 3, norm_eps: float = 1e-12) -> None:
        super().__init__()
        _check_window(window)
        self.token_in, self.char_in = (nn.Linear(hidden_size, hidden_size, bias=False) for _ in range(2))
        self.mix = nn.Conv1d(2 * hidden_size, hidden_size, window, padding=window // 2)
        self.token_norm, self.char_norm = (nn.LayerNorm(hidden_size, eps=norm_eps) for _ in range(2))

    def forward(self, token: Tensor, char: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map both channels as HeterogeneousInteraction does; the authors give no ``mask``."""
        joint = torch.cat([self.token_in(token), self.char_in(char)], dim=-1)  # (B, T, 2H)
        fused = _mix(self.mix, joint, mask)  # (B, T, H)
        return self.token_norm(token + fused), self.char_norm(char + fused)


INTERACTIONS: dict[str, type[nn.Module]] = {
    "paper": HeterogeneousInteraction,
    "released": ReleasedInteraction,
}
"""Interaction modules by the name they have in a configuration."""


def _mix(mix: nn.Conv1d, joint: Tensor, mask: Tensor | None) -> Tensor:
    """Convolve (B, T, 2H) along T to (B, T, H), with zeros wherever ``mask`` is False."""
    if mask is not None:
        joint = joint.masked_fill(~mask[..., None], 0.0)
    return mix(joint.transpose(1, 2)).transpose(1, 2)


def _check_window(window: int) -> None:
    if window < 1 or window % 2 == 0:
        raise SettingsError(f"interaction_window must be odd to preserve the length, got {window}")
