"""A spelling dictionary: words with their counts, and the most likely word behind a form that is not among them.

Source: the noisy channel of Kernighan, Church and Gale (1990), "A Spelling Correction Program Based on a Noisy Channel
Model", without their trained confusion counts: every kind of edit, and every way to do it, is equally likely. Words are
found through their forms with characters left out, as in Garbe's SymSpell; symspellpy ranks by distance and count alone
and keeps every such form as a Python string, so it has neither the channel nor the size that is needed here.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from charbert.errors import DataError
from charbert.text.codepoints import IntArray, has_dotless_i, mark_ranges
from charbert.text.repair.deletions import DeletionIndex
from charbert.text.word_rule import WordRule

LETTERS = 26
"""Letters that an edit may put in."""
KINDS = 4
"""Kinds of edits: drop, add, swap and replace."""
LONGEST = 40
"""Letters of the longest word that is a correction: the number of ways to shorten a word grows with its length."""
MOST_NEARBY = 6
"""Words that a form may stand for among which its context chooses."""
MOST_CACHED = 500_000
"""Forms whose corrections are kept, since most repeat; a service must not grow with all that it is sent."""
_APOSTROPHES = "'’"


@dataclass(frozen=True)
class DictionaryRules:
    """Which forms are corrected, and to which words."""

    max_edits: int = 1
    """Most edits between a form and its word, 1 or 2. An edit drops, adds, swaps or replaces characters."""
    keep_ends: bool = True
    """Whether a word must have the first and the last character of the form."""
    end_edit_odds: float = 1.0
    """How likely a word with another first or last character than the form is, compared with any other; in (0, 1]."""
    second_edit_odds: float = 1.0
    """How likely a second edit is, compared with a first; in (0, 1]."""
    min_word_length: int = 4
    """In characters; a shorter word is no correction."""
    apostrophes: bool = False
    """Whether a word with an apostrophe between its letters is a correction, as ``don't`` of ``dont``."""
    gate: float | None = None
    """A form is unchanged where log p(w) + log q(form | w) of the best word w is below this natural logarithm; None:
    wherever there is a word."""
    estimates_noise: bool = False
    """Whether a form is weighed against its corrections by each text's own noise, see
    `charbert.text.repair.noisy_channel.NoisyChannel`; else every form that is not in the dictionary is corrected."""
    unseen_mass: float = 0.1
    """With ``estimates_noise``: the probability of a word that the dictionary does not hold."""
    noise_rate: float = 0.09
    """With ``estimates_noise``: the share of misspelt words that is expected before a text is read."""
    noise_rate_words: float = 1.1
    """With ``estimates_noise``: how many words of a text that expectation weighs."""
    context_weight: float = 0.5
    """With ``estimates_noise``, and where pairs of words are given: how much it counts that a word is likely behind the
    word before it, compared with how likely it is anywhere; 0: not at all."""


REPAIR = DictionaryRules(
    max_edits=2,
    keep_ends=False,
    end_edit_odds=0.2,
    second_edit_odds=0.1,
    min_word_length=2,
    apostrophes=True,
    estimates_noise=True,
    unseen_mass=0.2,
    context_weight=1.0,
)
"""For text that people typed: the rules of ``model=bert_typo_repair``. They were chosen on Wikipedia's validation text
with one random edit anywhere in a share of all words of two letters or more, and with the paper's attack."""


class Nearby(NamedTuple):
    """The words that a form may stand for beside itself."""

    words: tuple[str, ...]
    """The most likely ones, at most `MOST_NEARBY`, the best one first."""
    log_scores: tuple[float, ...]
    """log p(w) + log q(form | w) of each of them."""
    log_total: float
    """The logarithm of the sum of p(w) q(form | w) over all words."""


