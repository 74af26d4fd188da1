"""The words that the noisy language model predicts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charbert.errors import DataError
from charbert.files import read_text, write_atomically
from charbert.serialization import parse_strictly
from charbert.text.codepoints import has_dotless_i, looked_up, lower_counts
from charbert.text.words import words_of

UNKNOWN_WORD = "<unk>"
FORMAT_VERSION = 1


_MOST_HELD = 200_000


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Return how often each word occurs, lower-cased as `lower_counts` does.

    For counts of parts that are added, use `count_cased_words` and lower the sum: the language is told from all words.
    """
    return lower_counts(count_cased_words(texts))


def count_cased_words(texts: Iterable[str]) -> Counter[str]:
    """Return how often each word of `words_of` occurs, in the case in which it is written.

    No word crosses white space, so what stands between white space is counted first, and each of it split only once.
    """
    counts: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for text in texts:
        held.update(text.split())
        if len(held) > _MOST_HELD:  # far more of it differs than of words
            _add_words(held, counts)
            held.clear()
    _add_words(held, counts)
    return counts


def _add_words(held: Counter[str], counts: Counter[str]) -> None:
    for text, count in held.items():
        for word in (text,) if text.isalnum() else words_of(text):  # letters and digits are one word
            counts[word] += count


class WordVocab:
    """Lower-cased words and their ids; every other word has the last id.

    Paper: Sec. 3.5, the word vocabulary of Eq. 7; Sec. 4.1, 30K words.
    Released code: 30,000 lower-cased words of nltk's tokenizer and ``<unk>``.

    Args:
        words: the words by id, without the unknown word.

    Raises:
        DataError: if a word stands twice, is empty or is ``<unk>``.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words: tuple[str, ...] = (*words, UNKNOWN_WORD)
        self.unk_id = len(words)
        self._ids = {word: index for index, word in enumerate(words)}
        self._dotless = has_dotless_i(dict.fromkeys(words, 1))
        if len(self._ids) < len(words) or UNKNOWN_WORD in self._ids or "" in self._ids:
            repeated = [word for word, count in Counter(words).items() if count > 1 or word in ("", UNKNOWN_WORD)]
            raise DataError(
                f"word vocabulary: expected distinct words, none of them empty or {UNKNOWN_WORD}, got {repeated[:5]}"
            )

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], size: int) -> WordVocab:
        """Return the ``size`` most frequent words; ties go to the lower code points.

        Punctuation marks count as words, as in the released vocabulary, since its rules noise them too. A
        text with fewer words gives a smaller vocabulary.

        Args:
            counts: how often each word occurs, as of `count_words`.
            size: number of words at most, ``<unk>`` not counted; at least 1.

        Raises:
            DataError: if ``size`` is below 1 or there is no word.
        """
        if size < 1:
            raise DataError(f"word vocabulary size must be at least 1, got {size}")
        if not counts:
            raise DataError("word vocabulary: the corpus holds no word; is it empty?")
        known = (item for item in counts.items() if item[0] != UNKNOWN_WORD)
        ranked = sorted(known, key=lambda item: (-item[1], item[0]))
        return cls([word for word, _ in ranked[:size]])

    def __len__(self) -> int:
        """Return the number of ids, the unknown word's included: the width of the prediction."""
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return self.lower(word) in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WordVocab) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def lower(self, word: str) -> str:
        """Return a word in lower case, by the rules of the language of the words."""
        return looked_up(word, dotless=self._dotless)

    def encode(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Return the id of each word in lower case, (len(words),)."""
        ids = self._ids
        return np.fromiter((ids.get(self.lower(word), self.unk_id) for word in words), np.int64, len(words))

    def save(self, path: Path | str) -> None:
        """Write the vocabulary to ``path`` as JSON, whole or not at all."""
        record = {"version": FORMAT_VERSION, "words": self.words[:-1]}
        write_atomically(path, json.dumps(record, ensure_ascii=False, indent=0) + "\n")

    @classmethod
    def load(cls, path: Path | str) -> WordVocab:
        """Return the vocabulary that ``save`` wrote to ``path``.

        Raises:
            DataError: if the file is missing, is not JSON or does not hold a word vocabulary.
        """
        text = read_text(Path(path), "a word vocabulary")
        try:
            record = parse_strictly(text)
        except ValueError as error:
            raise DataError.at(path, None, expected="a word vocabulary in JSON", found=str(error)) from None
        if not isinstance(record, dict) or record.get("version") != FORMAT_VERSION:
            raise DataError.at(
                path,
                None,
                expected=f"a word vocabulary of version {FORMAT_VERSION}",
                found=f"version {record.get('version')!r}" if isinstance(record, dict) else "no mapping",
                hint="build it again",
            )
        words = record.get("words")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError.at(path, None, expected="a list of words", found=f"{type(words).__name__}")
        try:
            return cls(words)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
