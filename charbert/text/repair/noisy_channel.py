"""Correction of texts whose share of misspelt words is not known: estimated for each text, by its own words.

A form x stands for itself with probability (1 - r) p(x), and for another word w with r p(w) q(x | w), where r is the
noise rate of the text, p comes from the counts of a dictionary and q from its channel
(`charbert.text.repair.dictionary.log_channel`). r is the fixed point of expectation maximization. So in a text without
typos a rare name stays as it is, and in one where every other word is misspelt even a form that is a rare word, as
"taht" is in a large dictionary, becomes the frequent word next to it.

With counts of pairs of words (`charbert.text.repair.word_pairs`), the words of a text are chosen together: the most
likely sequence, found as in a hidden Markov model (Viterbi), in which each p(w) is weighed by how much likelier w is
behind the word before it.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from charbert.text.repair.dictionary import MOST_CACHED, DictionaryRules, Nearby, SpellingDictionary, is_word
from charbert.text.repair.word_pairs import WordPairs

_ROUNDS = 20
_CONVERGED = 1e-3
_LOWEST_RATE, _HIGHEST_RATE = 1e-4, 0.95
"""Neither is certain, however many words agree."""


class LetterTrigrams:
    """Probability of a word by its letters, from all words of a dictionary, each counted once.

    Trigrams within the word and its ends, smoothed by adding half a count.
    """

    _ADDED = 0.5

    def __init__(self, words: Iterable[str]) -> None:
        self._trigrams: Counter[str] = Counter()
        for word in words:
            self._trigrams.update(_trigrams(word))
        self._pairs: Counter[str] = Counter()
        for trigram, count in self._trigrams.items():
            self._pairs[trigram[:2]] += count
        self._outcomes = len({trigram[2] for trigram in self._trigrams}) + 1  # a letter that no word has

    def log_probability(self, word: str) -> float:
        """Return the natural logarithm of a word's probability."""
        added = self._ADDED
        return sum(
            math.log((self._trigrams[trigram] + added) / (self._pairs[trigram[:2]] + added * self._outcomes))
            for trigram in _trigrams(word)
        )


class Evidence(NamedTuple):
    """What speaks for a form itself, and for other words."""

    log_own: float
    """log p(form)."""
    others: Nearby


