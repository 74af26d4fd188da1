"""Losses of a language model on each word of a text: masked one at a time, noised, or by n-grams.

A word is a word or a punctuation mark as of `charbert.text.words.split_words`. Losses are in nats.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from charbert.baselines.ngram_language_model import NgramLanguageModel
from charbert.batch import IGNORED_LABEL
from charbert.config.calibration import MaskedUnit
from charbert.data.collate import PadCollator
from charbert.data.pretraining.noised_text import NO_WORD, NoisedText, word_of_pieces
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.evaluation.channels import without_characters, without_subwords
from charbert.model import CharBertForPreTraining
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import attack_sentences
from charbert.noise.edits import NoiseModel
from charbert.text.words import Span, replace_words, split_words


@dataclass(frozen=True)
class WordedText:
    """A text and the spans of its words."""

    text: str
    spans: list[Span]

    @property
    def words(self) -> list[str]:
        """The words themselves."""
        return [self.text[start:end] for start, end in self.spans]


@dataclass(frozen=True)
class WordLosses:
    """The loss of each word of a text; NaN for one that was truncated."""

    losses: np.ndarray
    """Negative log probability of all its subwords together, (words,)."""
    subwords: np.ndarray
    """Number of its subwords, (words,)."""


def cut_words(text: str) -> WordedText:
    """Return a text with its words."""
    return WordedText(text, split_words(text))


def attack_texts(texts: Sequence[WordedText], noise: NoiseModel, seed: int) -> list[WordedText]:
    """Return the texts with noised words, one for each."""
    noised = attack_sentences([text.words for text in texts], noise, seed, stream="perplexity")
    return [
        WordedText(*replace_words(text.text, text.spans, corruption.words))
        for text, corruption in zip(texts, noised, strict=True)
    ]


def perplexity(losses: Sequence[WordLosses], kept: Sequence[np.ndarray], *, of: str) -> float | None:
    """Return e to the mean loss of a word, or of a subword, over the kept words; None where there are none.

    Args:
        kept: which words of each text count, (words,) of bool.
        of: word or subword.
    """
    total = sum(float(text_losses.losses[chosen].sum()) for text_losses, chosen in zip(losses, kept, strict=True))
    count = sum(
        int(chosen.sum() if of == "word" else text_losses.subwords[chosen].sum())
        for text_losses, chosen in zip(losses, kept, strict=True)
    )
    return math.exp(min(total / count, 700.0)) if count else None


@dataclass
class MaskedLanguageScorer:
    """Pseudo-log-likelihoods of a model's MLM channel (Salazar et al. 2020).

    With ``word``, all subwords of a word are masked together, and hidden from the char channel, so that no part of a
    word reveals another (Kauf and Ivanova 2023 mask those to the right only).
    """

    model: CharBertForPreTraining
    """With an MLM head."""
    processor: CharBertTokenizer
    max_length: int
    """Most subwords of a text."""
    unit: MaskedUnit
    """What is masked at a time."""
    batch_size: int
    """Copies of a text in one forward pass."""
    bf16: bool = False
    """Whether the encoder computes in bfloat16; the head does not."""

    def __post_init__(self) -> None:
        self.model.eval()
        self._collate = PadCollator(self.processor.pad_values, self.processor.row_length)

    def losses(self, text: WordedText) -> WordLosses:
        """Return the loss of every word of a text given the rest of the text."""
        words, whole = word_of_subwords(self.processor, text, self.max_length)
        if self.unit is MaskedUnit.word:
            hidden = [np.flatnonzero(words == word) for word in range(len(text.spans))]
        else:
            hidden = [np.array([position]) for position in np.flatnonzero(words >= 0)]
        hidden = [positions for positions in hidden if len(positions)]
        losses = np.zeros(len(text.spans))
        for start in range(0, len(hidden), self.batch_size):
            chunk = hidden[start : start + self.batch_size]
            for positions, loss in zip(chunk, self._hidden_losses(text.text, chunk), strict=True):
                losses[words[positions[0]]] += loss
        losses[~whole] = np.nan
        return WordLosses(losses, np.bincount(words[words >= 0], minlength=len(text.spans)))

    @torch.no_grad()
    def _hidden_losses(self, text: str, hidden: Sequence[np.ndarray]) -> list[float]:
        """Return the loss of the subwords that are masked together in each copy of the text."""
        encoding = self.processor([text] * len(hidden), truncation=True, max_length=self.max_length)
        flags = np.zeros((len(hidden), len(encoding["input_ids"][0])), dtype=np.bool_)
        for row, positions in enumerate(hidden):
            flags[row, positions] = True
        ids = np.array(encoding["input_ids"])
        fields = dict(encoding)
        if self.processor.char_vocab is not None:
            fields |= self.processor.hide_subwords(encoding, list(flags))
        fields["input_ids"] = np.where(flags, self.processor.mask_token_id, ids)
        inputs = self._collate([{name: rows[row] for name, rows in fields.items()} for row in range(len(hidden))])
        inputs = {name: value.to(self.model.device) for name, value in inputs.items()}
        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.bf16):
            states = self.model.charbert(**inputs).token_states[:, : flags.shape[1]].float()
        assert self.model.mlm_head is not None
        picked = torch.from_numpy(flags).to(states.device)
        logits = self.model.mlm_head(states[picked])
        targets = torch.from_numpy(ids[flags]).to(states.device)
        losses = F.cross_entropy(logits.float(), targets, reduction="none").cpu().numpy().astype(np.float64)
        return [float(part.sum()) for part in np.split(losses, np.cumsum(flags.sum(axis=1))[:-1])]


def word_of_subwords(processor: CharBertTokenizer, text: WordedText, max_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the word of each subword, (T), `NO_WORD` for special ones, and which words are not truncated, (words,)."""
    encoding = processor(
        text.text, truncation=True, max_length=max_length, return_offsets_mapping=True, return_special_tokens_mask=True
    )
    offsets, special = np.array(encoding["offset_mapping"]), np.array(encoding["special_tokens_mask"], dtype=np.bool_)
    spans = np.array(text.spans, np.int64).reshape(-1, 2)
    clean = NoisedText(text.text, spans[:, 0], spans[:, 1], {})
    words = word_of_pieces([encoding["offset_mapping"]], [clean], np.zeros(len(offsets), np.int64))
    words[special | (offsets[:, 1] <= offsets[:, 0])] = NO_WORD
    seen = np.bincount(words[words != NO_WORD], minlength=len(spans)) > 0
    return words, seen & (clean.ends <= offsets[:, 1].max(initial=0))


