"""How raw text is cut into words: as the training file of a tagger shows it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

from charbert.text.codepoints import lower_case, mark_ranges
from charbert.text.words import Span, split_words

UNITS = ("text", "spaces", "unsegmented", "characters")

_UNSEGMENTED = (
    "\u3005\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u0e01-\u0e5b\u0e81-\u0edf\u0f40-\u0fbc\u1000-\u109f\u1780-\u17ff"
)
"""Han, Hiragana, Katakana, Thai, Lao, Tibetan, Myanmar, Khmer: scripts that have no space between words."""
_MARKS = f"[{mark_ranges()}]*"
_CHARACTER = re.compile(rf"\S{_MARKS}")
_UNSEGMENTED_CHARACTER = re.compile(rf"[{_UNSEGMENTED}]{_MARKS}")
_UNSEGMENTED_WORD = re.compile(rf"(?:[{_UNSEGMENTED}]{_MARKS})+")
_RUN = re.compile(rf"[{_UNSEGMENTED}]{_MARKS}|[^{_UNSEGMENTED}]+")
_PUNCTUATED = re.compile(r"\w.*[,;!?\u060c\u0964\u3001\u3002]")
_PUNCTUATION = re.compile(r"[.,;!?\u060c\u0964\u3001\u3002]")
_CLITIC = re.compile(r"['’][^\W\d_]{1,3}|n['’]t|[^\W\d_]{1,6}['’]", re.IGNORECASE)
_HYPHENS = "-‐‑"
_HYPHEN = re.compile(f"[{_HYPHENS}]")
_RUNS = re.compile(r"([^\w\s])\1{2,}")
ADDRESS = re.compile(r"(?:https?://|www\.)\S*\w/?|[^\s@]{1,64}@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
"""Of the web or of mail."""
_LEAST_COUNT = 2
_MOST_KEPT = 1000
_LONGEST_KEPT = 20
_LONGEST_CUT = 100
"""Longer words keep their clitics: no language has them, and the time is that of the length squared."""
_MOST_PIECES = 8


@dataclass(frozen=True)
class WordRule:
    """Cuts raw text into words. Without arguments as `charbert.text.words.split_words` does."""

    unit: str = "text"
    """text: words without their punctuation; spaces: what stands between white space; unsegmented: as text, but each
    character of a script without spaces is a word; characters: each character is a word."""
    cut_at_hyphens: bool = False
    """Whether the parts of a word with hyphens, and the hyphens, are words."""
    clitics: tuple[str, ...] = ()
    """Parts with an apostrophe that are words of their own, in lower case: ``'s``, ``n't``, ``l'``."""
    kept: tuple[str, ...] = ()
    """Words that are not cut, such as ``...``, ``:-)`` and ``1/2``: with 0 for each digit, and with three of a mark
    that is repeated more often."""
    addresses_are_words: bool = False
    """Whether an address of the web or of mail is one word."""

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Self:
        """Return the rule of a record that `to_dict` made; None: that of a model saved without one.

        Raises:
            ValueError: if the record is none of a rule.
        """
        if record is None:
            return cls()
        if record.keys() - {field.name for field in fields(cls)} or record.get("unit", "text") not in UNITS:
            raise ValueError(f"expected a rule for words with unit one of {', '.join(UNITS)}, got {record!r:.80}")
        words = {name: tuple(filter(None, map(str, record[name]))) for name in ("clitics", "kept") if name in record}
        return cls(**{**record, **words})

    @classmethod
    def learn(cls, sentences: Iterable[Sequence[str]]) -> Self:
        """Return the rule by which the words of tagged sentences seem to have been made.

        A file of words does not say how its text looked. What it shows: whether punctuation marks are words of their
        own, whether words of scripts without spaces have one character, and which words have hyphens, apostrophes or
        punctuation inside.
        """
        rows = [list(words) for words in sentences]
        counts = Counter(word for words in rows for word in words)
        unit = _unit(rows, counts)
        if unit in ("spaces", "characters"):
            return cls(unit)
        often = [word for word, n in counts.items() if n >= _LEAST_COUNT and _CLITIC.fullmatch(word)]
        clitics = sorted(set(map(lower_case, often)))
        addresses = any(ADDRESS.fullmatch(word) for word in counts)
        rule = cls(unit, _cuts_at_hyphens(rows, counts), tuple(clitics), addresses_are_words=addresses)
        return replace(rule, kept=tuple(_words_to_keep(rule, rows, counts)))

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as values of JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def share_cut_alike(self, sentences: Sequence[Sequence[str]]) -> float:
        """Return the share of sentences, in [0, 1], whose words come out again from the text with spaces between."""
        texts = [" ".join(words) for words in sentences]
        same = [
            [text[start:end] for start, end in self.spans(text)] == list(words)
            for text, words in zip(texts, sentences, strict=True)
        ]
        return sum(same) / max(1, len(same))

    @staticmethod
    def is_unsegmented(texts: Iterable[str]) -> bool:
        """Return whether most letters of texts are of scripts without spaces between words."""
        joined = "".join(texts)
        return 2 * len(_UNSEGMENTED_CHARACTER.findall(joined)) > sum(map(str.isalpha, joined))

    def spans(self, text: str) -> list[Span]:
        """Return the span of each word of a text, left to right; they cover everything but white space."""
        if self == WordRule():
            return split_words(text)
        if self.unit == "characters":
            return [match.span() for match in _CHARACTER.finditer(text)]
        chunks = [match.span() for match in re.finditer(r"\S+", text)]
        if self.unit == "spaces":
            return chunks
        return [
            (start + first, start + last) for start, end in chunks for first, last in self._cut_chunk(text[start:end])
        ]

    def _cut_chunk(self, chunk: str) -> list[Span]:
        if self._keeps(chunk):
            return [(0, len(chunk))]
        if not self.addresses_are_words or not ADDRESS.search(chunk):
            return self._cut_part(chunk)
        words, done = [], 0
        for start, end in [*(match.span() for match in ADDRESS.finditer(chunk)), (len(chunk), len(chunk))]:
            words += [(done + first, done + last) for first, last in self._cut_part(chunk[done:start])]
            words += [(start, end)] if start < end else []
            done = end
        return words

    def _cut_part(self, chunk: str) -> list[Span]:
        pieces: list[Span] = []
        for start, end in self._with_runs(chunk, split_words(chunk)):
            parts = [(0, end - start)] if self._keeps(chunk[start:end]) else self._cut_word(chunk[start:end])
            pieces += [(start + first, start + last) for first, last in parts]
        return list(self._joined(chunk, pieces))

    def _with_runs(self, chunk: str, pieces: Sequence[Span]) -> list[Span]:
        """Return the pieces, those of a mark that is repeated as one if such words are kept."""
        runs = [match.span() for match in _RUNS.finditer(chunk) if self._keeps(match.group())]
        if not runs:
            return list(pieces)
        outside = [piece for piece in pieces if not any(start <= piece[0] < end for start, end in runs)]
        return sorted([*outside, *runs])

    def _cut_word(self, word: str) -> Iterator[Span]:
        """Yield the parts of a word that `split_words` found."""
        parts = _RUN.finditer(word) if self.unit == "unsegmented" else re.finditer(".+", word, re.DOTALL)
        for part in parts:
            bounds = {*part.span()}
            if self.cut_at_hyphens:
                bounds |= {at for hyphen in _HYPHEN.finditer(word, *part.span()) for at in hyphen.span()}
            for start, end in pairwise(sorted(bounds)):
                yield from self._cut_clitics(word, start, end)

    def _cut_clitics(self, word: str, start: int, end: int) -> Iterator[Span]:
        lower = lower_case(word[start:end])
        if len(lower) > _LONGEST_CUT or not ("'" in lower or "’" in lower):
            yield start, end
            return
        for clitic in self.clitics:
            rest = end - start - len(clitic)
            if rest > 0 and lower.startswith(clitic) and clitic[-1] in "'’":
                yield start, start + len(clitic)
                yield from self._cut_clitics(word, start + len(clitic), end)
                return
            if rest > 0 and lower.endswith(clitic) and clitic[-1] not in "'’":
                yield from self._cut_clitics(word, start, start + rest)
                yield start + rest, end
                return
        yield start, end

    def _joined(self, chunk: str, pieces: Sequence[Span]) -> Iterator[Span]:
        """Yield the pieces, those together that make a word that is kept."""
        at = 0
        while at < len(pieces):
            start = pieces[at][0]
            ends = range(min(len(pieces), at + _MOST_PIECES), at + 1, -1)
            stop = next((stop for stop in ends if self._keeps(chunk[start : pieces[stop - 1][1]])), at + 1)
            yield start, pieces[stop - 1][1]
            at = stop

    def _keeps(self, word: str) -> bool:
        return _shape(word) in self._kept

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(self.kept)