class NoisyChannel:
    """Corrects each text by the noise rate that its own words suggest.

    Args:
        dictionary: words, their counts, and the rules: how near a word must be, ``unseen_mass``, and the prior of the
            noise rate.
        pairs: of words; None: each word is corrected by itself.
    """

    def __init__(self, dictionary: SpellingDictionary, pairs: WordPairs | None = None) -> None:
        self._dictionary = dictionary
        self._pairs = pairs
        self._letters = LetterTrigrams(word for word in dictionary.counts if is_word(word))
        self._total = sum(dictionary.counts.values())
        self._evidence: dict[str, Evidence | None] = {}

    def correct_many(self, texts: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return each text's lower-cased words corrected."""
        parts = [[self._dictionary.parts(form) for form in words] for words in texts]
        self._collect(dict.fromkeys(chain.from_iterable(chain.from_iterable(parts))))
        return [self._correct(*text) for text in zip(texts, parts, strict=True)]

    def _collect(self, parts: Collection[str]) -> None:
        """Find the evidence of parts that are new."""
        if len(self._evidence) + len(parts) > MOST_CACHED:
            self._evidence.clear()
        new = [part for part in parts if part not in self._evidence]
        for part, found in self._dictionary.nearby(new).items():
            self._evidence[part] = None if found is None else Evidence(self.log_own(part), found)

    def log_own(self, part: str) -> float:
        """Return log p(form) of a form of letters: as a word of the dictionary, or as one that it does not hold."""
        mass = self._dictionary.rules.unseen_mass
        own = [math.log(mass) + self._letters.log_probability(part)]
        if part in self._dictionary.counts:
            own.append(math.log((1 - mass) * self._dictionary.counts[part] / self._total))
        return float(np.logaddexp.reduce(own))

    def _rate(self, parts: Iterable[Sequence[str]]) -> float:
        """Return the estimated share of misspelt words among those of a text that may be, in (0, 1).

        Words without any other word near them, and short ones, tell nothing.
        """
        rules = self._dictionary.rules
        long = [part for part in chain.from_iterable(parts) if len(part) >= rules.min_word_length]
        found = [each for part in long if (each := self._evidence[part]) is not None]
        return estimated_rate([each.others.log_total - each.log_own for each in found], rules)

    def _correct(self, words: Sequence[str], parts: Sequence[Sequence[str]]) -> list[str]:
        gain = log_odds(self._rate(parts))
        if self._pairs is not None:
            return self._correct_together(words, parts, gain, self._pairs)
        chosen = {part: self._best(part, gain) for part in chain.from_iterable(parts)}
        return [self._dictionary.replace_parts(form, chosen) for form in words]

    def _best(self, part: str, gain: float) -> str:
        return max(self._choices(part, gain), key=itemgetter(1))[0]

    def _choices(self, part: str, gain: float) -> list[tuple[str, float]]:
        """Return what a part may stand for, itself first, and the log of how likely each is compared with itself."""
        found = self._evidence[part]
        if found is None:
            return [(part, 0.0)]
        scores = [score + gain - found.log_own for score in found.others.log_scores]
        return [(part, 0.0), *zip(found.others.words, scores, strict=True)]

    def _correct_together(
        self, words: Sequence[str], parts: Sequence[Sequence[str]], gain: float, pairs: WordPairs
    ) -> list[str]:
        """Return the most likely words; a form of several parts that is no word is corrected by itself."""
        weight = self._dictionary.rules.context_weight
        # of each path: the last word, the score, and the place in the row before
        paths: list[tuple[str, float, int]] = [("", 0.0, 0)]
        rows = [paths]
        for form, own in zip(words, parts, strict=True):
            choices = self._choices(form, gain) if own == [form] else [(self._by_itself(form, own, gain), 0.0)]
            scores = [
                [before + score + weight * pairs.log_ratio(last, word) for last, before, _ in paths]
                for word, score in choices
            ]
            best = [max(range(len(paths)), key=row.__getitem__) for row in scores]
            paths = [(word, row[place], place) for (word, _), row, place in zip(choices, scores, best, strict=True)]
            rows.append(paths)
        return _traced(rows)

    def _by_itself(self, form: str, parts: Iterable[str], gain: float) -> str:
        return self._dictionary.replace_parts(form, {part: self._best(part, gain) for part in parts})


def _traced(rows: Sequence[Sequence[tuple[str, float, int]]]) -> list[str]:
    """Return the words of the best path through the rows, without that of the first row."""
    place = max(range(len(rows[-1])), key=lambda at: rows[-1][at][1])
    words: list[str] = []
    for row in reversed(rows[1:]):
        word, _, place = row[place]
        words.append(word)
    return words[::-1]


def estimated_rate(odds: Sequence[float], rules: DictionaryRules) -> float:
    """Return the share of misspelt words of a text, in (0, 1): the fixed point of expectation maximization.

    Args:
        odds: log sum p(w) q(x | w) - log p(x) of each word x that may be misspelt.
        rules: with the prior of the share.
    """
    expected = rules.noise_rate * rules.noise_rate_words
    rate = rules.noise_rate
    for _ in range(_ROUNDS):
        prior, before = log_odds(rate), rate
        misspelt = sum(_sigmoid(prior + each) for each in odds)
        rate = (misspelt + expected) / (len(odds) + rules.noise_rate_words)
        rate = min(max(rate, _LOWEST_RATE), _HIGHEST_RATE)
        if abs(rate - before) < _CONVERGED:
            break
    return rate


def log_odds(value: float) -> float:
    """Return the natural logarithm of the odds of a probability in (0, 1)."""
    return math.log(value / (1 - value))


def _trigrams(word: str) -> list[str]:
    padded = f"\0\0{word}\0"
    return [padded[at : at + 3] for at in range(len(word) + 1)]


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(min(50.0, -value)))
