import math
import time
from collections import Counter

import pytest

from charbert.text.repair.word_pairs import WordPairs, count_pairs

TEXTS = [
    text.split()
    for text in (
        "the keeper saw the ships",
        "the keeper left the harbor",
        "seven ships left the harbor",
        "seven ships saw the keeper",
    )
]
COUNTS = Counter(word for words in TEXTS for word in words)


def test_the_probabilities_of_all_words_behind_a_word_sum_to_one() -> None:
    pairs = WordPairs(count_pairs(TEXTS, COUNTS, 100), COUNTS)
    for first in [*COUNTS, "lighthouse"]:
        shares = [count / COUNTS.total() * math.exp(pairs.log_ratio(first, word)) for word, count in COUNTS.items()]
        assert sum(shares) == pytest.approx(1)


def test_a_word_is_likelier_behind_one_that_it_was_counted_behind_and_as_likely_behind_an_unknown_one() -> None:
    pairs = WordPairs(count_pairs(TEXTS, COUNTS, 100), COUNTS)
    assert pairs.log_ratio("seven", "ships") > 0 > pairs.log_ratio("seven", "keeper")
    assert pairs.log_ratio("lighthouse", "keeper") == 0


def test_probabilities_are_those_of_absolute_discounting() -> None:
    counts, keeper = {"the": 7, "keeper": 3, "harbor": 2, "ships": 3}, 3 / 15
    pairs = {"the": {"keeper": 3, "harbor": 2}}
    expected = math.log(((3 - 0.75) / 7 + (1 - (3 + 2 - 2 * 0.75) / 7) * keeper) / keeper)
    assert WordPairs(pairs, counts).log_ratio("the", "keeper") == pytest.approx(expected)
    pairs["the"]["unknown"] = 4  # a word without a count
    assert WordPairs(pairs, counts).log_ratio("the", "keeper") == pytest.approx(expected)


def test_the_pairs_that_tell_most_are_kept_and_those_seen_once_are_not() -> None:
    everything = count_pairs(TEXTS, COUNTS, 100)
    assert everything == {
        "seven": {"ships": 2},
        "left": {"the": 2},
        "saw": {"the": 2},
        "the": {"harbor": 2, "keeper": 3},
    }
    assert count_pairs(TEXTS, COUNTS, 1) == {"seven": {"ships": 2}}  # 2 log 8


def test_words_without_a_count_stand_between_no_pair() -> None:
    counts = {word: count for word, count in COUNTS.items() if word != "the"}
    assert count_pairs(TEXTS, counts, 100) == {"seven": {"ships": 2}}


def test_memory_is_bounded_and_frequent_pairs_are_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = count_pairs(TEXTS * 20, COUNTS, 100)
    rare = [[f"a{number}", f"b{number}"] for number in range(50)]
    counts = COUNTS | Counter(word for words in rare for word in words)
    monkeypatch.setattr("charbert.text.repair.word_pairs._MOST_COUNTED", 30)
    mixed = [words for number, pair in enumerate(rare) for words in (pair, TEXTS[number % 4])]
    assert count_pairs(TEXTS * 20 + mixed, counts, 100).keys() == expected.keys()


def test_more_frequent_pairs_than_fit_into_memory_are_counted_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charbert.text.repair.word_pairs._MOST_COUNTED", 4_000)
    pairs = [[f"a{number % 8_000}", f"b{number % 8_000}"] for number in range(40_000)]
    texts = [*[words for words in pairs for _ in range(2)], *[["the", "keeper"]] * 100]
    counts = Counter(word for words in texts for word in words)
    begin = time.process_time()
    assert len(count_pairs(texts, counts, 10_000)) <= 4_000
    assert time.process_time() - begin < 1
