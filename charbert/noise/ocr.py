"""Errors of optical character recognition: letters read as similar ones, words split and joined."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charbert.config.checks import check_range
from charbert.errors import DataError
from charbert.noise.edits import Change, ChosenWords, Corruption, EditRecord, changed_word, pick
from charbert.text.repair.dictionary import is_word

_OWN = "confusions.tsv"


class Confusion(NamedTuple):
    """Letters that are taken for others."""

    read: str
    """One character or more."""
    seen: str
    """What the text has in their place; empty where they are lost."""
    probability: float
    """In (0, 1], at each place where ``read`` stands."""


def parse_confusions(lines: Iterable[str], path: Path | str) -> tuple[Confusion, ...]:
    """Return a table of confusions: a line has the letters, what they become and a probability, with tabs between them.

    Lines that begin with a ``#`` and a space, and empty lines, are ignored. The probabilities of letters with the same
    first character are added up and are at most 1.

    Args:
        lines: of the file.
        path: of the file, for errors.

    Raises:
        DataError: naming the line that has another form.
    """
    table: list[Confusion] = []
    totals: defaultdict[str, float] = defaultdict(float)
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("# "):
            continue
        try:
            read, seen, text = line.split("\t")
            confusion = Confusion(read, seen, float(text))
        except ValueError:
            expected = "letters, what they are taken for and a probability, with tabs between them"
            raise DataError.at(path, number, expected=expected, found=repr(line[:80])) from None
        totals[read[:1]] += confusion.probability
        for is_wrong, expected in (
            (not read or read == seen, "letters and others in their place"),
            ((read + seen).split() != [read + seen], "letters without white space (attack.spacing splits words)"),
            (not 0 < confusion.probability <= 1, "a probability in (0, 1]"),
            (totals[read[:1]] > 1 + 1e-9, f"probabilities of letters from {read[:1]!r} on that add up to at most 1"),
        ):
            if is_wrong:
                raise DataError.at(path, number, expected=expected, found=repr(line[:80]))
        table.append(confusion)
    if not table:
        raise DataError.at(path, None, expected="at least one confusion", found="none")
    return tuple(table)


@cache
def own_confusions() -> tuple[Confusion, ...]:
    """Return the table that comes along: by the shapes of letters, not counted on a set."""
    text = files(__package__).joinpath(_OWN).read_text(encoding="utf-8")
    return parse_confusions(text.splitlines(), _OWN)


@dataclass(frozen=True)
class OcrNoise(ChosenWords):
    """Confuses letters with similar ones, each with its own probability; may split words and join them with the next.

    Source: Kolak and Resnik 2002 for confusions with probabilities; Namysl et al. 2020 for noise of this kind in test
    sets of taggers. Their confusions are counted on scanned pages; those of the table that comes along are not.

    >>> from charbert.seeding import numpy_generator
    >>> words = "The modern lighthouse keeper counted nine ships".split()
    >>> OcrNoise((Confusion("rn", "m", 0.5), Confusion("l", "1", 0.5))).corrupt(words, numpy_generator(2)).words
    ['The', 'modem', '1ighthouse', 'keeper', 'counted', 'nine', 'ships']
    """

    confusions: tuple[Confusion, ...]
    """Of several at one place the first ones come first in the draw."""
    spacing: float = 0.0
    """Share of the words that are split or joined, in [0, 1]; such a text has other words than before. A word that is
    joined with the one before it is left empty, so that the list keeps its length."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("attack", self, "[0, 1]", "spacing")

    @cached_property
    def _by_first(self) -> dict[str, list[Confusion]]:
        table: dict[str, list[Confusion]] = {}
        for confusion in self.confusions:
            table.setdefault(confusion.read[0], []).append(confusion)
        return table

    @cached_property
    def _highest(self) -> float:
        """The greatest probability with which any character is confused."""
        return max(sum(confusion.probability for confusion in group) for group in self._by_first.values())

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence as a scanner reads it; three draws per word and one per character."""
        noised, records = list(words), list[EditRecord]()
        chances, kinds, places = rng.random((3, len(noised)))
        draws = rng.random(sum(map(len, noised)))
        starts = list(accumulate(map(len, noised), initial=0))
        hits = np.flatnonzero(draws < self._highest)
        done = 0
        for at, draw in zip(hits.tolist(), draws[hits].tolist(), strict=True):
            index = bisect_right(starts, at) - 1
            word, place = words[index], at - starts[index]
            if at < done or not self.chooses(word, chances[index]):
                continue
            confusion = self._confusion(word, place, draw)
            if confusion is None:
                continue
            before = noised[index]
            place += len(before) - len(word)  # what is left of the word is as it was
            after = before[:place] + confusion.seen + before[place + len(confusion.read) :]
            if after:
                noised[index], done = after, at + len(confusion.read)
                records.append(EditRecord(index, Change.confusion, place, before, after))
        if self.spacing:
            records = sorted([*records, *self._spaced(noised, kinds, places)], key=attrgetter("word_index"))
        return Corruption(noised, records)

    def _confusion(self, word: str, place: int, draw: float) -> Confusion | None:
        """Return what happens at a character, None if nothing."""
        total = 0.0
        for confusion in self._by_first.get(word[place], ()):
            if word.startswith(confusion.read, place):
                total += confusion.probability
                if draw < total:
                    return confusion
        return None

    def _spaced(self, noised: list[str], kinds: np.ndarray, places: np.ndarray) -> list[EditRecord]:
        """Split and join words in ``noised``; return what was done."""
        records: list[EditRecord] = []
        for index in np.flatnonzero(kinds < self.spacing).tolist():
            word, following = noised[index], noised[index + 1] if index + 1 < len(noised) else ""
            if kinds[index] < self.spacing / 2 and len(word) > 1:
                place = 1 + pick(places[index], len(word) - 1)
                noised[index] = f"{word[:place]} {word[place:]}"
                records.append(EditRecord(index, Change.split, place, word, noised[index]))
            elif kinds[index] >= self.spacing / 2 and _can_join(word) and _can_join(following):
                noised[index : index + 2] = [word + following, ""]
                records.append(changed_word(index, Change.joined, word, word + following))
                records.append(EditRecord(index + 1, Change.joined, 0, following, ""))
        return records


def _can_join(word: str) -> bool:
    return word.isalnum() or is_word(word)