def _unit(rows: Sequence[Sequence[str]], counts: Counter[str]) -> str:
    single = sum(n for word, n in counts.items() if _UNSEGMENTED_CHARACTER.fullmatch(word))
    several = sum(n for word, n in counts.items() if _UNSEGMENTED_WORD.fullmatch(word)) - single
    if 10 * single > 9 * (single + several):
        others = {word for word in counts if word.isalnum() and not _UNSEGMENTED_CHARACTER.match(word)}
        return "characters" if others and all(len(word) == 1 for word in others) else "unsegmented"
    if 2 * several > counts.total():
        return "spaces"  # raw text of such a script has no words that a rule could find
    finals = Counter(words[-1] for words in rows if words)
    alone = sum(n for word, n in counts.items() if _PUNCTUATION.fullmatch(word))
    attached = sum(n for word, n in counts.items() if _PUNCTUATED.fullmatch(word))
    attached += sum(n for word, n in finals.items() if re.fullmatch(r"\w.*\.", word))
    return "spaces" if attached > alone else "text"


def _cuts_at_hyphens(rows: Sequence[Sequence[str]], counts: Counter[str]) -> bool:
    """Return whether more hyphens between letters are words than are inside words."""
    inside = sum(n for word, n in counts.items() if re.search(rf"\w[{_HYPHENS}]\w", word))
    apart = sum(
        _HYPHEN.fullmatch(middle) is not None and before[-1:].isalnum() and after[:1].isalnum()
        for words in rows
        for before, middle, after in zip(words, words[1:], words[2:], strict=False)
    )
    return apart > inside


