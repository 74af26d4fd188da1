"""The authors' pretraining step, implemented as they do, as a reference for speed.

Released code: one-hot products instead of a gather, characters padded to six per subword, the same layer called
twice, attention weights of eager attention, and scores over both vocabularies at every position.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.model import CharBertConfig

CHARACTERS_PER_SUBWORD = 6
"""Length of the authors' character sequence, per subword of ``max_length``."""


class ReleasedMaths(nn.Module):
    """The released model with both heads; sizes and dropout are those of a configuration of ours."""

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__()
        trunk = config.trunk_config
        size = trunk.hidden_size
        self.embeddings = _Embeddings(trunk)
        self.char_embedding = nn.Embedding(config.char_vocab_size, config.char_embedding_size)
        self.gru = nn.GRU(config.char_embedding_size, size // 4, bidirectional=True, batch_first=True)
        self.layers = nn.ModuleList(_Layer(trunk) for _ in range(trunk.num_hidden_layers))
        self.token_in, self.char_in = (nn.Linear(size, size, bias=False) for _ in range(2))
        self.fusion = nn.Conv1d(2 * size, size, 3, padding=1)
        self.token_norm, self.char_norm = (nn.LayerNorm(size, eps=trunk.layer_norm_eps) for _ in range(2))
        self.mlm, self.nlm = (
            _Head(size, words, trunk.layer_norm_eps) for words in (trunk.vocab_size, config.nlm_vocab_size)
        )
        self.mlm.decoder.weight = self.embeddings.word.weight

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        char_input_ids: Tensor,
        start_ids: Tensor,
        end_ids: Tensor,
        mlm_labels: Tensor,
        nlm_labels: Tensor,
    ) -> Tensor:
        """Return the sum of both losses, for the inputs that our model reads."""
        spare = CHARACTERS_PER_SUBWORD * input_ids.shape[1] - char_input_ids.shape[1]
        states, _ = self.gru(self.char_embedding(F.pad(char_input_ids, (0, spare))))
        ends = [F.one_hot(where, states.shape[1]).to(states.dtype) @ states for where in (start_ids, end_ids)]
        token, char = self.embeddings(input_ids, token_type_ids), torch.cat(ends, dim=-1)
        mask = (1.0 - attention_mask[:, None, None].to(token.dtype)) * -10000.0
        for layer in self.layers:
            token, char = layer(token, mask), layer(char, mask)
            joint = torch.cat([self.token_in(token), self.char_in(char)], dim=-1)
            fused = self.fusion(joint.permute(0, 2, 1)).permute(0, 2, 1)
            token, char = self.token_norm(fused + token), self.char_norm(fused + char)
        return _loss(self.mlm(token), mlm_labels) + _loss(self.nlm(char), nlm_labels)


class _Embeddings(nn.Module):
    def __init__(self, trunk: Any) -> None:
        super().__init__()
        self.word = nn.Embedding(trunk.vocab_size, trunk.hidden_size)
        self.position = nn.Embedding(trunk.max_position_embeddings, trunk.hidden_size)
        self.segment = nn.Embedding(2, trunk.hidden_size)
        self.norm = nn.LayerNorm(trunk.hidden_size, eps=trunk.layer_norm_eps)
        self.dropout = nn.Dropout(trunk.hidden_dropout_prob)

    def forward(self, ids: Tensor, types: Tensor) -> Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)
        states: Tensor = self.dropout(self.norm(self.word(ids) + self.position(positions) + self.segment(types)))
        return states


class _Layer(nn.Module):
    """A post-norm Transformer layer with eager attention."""

    def __init__(self, trunk: Any) -> None:
        super().__init__()
        size = trunk.hidden_size
        self.heads = trunk.num_attention_heads
        self.query, self.key, self.value, self.output = (nn.Linear(size, size) for _ in range(4))
        self.grow, self.shrink = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.first_norm, self.second_norm = (nn.LayerNorm(size, eps=trunk.layer_norm_eps) for _ in range(2))
        self.dropout = nn.Dropout(trunk.hidden_dropout_prob)
        self.attention_dropout = nn.Dropout(trunk.attention_probs_dropout_prob)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (
            linear(states).unflatten(-1, (self.heads, -1)).permute(0, 2, 1, 3)
            for linear in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + mask
        context = (self.attention_dropout(scores.softmax(-1)) @ value).permute(0, 2, 1, 3).flatten(2)
        states = self.first_norm(self.dropout(self.output(context)) + states)
        states = self.second_norm(self.dropout(self.shrink(_gelu(self.grow(states)))) + states)
        return states


class _Head(nn.Module):
    def __init__(self, size: int, words: int, eps: float) -> None:
        super().__init__()
        self.dense, self.decoder = nn.Linear(size, size), nn.Linear(size, words)
        self.norm = nn.LayerNorm(size, eps=eps)

    def forward(self, states: Tensor) -> Tensor:
        scores: Tensor = self.decoder(self.norm(_gelu(self.dense(states))))
        return scores


def _gelu(states: Tensor) -> Tensor:
    """The exact GELU in its five operations."""
    return states * 0.5 * (1.0 + torch.erf(states / 2**0.5))


def _loss(scores: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL)
