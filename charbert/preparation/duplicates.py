"""Repetitions within a set, and between the sets of a task: exact ones, and near ones by MinHash."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

from charbert.config.data.preparation import Conflict, DuplicateSettings, Finding, LeakageSettings, NearSettings
from charbert.data.splits import connect_groups, normalize_text
from charbert.errors import DataError, import_extra
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Outcome, Row, Step
from charbert.text.word_rule import WordRule

Texts = tuple[str, ...]

_FEWEST_MISSES = (0.01, 0.99)
"""Weights of false and missed candidates in the choice of the index's bands: a false one only costs a comparison."""


class Match(NamedTuple):
    """Another example that is equal or nearly equal."""

    number: int
    similarity: float
    """1 where both are equal after `normalize_text`, below 1 for near ones."""


class SimilarTexts:
    """An index of examples by their texts, which finds the one that is most like another.

    Raises:
        SettingsError: if near duplicates are asked for and datasketch is not installed.
    """

    def __init__(self, settings: NearSettings) -> None:
        self.settings = settings
        self._texts: list[Texts] = []
        self._exact: dict[Texts, int] = {}
        self._by_first: dict[str, list[int]] = defaultdict(list)
        self._index: Any = None
        self._last: tuple[str, Any] = ("", None)
        if settings.similarity:
            without = "set preparation.near.similarity=0 for exact ones only"
            datasketch = import_extra("datasketch", "finding near duplicates", "prepare", without)
            self._blank = datasketch.MinHash(settings.permutations, hashfunc=crc32)
            self._index = datasketch.MinHashLSH(settings.similarity, settings.permutations, weights=_FEWEST_MISSES)

    def add(self, texts: Sequence[str]) -> int:
        """Add an example and return its number, from 0."""
        key, number = tuple(map(normalize_text, texts)), len(self._texts)
        self._texts.append(key)
        self._exact.setdefault(key, number)
        if self._index is not None:
            if self._is_short(key[0]):
                self._by_first[key[0]].append(number)
            else:
                self._index.insert(number, self._hash(key[0]), check_duplication=False)
        return number

    def find(self, texts: Sequence[str]) -> Match | None:
        """Return the example that is most like another one, the first of equally similar ones; None if none is."""
        return nearest(self.find_all(texts, stop_at_exact=True))

    def find_all(self, texts: Sequence[str], *, stop_at_exact: bool = False) -> list[Match]:
        """Return all examples that are the same or nearly, of equal ones the first alone."""
        key = tuple(map(normalize_text, texts))
        exact = self._exact.get(key)
        matches = [] if exact is None else [Match(exact, 1.0)]
        if self._index is None or (stop_at_exact and matches):
            return matches
        short = self._is_short(key[0])
        candidates = self._by_first.get(key[0], []) if short else sorted(self._index.query(self._hash(key[0])))
        for number in candidates:
            similarity = self._similarity(key, self._texts[number])
            if self._texts[number] != key and similarity >= self.settings.similarity:
                matches.append(Match(number, similarity))
        return matches

    def _similarity(self, first: Texts, second: Texts) -> float:
        """Return the least similarity of two texts that belong together."""
        if len(first) != len(second):
            return 0.0
        return min(self._text_similarity(first, second) for first, second in zip(first, second, strict=True))

    def _text_similarity(self, first: str, second: str) -> float:
        if first == second:
            return 1.0
        if self._is_short(first) or self._is_short(second):
            return 0.0
        return jaccard(ngrams(first, self.settings.ngram), ngrams(second, self.settings.ngram))

    def _is_short(self, text: str) -> bool:
        few = self.settings.min_words
        return text.count(" ") + 1 < few and not (len(text) >= few and WordRule.is_unsegmented([text]))

    def _hash(self, text: str) -> Any:
        """Return the MinHash of a text; the last one is kept, since a text is looked up and then added."""
        if self._last[0] != text:
            made = self._blank.copy()
            made.update_batch([gram.encode() for gram in sorted(ngrams(text, self.settings.ngram))])
            self._last = (text, made)
        return self._last[1]


def nearest(matches: Sequence[Match]) -> Match | None:
    """Return the most similar match, of equally similar ones the first; None of none."""
    return max(matches, key=lambda match: (match.similarity, -match.number), default=None)


def ngrams(text: str, size: int) -> set[str]:
    """Return the character n-grams of a text; of a shorter one the text itself."""
    return {text[start : start + size] for start in range(max(1, len(text) - size + 1))}


def jaccard(first: set[str], second: set[str]) -> float:
    """Return the share of what two sets have in common, in [0, 1]."""
    return len(first & second) / max(1, len(first | second))


def group_similar(texts: Sequence[Sequence[str]], settings: NearSettings) -> list[int]:
    """Return a group for each example, such that examples with (nearly) the same texts are in the same group."""
    index = SimilarTexts(settings)
    keys: list[list[int]] = []
    for number, own in enumerate(texts):
        keys.append([number, *(match.number for match in index.find_all(own))])
        index.add(own)
    return connect_groups(keys)


