"""A spelling dictionary: words with their counts, and the most likely word behind a form that is not among them.

Source: the noisy channel of Kernighan, Church and Gale (1990), "A Spelling Correction Program Based on a Noisy Channel
Model", without their trained confusion counts: every kind of edit, and every way to do it, is equally likely. Words are
found through their forms with characters left out, as in Garbe's SymSpell; symspellpy ranks by distance and count alone
and keeps every such form as a Python string, so it has neither the channel nor the size that is needed here.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA

from charbert.errors import DataError

LETTERS = 26
"""Letters that an edit may put in."""
KINDS = 4
"""Kinds of edits: drop, add, swap and replace."""
_PART = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class DictionaryRules:
    """Which forms are corrected, and to which words."""

    max_edits: int = 1
    """Most edits between a form and its word, 1 or 2. An edit drops, adds, swaps or replaces characters."""
    keep_ends: bool = True
    """Whether a word must have the first and the last character of the form."""
    min_word_length: int = 4
    """In characters; a shorter word is no correction."""
    gate: float | None = None
    """A form is unchanged where log p(w) + log q(form | w) of the best word w is below this natural logarithm; None:
    wherever there is a word."""
    estimates_noise: bool = False
    """Whether a form is weighed against its corrections by each text's own noise, see
    `charbert.text.noisy_channel.NoisyChannel`; else every form that the dictionary does not hold is corrected."""
    unseen_mass: float = 0.03
    """With ``estimates_noise``: the probability of a word that the dictionary does not hold."""
    noise_rate: float = 0.09
    """With ``estimates_noise``: the share of misspelt words that is expected before a text is read."""
    noise_rate_words: float = 1.1
    """With ``estimates_noise``: how many words of a text that expectation weighs."""


class SpellingDictionary:
    """Corrections of forms that are not among the words of a dictionary; all in lower case.

    A form with other characters than letters, as ``high-end`` or ``doctor's``, is corrected part by part.

    Args:
        counts: how often each word occurs, at least once.
        rules: which forms are corrected.

    Raises:
        DataError: if there are no words, or a count is not positive.
    """

    def __init__(self, counts: Mapping[str, int], rules: DictionaryRules) -> None:
        if not counts or min(counts.values()) < 1:
            raise DataError("spelling dictionary: expected words with counts of at least 1, got none or another count")
        self.rules = rules
        self.counts = dict(counts)
        self._words = [word for word in counts if len(word) >= rules.min_word_length and word.isalpha()]
        log_total = math.log(sum(counts.values()))
        self._log_priors = [math.log(counts[word]) - log_total for word in self._words]
        shortened = [list(map(hash, self._shortened(word))) for word in self._words]
        keys = np.fromiter(itertools.chain.from_iterable(shortened), dtype=np.int64)
        ids = np.repeat(np.arange(len(shortened), dtype=np.int32), list(map(len, shortened)))
        order = np.argsort(keys, kind="stable")
        self._keys, self._ids = keys[order], ids[order]
        self._found: dict[str, list[tuple[float, str]]] = {}
        """Candidates of the parts seen so far, which are few and repeat."""

    def correct(self, forms: Sequence[str]) -> list[str]:
        """Return the most likely word for each lower-cased form: itself where it is known, or no word is likely."""
        parts = {form: split_parts(form) for form in dict.fromkeys(forms) if form not in self.counts}
        unknown = {part for form in parts for part in parts[form] if part not in self.counts}
        candidates = self.candidates(unknown)
        best = {part: words[0][1] for part, words in candidates.items() if words}
        corrected = {form: replace_parts(form, best) for form in parts}
        return [corrected.get(form, form) for form in forms]

    def candidates(self, parts: Collection[str]) -> dict[str, list[tuple[float, str]]]:
        """Return the other words that each form of letters may stand for, with log p(w) + log q(form | w), best first.

        What is below ``rules.gate`` is left out.
        """
        shortest = self.rules.min_word_length - self.rules.max_edits
        new = [part for part in parts if part not in self._found]
        self._found |= {part: [] for part in new}
        lowest = -math.inf if self.rules.gate is None else self.rules.gate
        for part, numbers in self._near([part for part in new if len(part) >= shortest]):
            scored = sorted(((self._score(part, number), number) for number in numbers), reverse=True)
            likely = [(score, self._words[number]) for score, number in scored if lowest <= score > -math.inf]
            self._found[part] = [(score, word) for score, word in likely if word != part]
        return {part: self._found[part] for part in parts}

    def _near(self, forms: Sequence[str]) -> Iterator[tuple[str, set[int]]]:
        """Yield the forms with the numbers of words that share a shortened form with them, if there are any."""
        keys = [list(map(hash, self._shortened(form))) for form in forms]
        flat = np.fromiter(itertools.chain.from_iterable(keys), dtype=np.int64)
        starts = np.searchsorted(self._keys, flat, "left").tolist()
        ends = np.searchsorted(self._keys, flat, "right").tolist()
        spans = zip(starts, ends, strict=True)
        for form, own_keys in zip(forms, keys, strict=True):
            numbers: set[int] = set()
            for start, end in itertools.islice(spans, len(own_keys)):
                if start < end:
                    numbers.update(self._ids[start:end].tolist())
            if numbers:
                yield form, numbers

    def _score(self, form: str, number: int) -> float:
        """Return log p(w) + log q(form | w) of a word, minus infinity where it is too far from the form."""
        word = self._words[number]
        if self.rules.keep_ends and (form[0] != word[0] or form[-1] != word[-1]):
            return -math.inf
        edits = OSA.distance(word, form, score_cutoff=self.rules.max_edits)
        return self._log_priors[number] + log_channel(form, word, edits) if edits <= self.rules.max_edits else -math.inf

    def _shortened(self, word: str) -> set[str]:
        """Return the word, and the word without any one, or two, of its characters."""
        kept = 1 if self.rules.keep_ends else 0
        every, newest = {word}, {word}
        for _ in range(self.rules.max_edits):
            newest = {form[:at] + form[at + 1 :] for form in newest for at in range(kept, len(form) - kept)}
            every |= newest
        return every


def split_parts(form: str) -> list[str]:
    """Return the stretches of letters of a form: both of ``high-end``."""
    return _PART.findall(form)


def replace_parts(form: str, words: Mapping[str, str]) -> str:
    """Return a form with the stretches of letters that are keys of ``words`` replaced by their values."""
    return _PART.sub(lambda part: words.get(part.group(), part.group()), form)


def log_channel(form: str, word: str, edits: int) -> float:
    """Return log q(form | word) for forms at a given number of edits, all ways to make as many edits equally likely.

    The difference in length says how many characters were added or dropped at least; the other edits are swaps where
    both have the same letters, else replacements.
    """
    longer = len(form) - len(word)
    inner = max(1, len(word) - 2)
    ways = float((inner + 1) * LETTERS) ** longer if longer > 0 else float(inner) ** -longer
    is_swap = longer == 0 and sorted(form) == sorted(word)
    other_edits = edits - abs(longer)
    ways *= float(max(1, inner - 1) if is_swap else inner * LETTERS) ** other_edits
    return -math.log(ways) - edits * math.log(KINDS)