class SpellingDictionary:
    """Corrections of forms that are not among the words of a dictionary; all in lower case.

    A form with other characters than letters, as ``high-end`` or ``doctor's``, is corrected part by part. An ending
    behind an apostrophe stays if it is short or that of another word, as in Turkish ``Ankara'nın``; what is before it
    is then a word too. Letters of scripts without spaces between words stay.

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
        self.counts = _with_stems(counts)
        """With the words that are known with endings alone."""
        self.dotless = has_dotless_i(self.counts)
        """Whether their language has the letter ``ı``, and ``İ``."""
        self._endings = {form[at + 1 :] for form in counts if (at := _apostrophe(form)) > 0}
        lengths = range(rules.min_word_length, LONGEST + 1)
        self._words = [word for word in self.counts if len(word) in lengths and self._is_candidate(word)]
        total = sum(self.counts.values())
        self._log_priors = np.log(np.array([self.counts[word] / total for word in self._words], np.float64))
        self._index = DeletionIndex(self._words, rules.max_edits, keep_ends=rules.keep_ends)
        self._found: dict[str, Nearby | None] = {}
        """Of the parts seen lately."""

    def correct(self, forms: Sequence[str]) -> list[str]:
        """Return the most likely word for each lower-cased form: itself where it is known, or no word is likely."""
        parts = {form: self.parts(form) for form in dict.fromkeys(forms) if form not in self.counts}
        unknown = {part for form in parts for part in parts[form] if part not in self.counts}
        best = {part: found.words[0] for part, found in self.nearby(unknown).items() if found is not None}
        corrected = {form: self.replace_parts(form, best) for form in parts}
        return [corrected.get(form, form) for form in forms]

    def parts(self, form: str) -> list[str]:
        """Return the stretches of letters of a form that may be misspelt: none of one with a hyphen that is known."""
        if is_word(form):
            return [form]
        return [] if form in self.counts else split_parts(form[: self._end(form)])

    def replace_parts(self, form: str, words: Mapping[str, str]) -> str:
        """Return a form with those of its `parts` that are keys of ``words`` replaced by their values."""
        if is_word(form):
            return words.get(form, form)
        end = 0 if form in self.counts else self._end(form)
        return map_parts(form[:end], lambda part: words.get(part, part)) + form[end:]

    def _end(self, form: str) -> int:
        """Return where the ending of a form begins that stays, its length if there is none."""
        at = _apostrophe(form)
        if at > 0 and (len(form) - at <= self.rules.min_word_length or form[at + 1 :] in self._endings):
            return at
        return len(form)

    def nearby(self, parts: Collection[str]) -> dict[str, Nearby | None]:
        """Return what each form of letters may stand for beside itself, None where there is no word.

        Words at two edits are looked for only where none is at one edit, and the form is unknown. Words below
        ``rules.gate`` are left out.
        """
        if len(self._found) + len(parts) > MOST_CACHED:
            self._found.clear()
        new = [part for part in parts if part not in self._found]
        self._found |= dict.fromkeys(new)
        missing = self._searchable(new)
        for number in range(1, self.rules.max_edits + 1):
            self._search(missing, number)
            missing = [part for part in missing if self._found[part] is None and part not in self.counts]
        return {part: self._found[part] for part in parts}

    def candidates(self, parts: Collection[str]) -> dict[str, list[tuple[str, float]]]:
        """Return all words that each form of letters may stand for beside itself, with log p(w) + log q(form | w).

        They are those that `nearby` chooses from.
        """
        found: dict[str, list[tuple[str, float]]] = {part: [] for part in parts}
        missing = self._searchable(found)
        for number in range(1, self.rules.max_edits + 1):
            of_form, of_word, scores = self._scored_pairs(missing, number)
            for form, word, score in zip(of_form.tolist(), of_word.tolist(), scores.tolist(), strict=True):
                found[missing[form]].append((self._words[word], score))
            missing = [part for part in missing if not found[part] and part not in self.counts]
        return found

    def _is_candidate(self, word: str) -> bool:
        """Return whether a word may be a correction, its length aside."""
        at = _apostrophe(word)
        if self.rules.apostrophes and 0 < at < len(word) - 1:
            word = word[:at] + word[at + 1 :]
        return is_word(word) and (word.isascii() or not WordRule.is_unsegmented([word]))

    def _searchable(self, parts: Iterable[str]) -> list[str]:
        """Return the forms that may be near a word: neither too short nor too long, and no single letters."""
        edits = self.rules.max_edits
        lengths = range(max(2, self.rules.min_word_length - edits), LONGEST + edits + 1)
        return [part for part in parts if len(part) in lengths]

    def _search(self, forms: Sequence[str], edits: int) -> None:
        """Find the words at exactly as many edits, and keep the likely ones."""
        of_form, of_word, scores = self._scored_pairs(forms, edits)
        if not len(scores):
            return
        starts = np.flatnonzero(np.diff(of_form, prepend=-1))
        totals = np.logaddexp.reduceat(scores, starts).tolist()
        for start, stop, log_total in zip(starts, [*starts[1:], len(scores)], totals, strict=True):
            # of equal ones the last
            best = stop - 1 - np.argsort(-scores[start:stop][::-1], kind="stable")[:MOST_NEARBY]
            words = tuple(self._words[place] for place in of_word[best].tolist())
            self._found[forms[of_form[start]]] = Nearby(words, tuple(scores[best].tolist()), log_total)

    def _scored_pairs(self, forms: Sequence[str], edits: int) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
        """Return pairs of a form and a likely word at exactly as many edits, by form: places, and scores, (N,) each."""
        rules = self.rules
        of_form, of_word = self._index.near(forms, edits)
        given, words = [forms[place] for place in of_form.tolist()], [self._words[place] for place in of_word.tolist()]
        distances = cpdist(words, given, scorer=OSA.distance, score_cutoff=edits, dtype=np.uint8)
        kept = np.flatnonzero(distances == edits)
        pairs = [(given[place], words[place]) for place in kept.tolist()]
        same_ends = np.array([form[0] == word[0] and form[-1] == word[-1] for form, word in pairs], np.bool_)
        scores = self._log_priors[of_word[kept]] + log_channel(pairs, edits)
        scores[~same_ends] += -math.inf if rules.keep_ends else math.log(rules.end_edit_odds)
        scores += (edits - 1) * math.log(rules.second_edit_odds)
        likely = scores > -math.inf if rules.gate is None else scores >= rules.gate
        return of_form[kept][likely], of_word[kept][likely], scores[likely]


@cache
def _part() -> re.Pattern[str]:
    return re.compile(rf"(?:[^\W\d_][{mark_ranges()}]*+)+")


def split_parts(form: str) -> list[str]:
    """Return the stretches of letters of a form, with the marks on them: both of ``high-end``."""
    return _part().findall(form)


def map_parts(form: str, change: Callable[[str], str]) -> str:
    """Return a form with each of its stretches of letters changed."""
    return _part().sub(lambda part: change(part.group()), form)


def is_word(form: str) -> bool:
    """Return whether a form is of letters alone, or of letters and marks on them."""
    return form.isalpha() or (not form.isascii() and _part().fullmatch(form) is not None)


def _apostrophe(form: str) -> int:
    """Return the place of the last apostrophe of a form, -1 if it has none."""
    return max(map(form.rfind, _APOSTROPHES))


def _with_stems(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts with the words that occur before an apostrophe and two letters or more, and never alone."""
    stems: Counter[str] = Counter()
    for form, count in counts.items():
        at = _apostrophe(form)
        if 0 < at < len(form) - 2 and form[:at] not in counts and is_word(form[:at]):
            stems[form[:at]] += count
    return {**counts, **stems}


def log_channel(pairs: Sequence[tuple[str, str]], edits: int) -> NDArray[np.float64]:
    """Return log q(form | word) for pairs (form, word) at a given number of edits, (N,).

    All ways to make as many edits are equally likely. The difference in length says how many characters were added or
    dropped at least; the other edits are swaps where both have the same letters, else replacements.
    """
    lengths = np.array([(len(form), len(word)) for form, word in pairs], np.int64).reshape(-1, 2)
    longer = lengths[:, 0] - lengths[:, 1]
    inner = np.maximum(1, lengths[:, 1] - 2)
    same_letters = [len(form) == len(word) and sorted(form) == sorted(word) for form, word in pairs]
    ways_of_other = np.where(same_letters, np.maximum(1, inner - 1), inner * LETTERS)
    ways = np.where(longer > 0, (inner + 1) * LETTERS, inner).astype(np.float64) ** np.abs(longer)
    log_ways: NDArray[np.float64] = np.log(ways * ways_of_other.astype(np.float64) ** (edits - np.abs(longer)))
    return -log_ways - edits * math.log(KINDS)
