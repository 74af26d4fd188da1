"""A BiLSTM tagger on frozen states, to compare the channels without fine-tuning (Fig. 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Trainer
from transformers.modeling_outputs import TokenClassifierOutput

from charbert.batch import IGNORED_LABEL
from charbert.evaluation.word_states import States
from charbert.model.kernels.packed_rows import read_packed
from charbert.model.losses import mean_cross_entropy


class BiLstmTagger(nn.Module):
    """Tags words from frozen states: dropout, a bidirectional LSTM over the words, dropout, a linear layer.

    Paper: Fig. 6, which says only that the embeddings are frozen and a BiLSTM reads them. The LSTM's steps are words,
        not subwords: a word's state is that of its first subword, as in fine-tuning (Sec. 3.6).
    Departure: each feature is standardized first, with the mean and deviation of the training words (`fit_scale`). Most
        of a state is the same for all words, in an encoder with little training nearly all of it, and the differing
        part would be too small to learn from.
    Shapes: B sentences, W words, F size of the frozen states, K tags.
    """

    def __init__(self, state_size: int, hidden_size: int, num_labels: int, *, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(state_size))
        self.register_buffer("deviation", torch.ones(state_size))
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(state_size, hidden_size, num_layers, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(2 * hidden_size, num_labels)

    def fit_scale(self, sentences: Sequence[States]) -> None:
        """Set mean and deviation of each feature from the words of the training sentences, (W, F) each.

        A feature that is the same for all words is only centered.
        """
        words = torch.from_numpy(np.concatenate(sentences)).double()
        deviation = words.std(dim=0, correction=0)
        self.mean.copy_(words.mean(dim=0))
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, states: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> TokenClassifierOutput:
        """Return logits (B, W, K), and the loss where labels are given.

        Args:
            states: (B, W, F).
            attention_mask: 1 on words and 0 on padding, (B, W), at least one word a sentence.
            labels: (B, W), -100 on padding.
        """
        scaled = self.dropout((states - self.mean) / self.deviation)  # (B, W, F)
        read = read_packed(self.lstm, scaled, attention_mask.sum(dim=1))  # (B, W, D)
        logits = self.classifier(self.dropout(read))  # (B, W, K)
        loss = None if labels is None else mean_cross_entropy(logits.flatten(0, 1), labels.flatten())
        return TokenClassifierOutput(loss=loss, logits=logits)


def tagger_features(
    states: Sequence[States], tags: Sequence[Sequence[str]], label_ids: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the inputs of the tagger for each sentence: ``states`` (W, F), ``attention_mask`` and ``labels`` (W).

    A tag without an id is ignored in the loss; it can occur where a test set has types that are not in training.
    """
    return [
        {
            "states": rows,
            "attention_mask": np.ones(len(rows), np.int64),
            "labels": np.array([label_ids.get(tag, IGNORED_LABEL) for tag in sentence], np.int64),
        }
        for rows, sentence in zip(states, tags, strict=True)
    ]


def collate_states(features: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Return a batch of `tagger_features`, padded to its longest sentence: states (B, W, F), the others (B, W)."""
    padding = {"states": 0.0, "attention_mask": 0, "labels": IGNORED_LABEL}
    return {
        name: nn.utils.rnn.pad_sequence(
            [torch.from_numpy(feature[name]) for feature in features], batch_first=True, padding_value=value
        )
        for name, value in padding.items()
        if name in features[0]
    }


def predict_tags(trainer: Trainer, features: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[list[str]]:
    """Return the most likely tag of every word; the right tags are removed first."""
    inputs = [{name: value for name, value in feature.items() if name != "labels"} for feature in features]
    return name_tags(trainer.predict(inputs).predictions, features, labels)


def name_tags(logits: Any, features: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[list[str]]:
    """Return tags for logits (N, W, K), without the padding of batches."""
    return [
        [labels[int(choice)] for choice in row[: len(feature["attention_mask"])].argmax(-1)]
        for row, feature in zip(logits, features, strict=True)
    ]
