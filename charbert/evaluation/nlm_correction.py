"""Typo correction with the NLM head of a pretrained encoder.

The head was pretrained to predict the word behind a noised one, at its first subword and in its context. Paper:
Sec. 3.5. It has seen no word without noise, so it does not say whether a word is noised: rules here decide that.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from charbert.data.pretraining.word_vocab import WordVocab
from charbert.errors import CheckpointError, SettingsError
from charbert.evaluation.word_states import WordEncoder
from charbert.model import CharBertForPreTraining
from charbert.model.loading.weights import load_whole
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import usable_positions
from charbert.text.repair.correction import match_case
from charbert.text.repair.dictionary import DictionaryRules, SpellingDictionary, is_word

VOCABULARY_FILE = "word_vocab.json"
"""Beside a pretrained model with an NLM head: the words of the head."""
NEAR = DictionaryRules(max_edits=2, keep_ends=False)
"""Which words the head may put in the place of a form."""
_MAX_LENGTH = 128
"""Subwords of a window, as in pretraining."""
_WORDS_AT_ONCE = 512
"""Words whose scores over the vocabulary are in memory together."""

Scores = NDArray[np.float64]
Near = Mapping[str, Sequence[tuple[str, float]]]


class NoisyWordScorer:
    """Probabilities of words behind the words of a sentence.

    Args:
        model: with an NLM head.
        batch_size: windows in a forward pass.
    """

    def __init__(
        self,
        model: CharBertForPreTraining,
        processor: CharBertTokenizer,
        vocabulary: WordVocab,
        *,
        batch_size: int = 32,
    ) -> None:
        length = min(_MAX_LENGTH, usable_positions(model.config) or _MAX_LENGTH)
        self.vocabulary = vocabulary
        self._model = model.eval()
        self._encode = WordEncoder(model.charbert, processor, length, batch_size)

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu", batch_size: int = 32) -> Self:
        """Return the scorer of a pretrained model.

        Raises:
            CheckpointError: if the folder has no NLM head, or lacks a file of the model.
        """
        vocabulary = WordVocab.load(folder / VOCABULARY_FILE)
        model, _ = load_whole(CharBertForPreTraining.from_pretrained, folder, dtype=torch.float32)
        if len(vocabulary) != model.config.nlm_vocab_size:
            raise CheckpointError(
                f"{folder}: expected an NLM head over the {len(vocabulary)} words of {VOCABULARY_FILE}, got one over "
                f"{model.config.nlm_vocab_size}"
            )
        return cls(model.to(device), CharBertTokenizer.from_pretrained(folder), vocabulary, batch_size=batch_size)

    def __call__(
        self, sentences: Sequence[Sequence[str]], candidates: Sequence[Sequence[Sequence[str]]]
    ) -> list[list[Scores]]:
        """Return the log probability of each candidate for each word of each sentence.

        A candidate outside the vocabulary has that of the unknown word. All are 0 for a word that the model cannot
        read.

        Args:
            candidates: lower-cased words that each word may stand for; none: it is not scored.
        """
        rows = [row for row, words in enumerate(candidates) if any(words)]
        scores = [[np.zeros(len(words)) for words in sentence] for sentence in candidates]
        places, states = [], []
        for row, found in zip(rows, self._encode([sentences[row] for row in rows]), strict=True):
            read = self._model.nlm_states(found.token, found.char)
            chosen = [at for at, words in enumerate(candidates[row]) if words and found.seen[at]]
            places += [(row, at) for at in chosen]
            states.append(read[chosen])
        joined = np.concatenate(states) if places else np.zeros((0, 0))
        for start in range(0, len(places), _WORDS_AT_ONCE):
            part = slice(start, start + _WORDS_AT_ONCE)
            for (row, at), known in zip(places[part], self._log_probabilities(joined[part]), strict=True):
                scores[row][at] = known[self.vocabulary.encode(candidates[row][at])].astype(np.float64)
        return scores

    @torch.inference_mode()
    def _log_probabilities(self, states: Any) -> Any:
        """Return the log probabilities of the vocabulary for states of words, (N, H) to (N, W)."""
        chosen = torch.from_numpy(states).to(self._model.device)
        return self._model.word_logits(chosen).float().log_softmax(-1).cpu().numpy()


class NlmCorrector:
    """Replaces forms outside the head's vocabulary by the words that it prefers among those near them.

    Of the vocabulary the words within one edit of a form are weighed, or where there is none those within two (`NEAR`);
    the form itself has the probability of the unknown word. A form is replaced by the most likely word where that has
    more than ``threshold`` of their probability. A correction takes over the case of the form.

    Args:
        threshold: in [0, 1); a higher one changes fewer words.

    Raises:
        SettingsError: if the threshold is out of its range.
    """

    def __init__(self, scorer: NoisyWordScorer, threshold: float) -> None:
        if not 0 <= threshold < 1:
            raise SettingsError(f"the threshold of the NLM head must be in [0, 1), got {threshold}")
        self._scorer, self._threshold = scorer, threshold
        self._near = SpellingDictionary({word: 1 for word in scorer.vocabulary.words if is_word(word)}, NEAR)

    def correct_many(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the words of each sentence corrected."""
        lower = self._scorer.vocabulary.lower
        forms = {form for words in sentences for word in words if is_word(form := lower(word))}
        near = self._near.candidates([form for form in forms if form not in self._scorer.vocabulary])
        candidates = [[_candidates(lower(word), near) for word in words] for words in sentences]
        scores = self._scorer(sentences, candidates)
        return [
            [self._choose(*word) for word in zip(*rows, strict=True)]
            for rows in zip(sentences, candidates, scores, strict=True)
        ]

    def _choose(self, form: str, words: Sequence[str], scores: Scores) -> str:
        if not words:
            return form
        best = int(np.argmax(scores))
        chosen = words[best if math.exp(scores[best] - np.logaddexp.reduce(scores)) > self._threshold else 0]
        return match_case(chosen, form, dotless=self._near.dotless)


def _candidates(form: str, near: Near) -> list[str]:
    """Return a form and the words near it, nothing where there is none."""
    words = [word for word, _ in near.get(form, ())]
    return [form, *words] if words else []
