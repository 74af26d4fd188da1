"""Counting a corpus: the same in any number of processes, and in the memory that a small one takes."""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.data.pretraining import word_vocab
from charbert.data.pretraining.corpus import read_blocks
from charbert.data.pretraining.counting import count_texts
from charbert.data.pretraining.word_vocab import count_cased_words, count_words
from charbert.data.pretraining.wordpiece import count_pieces, train_wordpiece, wordpiece_of_counts
from charbert.text.char_vocab import CharVocab, count_characters
from charbert.text.codepoints import lower_counts
from charbert.text.words import words_of

TIMES = 20
SMALL = 60_000
"""Words of the small corpus."""
MEASURE = """
import datasets, json, random, resource, sys
from charbert.data.pretraining.corpus import read_blocks
from charbert.data.pretraining.word_vocab import count_words
from charbert.text.char_vocab import count_characters

def own_memory():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon"))

read_blocks([sys.argv[1]], cache_dir=sys.argv[3])  # what is loaded once
count_words(read_blocks([sys.argv[1]], cache_dir=sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
blocks = read_blocks([sys.argv[2]], cache_dir=sys.argv[3])
count_words(blocks), count_characters(blocks)
peak, own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, own_memory()
for _ in range(300):
    blocks.texts([random.randrange(len(blocks)) for _ in range(8)])
print(json.dumps({"before": before, "peak": peak, "kept": own_memory() - own}))
"""


def write_corpus(path: Path, words: int) -> Path:
    with path.open("w") as stream:
        for start in range(0, words, 50):
            stream.write(" ".join(f"word{number % 997}" for number in range(start, start + 50)) + "\n")
    return path


@pytest.mark.slow
def test_a_corpus_twenty_times_as_large_takes_no_more_memory(
    tmp_path: Path, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    small = write_corpus(tmp_path / "small.txt", SMALL)
    large = write_corpus(tmp_path / "large.txt", TIMES * SMALL)
    done = run_python("-c", MEASURE, str(small), str(large), str(tmp_path / "cache"))
    kilobytes = json.loads(done.stdout)
    assert large.stat().st_size > 8e6
    assert kilobytes["peak"] < 1.2 * kilobytes["before"]
    assert (
        kilobytes["peak"] - kilobytes["before"]
    ) * 1024 < large.stat().st_size / 3  # holding it would cost more than 1
    assert kilobytes["kept"] * 1024 < large.stat().st_size / 3


def test_counts_are_the_same_in_any_number_of_processes() -> None:
    turkish = ["Diyarbakır'da ISPARTA ve kırmızı ırmak", "sıcak kıyı, IRMAK ağzı"]  # a language of these batches only
    batches = [*[["It is THE sea, I think.", f"word{number}"] for number in range(60)], *[turkish] * 2]
    counts = [count_texts(batches, count_cased_words, number, what="words") for number in (1, 2)]
    assert list(counts[0].items()) == list(counts[1].items())
    assert lower_counts(counts[1]) == count_words(chain.from_iterable(batches))
    assert "ısparta" not in lower_counts(counts[1]) and "ısparta" in count_words(turkish)


def test_batches_hold_every_block_once_and_in_order(tmp_path: Path) -> None:
    blocks = read_blocks([write_corpus(tmp_path / "corpus.txt", 250_000)], cache_dir=tmp_path)
    assert [len(batch) for batch in blocks.batches()] == [1000, 1000, 1000, 125]
    assert list(chain.from_iterable(blocks.batches())) == list(blocks) == blocks.texts(range(len(blocks)))


@given(st.lists(st.text(st.sampled_from("aI1ı.-',’ \u00a0\u2003\n\u0301\u200d\x1f中Ü🙂"))))
def test_words_are_those_of_each_text(texts: list[str]) -> None:
    assert count_cased_words(texts) == Counter(chain.from_iterable(map(words_of, texts)))


def test_many_different_words_are_counted_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"one {number}, one" for number in range(50)]
    monkeypatch.setattr(word_vocab, "_MOST_HELD", 7)
    assert count_cased_words(texts) == Counter(chain.from_iterable(map(words_of, texts)))


def test_vocabularies_of_counts_are_those_of_the_texts(sentences: tuple[str, ...]) -> None:
    assert CharVocab.of_counts(count_characters(sentences), 40) == CharVocab.build(sentences, 40)
    of_counts = wordpiece_of_counts(partial(count_pieces, lower_case=False)(sentences), 200, lower_case=False)
    assert of_counts.get_vocab() == train_wordpiece(sentences, 200).get_vocab()