@dataclass(frozen=True)
class DropDuplicates(Step):
    """Drop all but the first of each set of repetitions.

    A near duplicate with another label or answer is not redundant and stays.
    """

    name = "duplicates"

    settings: DuplicateSettings
    """What happens to exact repetitions with different labels."""
    near: NearSettings
    """When two texts are nearly the same."""

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Drop repetitions."""
        outcome = Outcome([])
        index, indexed = SimilarTexts(self.near), list[Row]()
        contradicted = self._contradicted(rows, adapter)
        unlike = 0
        for number, row in enumerate(rows):
            if number in contradicted:
                outcome.dropped.append(self.drop(row, adapter, "duplicate with another label", contradicted[number]))
                continue
            matches = index.find_all(adapter.texts(row.example), stop_at_exact=True)
            agreeing = [match for match in matches if self._agree(row, indexed[match.number], adapter)]
            match = nearest(agreeing or matches)
            if match is not None:
                first, near, same = indexed[match.number], match.similarity < 1, bool(agreeing)
                if same or not near:
                    reason = "near duplicate" if near else "duplicate" if same else "duplicate with another label"
                    detail = f"of {first.place}" + (f" (similarity {match.similarity:.2f})" if near else "")
                    outcome.dropped.append(self.drop(row, adapter, reason, detail))
                    continue
                unlike += 1
            index.add(adapter.texts(row.example))
            indexed.append(row)
            outcome.rows.append(row)
        if unlike:
            outcome.notes["near duplicates with another label, kept"] = unlike
        return outcome

    def _agree(self, row: Row, other: Row, adapter: ExampleAdapter[Any]) -> bool:
        """Return whether labels or answers are equal; tags of sentences that differ are not compared."""
        comparable = adapter.one_verdict or _key(row, adapter) == _key(other, adapter)
        return not comparable or adapter.verdict(row.example) == adapter.verdict(other.example)

    def _contradicted(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> dict[int, str]:
        """Return the rows to drop because exact repetitions have other labels, each with what it repeats."""
        if self.settings.conflicts is Conflict.first:
            return {}
        groups: dict[Texts, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            groups[_key(row, adapter)].append(number)
        places: dict[int, str] = {}
        for group in groups.values():
            verdicts = {number: adapter.verdict(rows[number].example) for number in group}
            counts = Counter(verdicts.values()).most_common(2)
            if len(counts) < 2:
                continue
            clear = self.settings.conflicts is Conflict.majority and counts[0][1] > counts[1][1]
            for number in group:
                if not clear or verdicts[number] != counts[0][0]:
                    other = next(row_number for row_number in group if row_number != number)
                    places[number] = f"of {rows[other].place}"
        return places


def _key(row: Row, adapter: ExampleAdapter[Any]) -> Texts:
    return tuple(map(normalize_text, adapter.texts(row.example)))


class FindLeakage(Step):
    """Find training examples that are in a held-out set too, exactly or nearly.

    Args:
        held_out: places and texts of the examples of each other set, by its name.

    Raises:
        DataError: when applied with ``action=refuse`` and there is one.
    """

    name = "leakage"
    training_only = True

    def __init__(
        self, settings: LeakageSettings, near: NearSettings, held_out: Mapping[str, Sequence[tuple[str, Texts]]]
    ) -> None:
        self.settings = settings
        self.index = SimilarTexts(near)
        self.places = [_in_set(place, name) for name, rows in held_out.items() for place, _ in rows]
        for rows in held_out.values():
            for _, texts in rows:
                self.index.add(texts)

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Compare each row with the held-out ones."""
        nearest = enumerate(self.index.find(adapter.texts(row.example)) for row in rows)
        matches = {number: match for number, match in nearest if match is not None}
        exact = sum(match.similarity == 1 for match in matches.values())
        if matches and self.settings.action is Finding.refuse:
            number, match = next(iter(matches.items()))
            raise DataError(
                f"{rows[number].place}: expected training examples that are in no other set, got one of "
                f"{self.places[match.number]} (similarity {match.similarity:.2f}), and {len(matches) - 1} more such "
                f"({exact} in all exactly, {len(matches) - exact} nearly); set preparation.leakage.action=drop to take "
                "them out of training, or report to list them"
            )
        outcome = Outcome(list(rows))
        outcome.notes |= {"in a held-out set exactly": exact, "in a held-out set nearly": len(matches) - exact}
        if self.settings.action is Finding.report:
            for number, match in matches.items():
                row, other = rows[number], self.places[match.number]
                finding = {"index": row.index, "place": row.place, "of": other, "similarity": match.similarity}
                outcome.findings.append(finding)
            return outcome
        outcome.rows = [row for number, row in enumerate(rows) if number not in matches]
        for number, match in matches.items():
            reason = "in a held-out set" if match.similarity == 1 else "nearly in a held-out set"
            detail = f"{self.places[match.number]} (similarity {match.similarity:.2f})"
            outcome.dropped.append(self.drop(rows[number], adapter, reason, detail))
        return outcome


def _in_set(place: str, name: str) -> str:
    """Return a place that says which set it is in, unless it is named after the file."""
    return place if re.split("[:,]", place)[0] == name else f"{place} ({name})"


def check_no_near_leakage(texts: Mapping[str, Sequence[Texts]], settings: NearSettings) -> None:
    """Refuse parts of which two have (nearly) the same example; see `charbert.data.splits.check_no_leakage`.

    Args:
        texts: the texts of each example, by part (train, dev, test).

    Raises:
        DataError: naming the first two examples that are nearly the same in different parts.
    """
    index, owners = SimilarTexts(settings), list[tuple[str, int]]()
    for part, rows in texts.items():
        for number, own in enumerate(rows):
            if match := index.find(own):
                other, place = owners[match.number]
                raise DataError(
                    f"expected parts that share nothing, got nearly the same text in {other} (example {place}) and "
                    f"{part} (example {number}), similarity {match.similarity:.2f}: {own[0]!r}; "
                    "keep near duplicates together, or take one out"
                )
        for number, own in enumerate(rows):
            index.add(own)
            owners.append((part, number))