@dataclass
class NoisyWordScores:
    """How well the NLM head restores a group of words."""

    loss: float = 0.0
    """Sum of negative log probabilities of the right words."""
    correct: int = 0
    count: int = 0

    @property
    def perplexity(self) -> float | None:
        """E to the mean loss, None without words."""
        return math.exp(min(self.loss / self.count, 700.0)) if self.count else None

    @property
    def accuracy(self) -> float | None:
        """Share of words restored, in [0, 1], None without words."""
        return self.correct / self.count if self.count else None


class Hidden(Enum):
    """The channel that some words are hidden from."""

    subwords = "subwords"
    characters = "characters"


@torch.no_grad()
def noisy_word_scores(
    model: CharBertForPreTraining,
    processor: CharBertTokenizer,
    vocabulary: WordVocab,
    texts: Sequence[WordedText],
    originals: Sequence[WordedText],
    kept: Sequence[np.ndarray],
    *,
    max_length: int,
    batch_size: int,
    hidden: Hidden | None = None,
) -> NoisyWordScores:
    """Return how well the NLM head predicts the original of each kept word, at its first subword.

    Args:
        model: with an NLM head.
        vocabulary: of the NLM head; a word outside it counts as its unknown word.
        texts: the model's input, clean or noised.
        originals: the clean texts, with the same words.
        kept: which words of each text count, (words,) of bool.
        max_length: most subwords of a text.
        batch_size: texts in one forward pass.
        hidden: what is hidden of the kept words.
    """
    scores = NoisyWordScores()
    collate = PadCollator(processor.pad_values, processor.row_length)
    features = list(_labeled(processor, vocabulary, zip(texts, originals, kept, strict=True), max_length, hidden))
    for start in range(0, len(features), batch_size):
        batch = collate(features[start : start + batch_size])
        output = model.eval()(**{name: value.to(model.device) for name, value in batch.items()})
        if output.nlm_count is not None and int(output.nlm_count):
            scores.loss += float(output.nlm_loss) * int(output.nlm_count)
            scores.correct += int(output.nlm_correct)
            scores.count += int(output.nlm_count)
    return scores


def _labeled(
    processor: CharBertTokenizer,
    vocabulary: WordVocab,
    rows: Iterable[tuple[WordedText, WordedText, np.ndarray]],
    max_length: int,
    hidden: Hidden | None,
) -> Iterator[dict[str, Any]]:
    for text, original, kept in rows:
        words, _ = word_of_subwords(processor, text, max_length)
        firsts = (words >= 0) & (np.diff(words, prepend=-1) != 0)
        firsts[firsts] = kept[words[firsts]]
        labels = np.full(len(words), IGNORED_LABEL, np.int64)
        labels[firsts] = vocabulary.encode(original.words)[words[firsts]]
        encoding = processor([text.text], truncation=True, max_length=max_length)
        features = [{name: values[0] for name, values in encoding.items()}]
        flags = [np.append(kept, False)[words]]  # the last for subwords of no word, -1
        if hidden is Hidden.subwords:
            features = without_subwords(features, flags, processor.mask_token_id)
        elif hidden is Hidden.characters:
            features = without_characters(features, flags, processor)
        yield features[0] | {"nlm_labels": labels}


def ngram_losses(
    model: NgramLanguageModel, processor: CharBertTokenizer, texts: Sequence[WordedText], max_length: int
) -> list[WordLosses]:
    """Return the losses of an n-gram model over the same subwords, each given those before it."""
    word_losses = []
    for text in texts:
        words, whole = word_of_subwords(processor, text, max_length)
        ids = np.array(processor(text.text, truncation=True, max_length=max_length)["input_ids"])
        real = words >= 0
        losses = np.bincount(words[real], weights=-model.log_probabilities(ids[real]), minlength=len(text.spans))
        losses[~whole] = np.nan
        word_losses.append(WordLosses(losses, np.bincount(words[real], minlength=len(text.spans))))
    return word_losses


def seen_whole(eval_sets: Sequence[Sequence[WordLosses]]) -> list[np.ndarray]:
    """Return which words of each text have a loss in all eval sets, so that all are scored on the same words."""
    return [
        np.asarray(~np.isnan([version.losses for version in text]).any(axis=0)) for text in zip(*eval_sets, strict=True)
    ]
