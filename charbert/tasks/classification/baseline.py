"""Texts and pairs of texts to labels: the most frequent label, or logistic regression on n-grams or overlap."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from charbert.baselines.log_scores import log_shares, spread_columns
from charbert.baselines.ngram_features import cosine_rows, fit_vectorizer, shared_characters
from charbert.config.model.classical import BaselineSettings
from charbert.data.readers.glue import LabeledText


class MajorityLabel:
    """Gives every text the shares of the labels in training, and so the most frequent label.

    Args:
        labels: names of all labels, in the order of the scores.
    """

    def __init__(self, examples: Sequence[LabeledText], labels: Sequence[str]) -> None:
        counts = Counter(example.label for example in examples)
        self._scores = log_shares([counts[label] for label in labels])

    def scores(self, examples: Sequence[LabeledText]) -> list[np.ndarray]:
        """Return the log probability of each label, (1, K) for every text."""
        return [self._scores[None]] * len(examples)


class _RegressionLabel(ABC):
    """Logistic regression on a row of features for each example; the majority where training has a single label."""

    def __init__(self, examples: Sequence[LabeledText], labels: Sequence[str], settings: BaselineSettings) -> None:
        self._labels = list(labels)
        self._constant = MajorityLabel(examples, labels) if len({row.label for row in examples}) < 2 else None
        self._regression = LogisticRegression(C=settings.C, max_iter=500)
        if self._constant is None:
            self._regression.fit(self._rows(examples), [example.label for example in examples])

    def scores(self, examples: Sequence[LabeledText]) -> list[np.ndarray]:
        """Return the log probability of each label, (1, K) for every text."""
        if self._constant is not None or not examples:
            return [] if self._constant is None else self._constant.scores(examples)
        log_probabilities = self._regression.predict_log_proba(self._rows(examples))
        return list(spread_columns(log_probabilities, self._regression.classes_, self._labels)[:, None])

    @abstractmethod
    def _rows(self, examples: Sequence[LabeledText]) -> csr_matrix | np.ndarray:
        """Return the features, (N, features)."""


class TfidfLabel(_RegressionLabel):
    """Logistic regression on the n-grams of a text; of a pair on those of each text and those in both.

    Args:
        labels: names of all labels, in the order of the scores; one that training lacks is hardly ever given.

    Raises:
        DataError: if no n-gram is frequent enough.
    """

    def __init__(self, examples: Sequence[LabeledText], labels: Sequence[str], settings: BaselineSettings) -> None:
        texts = [text for example in examples for text in (example.first, example.second) if text is not None]
        self._vectorizer = fit_vectorizer(settings, texts)
        super().__init__(examples, labels, settings)

    def _rows(self, examples: Sequence[LabeledText]) -> csr_matrix:
        first = self._vectorizer.transform([example.first for example in examples])
        if examples[0].second is None:
            return first
        second = self._vectorizer.transform([example.second or "" for example in examples])
        return hstack([first, second, first.multiply(second), cosine_rows(first, second)], format="csr")


class OverlapLabel(_RegressionLabel):
    """Logistic regression on how much of each text of a pair is found in the other, see `shared_characters`.

    Args:
        examples: of the training set, pairs.
        labels: names of all labels, in the order of the scores.
        settings: n-grams by which words are compared, and penalty.
    """

    def __init__(self, examples: Sequence[LabeledText], labels: Sequence[str], settings: BaselineSettings) -> None:
        self._ngrams = (settings.ngrams[0], settings.ngrams[1])
        super().__init__(examples, labels, settings)

    def _rows(self, examples: Sequence[LabeledText]) -> np.ndarray:
        return np.array([shared_characters(row.first, row.second or "", self._ngrams) for row in examples])