def _words_to_keep(rule: WordRule, rows: Sequence[Sequence[str]], counts: Counter[str]) -> list[str]:
    """Return the shapes of words, most frequent first, that a rule would cut and that are not cut more often."""
    shapes: Counter[str] = Counter()
    parts_of: dict[str, tuple[str, ...]] = {}
    for word, count in counts.items():
        if len(word) <= _LONGEST_KEPT and "@" not in word and not any(map(str.isspace, word)):
            shapes[_shape(word)] += count
            parts = tuple(_shape(word[start:end]) for start, end in rule.spans(word))
            if len(parts) > 1:
                parts_of.setdefault(_shape(word), parts)
    apart = _count_sequences([[_shape(word) for word in words] for words in rows], set(parts_of.values()))
    kept = [shape for shape, parts in parts_of.items() if shapes[shape] >= max(_LEAST_COUNT, apart[parts])]
    return sorted(kept, key=lambda shape: (-shapes[shape], shape))[:_MOST_KEPT]


def _count_sequences(rows: Sequence[Sequence[str]], wanted: set[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """Return how often each of the wanted sequences of words occurs."""
    starts: dict[str, list[tuple[str, ...]]] = {}
    for sequence in wanted:
        starts.setdefault(sequence[0], []).append(sequence)
    return Counter(
        sequence
        for words in rows
        for at, word in enumerate(words)
        for sequence in starts.get(word, ())
        if tuple(words[at : at + len(sequence)]) == sequence
    )


def _shape(word: str) -> str:
    if word.isalpha():
        return word
    return _RUNS.sub(r"\1\1\1", re.sub(r"\d", "0", word))
