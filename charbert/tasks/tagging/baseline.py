"""Words to tags: the most frequent one of each word, or logistic regression on n-grams of it and its neighbors."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import SGDClassifier

from charbert.baselines.log_scores import log_shares, spread_columns
from charbert.baselines.ngram_features import fit_vectorizer
from charbert.config.model.classical import BaselineSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.seeding import derive_seed
from charbert.text.codepoints import looked_up


class MajorityTag:
    """Gives a word the tags that it had in training; an unknown one those of its lower-cased form, or of all words.

    Args:
        labels: names of all tags, in the order of the scores.
    """

    def __init__(self, examples: Sequence[TaggedSentence], labels: Sequence[str]) -> None:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        lower: dict[str, Counter[str]] = defaultdict(Counter)
        every: Counter[str] = Counter()
        for example in examples:
            for word, tag in zip(example.words, example.tags, strict=True):
                counts[word][tag] += 1
                lower[looked_up(word)][tag] += 1
                every[tag] += 1
        self._known, self._lower = (
            {word: log_shares([tags[label] for label in labels]) for word, tags in table.items()}
            for table in (counts, lower)
        )
        self._every = log_shares([every[label] for label in labels])

    def scores(self, examples: Sequence[TaggedSentence]) -> list[np.ndarray]:
        """Return the log probability of each tag, (words, K) for every sentence."""
        return [np.stack([self._of(word) for word in example.words]) for example in examples]

    def _of(self, word: str) -> np.ndarray:
        tag = self._known.get(word)
        return tag if tag is not None else self._lower.get(looked_up(word), self._every)


class TfidfTag:
    """Logistic regression, tag by tag, on the n-grams and the shape of a word and on the n-grams of its neighbors.

    Each tag is decided by itself and fitted by stochastic gradient descent, which takes seconds where a regression of
    all tags at once would take hours. Neighboring tags are not used.

    Args:
        labels: names of all tags, in the order of the scores.
        settings: n-grams, window and penalty.

    Raises:
        DataError: if no n-gram is frequent enough.
    """

    def __init__(
        self, examples: Sequence[TaggedSentence], labels: Sequence[str], settings: BaselineSettings, seed: int
    ) -> None:
        words = [word for example in examples for word in example.words]
        self._vectorizer = fit_vectorizer(settings, words)
        self._window = settings.window
        self._labels = list(labels)
        tags = [tag for example in examples for tag in example.tags]
        self._only = tags[0] if len(set(tags)) < 2 else None
        self._regression = SGDClassifier(
            loss="log_loss",
            alpha=1 / (settings.C * max(1000, len(words))),
            max_iter=20,
            tol=1e-4,
            random_state=derive_seed(seed, "tags") % 2**32,
        )
        if self._only is None:
            self._regression.fit(self._rows(examples), tags)

    def scores(self, examples: Sequence[TaggedSentence]) -> list[np.ndarray]:
        """Return the log probability of each tag, (words, K) for every sentence."""
        lengths = [len(example.words) for example in examples]
        if self._only is not None:
            row = log_shares([int(label == self._only) for label in self._labels])
            return [np.tile(row, (length, 1)) for length in lengths]
        with np.errstate(divide="ignore"):
            log_probabilities = np.log(self._regression.predict_proba(self._rows(examples)))
        spread = spread_columns(log_probabilities, self._regression.classes_, self._labels)
        return np.split(spread, np.cumsum(lengths)[:-1])

    def _rows(self, examples: Sequence[TaggedSentence]) -> csr_matrix:
        words = [word for example in examples for word in example.words]
        own = self._vectorizer.transform(words)
        # one empty row after all words represents positions outside of a sentence
        padded = csr_matrix(
            (own.data, own.indices, np.append(own.indptr, own.indptr[-1])), (len(words) + 1, own.shape[1])
        )
        lengths = [len(example.words) for example in examples]
        inside = np.concatenate([np.arange(length) for length in lengths])
        sizes = np.repeat(lengths, lengths)
        parts = [own, csr_matrix(np.array([_shape(word) for word in words], dtype=np.float64))]
        for offset in range(-self._window, self._window + 1):
            if offset:
                place = inside + offset
                within = (place >= 0) & (place < sizes)
                parts.append(padded[np.where(within, np.arange(len(words)) + offset, len(words))])
        return hstack(parts, format="csr")


def _shape(word: str) -> list[bool]:
    """Return what the lower-cased n-grams do not show: a first capital, capitals alone, a digit, no letter or digit."""
    letters = [character for character in word if character.isalpha()]
    return [
        bool(letters) and word[0].isupper(),
        len(letters) > 1 and all(letter.isupper() for letter in letters),
        any(character.isdigit() for character in word),
        not any(character.isalnum() for character in word),
    ]
