"""Words and how often they occur: what a spelling dictionary is made of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from charbert.data.pretraining.corpus import read_paragraphs
from charbert.data.pretraining.word_vocab import count_cased_words
from charbert.data.readers.lines import read_lines, suffix_of
from charbert.errors import DataError
from charbert.files import read_text
from charbert.serialization import parse_strictly
from charbert.text.codepoints import capitalized_words, has_dotless_i, looked_up, lower_counts
from charbert.text.repair.word_pairs import PairCounts, count_pairs
from charbert.text.words import words_of

DICTIONARY_SIZE = 100_000
"""Words of a dictionary, as by default of ``model.dictionary.size``."""
PAIRS = 300_000
"""Pairs of words that are kept of a text."""
_EXPECTED = "a word and its count, a whole number of 1 or more"


def frequent_words(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Return the most frequent words that have a letter, with their counts; ties go to the lower code points."""
    words = [word for word in counts if any(map(str.isalpha, word))]
    words.sort(key=lambda word: (-counts[word], word))
    return {word: counts[word] for word in words[:size]}


def count_text_pairs(texts: Iterable[str], counts: Mapping[str, int], size: int = PAIRS) -> dict[str, dict[str, int]]:
    """Return the pairs of adjacent words of texts that tell most (`charbert.text.repair.word_pairs.count_pairs`).

    Args:
        texts: as they are written.
        counts: of the words whose pairs are counted, in lower case.
        size: most pairs returned.
    """
    dotless = has_dotless_i(counts)
    lowered = ([looked_up(word, dotless=dotless) for word in words_of(text)] for text in texts)
    return count_pairs(lowered, counts, size)


class CountedWords(NamedTuple):
    """The words of a file, in lower case."""

    counts: dict[str, int]
    """How often each of the most frequent ones occurs."""
    capitalized: set[str]
    """Those of them that mostly begin with a capital."""
    pairs: PairCounts
    """How often they stand side by side (`count_text_pairs`); none of a file that holds counts."""


def read_words(path: Path, size: int = DICTIONARY_SIZE, pairs: int = PAIRS) -> CountedWords:
    r"""Return the most frequent words of a file, and what a spelling dictionary reads of them.

    Args:
        path: a JSON object of counts by word (``.json``); lines ``word\tcount``, if the first line is one; or any other
            text, whose words are counted. A text may be compressed with xz (``.xz``).
        size: most words returned.
        pairs: most pairs returned; with 0 a text is read only once.

    Raises:
        DataError: if the file is missing or damaged, a count is none, or there is no word with a letter.
    """
    is_text = _is_text(path)
    if suffix_of(path) == ".json":
        cased = _total(_json_counts(path))
    elif is_text:
        cased = count_cased_words(filter(None, read_paragraphs([path])))
    else:
        cased = _total(_counts_of_lines(path, read_lines(path, "words with counts")))
    words = frequent_words(lower_counts(cased), size)
    if not words:
        raise DataError.at(path, None, expected="words with letters, or a text of them", found="none")
    counted = is_text and pairs > 0
    side_by_side = count_text_pairs(filter(None, read_paragraphs([path])), words, pairs) if counted else {}
    return CountedWords(words, capitalized_words(cased) & words.keys(), side_by_side)


def _is_text(path: Path) -> bool:
    """Return whether a file holds running text and no counts; of a text, which may be long, only one line is read."""
    if suffix_of(path) in (".json", ".xz") or not path.is_file():
        return suffix_of(path) != ".json"
    with path.open("rb") as stream:
        return b"\t" not in stream.readline()


def _json_counts(path: Path) -> Iterable[tuple[str, int]]:
    try:
        content = parse_strictly(read_text(path, "a JSON object of counts by word"))
    except ValueError as error:
        raise DataError.at(path, None, expected="a JSON object of counts by word", found=str(error)) from None
    if not isinstance(content, dict):
        raise DataError.at(path, None, expected="a JSON object of counts by word", found=type(content).__name__)
    for word, count in content.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise DataError.at(path, None, expected=_EXPECTED, found=f"{word!r}: {count!r}")
        yield word, count


def _counts_of_lines(path: Path, lines: Iterable[str]) -> Iterable[tuple[str, int]]:
    for number, line in enumerate(lines, start=1):
        word, _, count = line.partition("\t")
        if not line.strip():
            continue
        if not (word and count.isascii() and count.isdigit() and len(count) < 16 and int(count)):
            raise DataError.at(path, number, expected=f"{_EXPECTED}, with a tab between them", found=repr(line))
        yield word, int(count)


def _total(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for word, count in counts:
        total[word] += count
    return total
