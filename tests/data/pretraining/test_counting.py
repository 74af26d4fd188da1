"""Counting a corpus: the same in any number of processes, and in the memory that a small one takes."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from charbert.data.pretraining.corpus import read_blocks
from charbert.data.pretraining.counting import count_parts
from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.data.pretraining.wordpiece import count_pieces, train_wordpiece, wordpiece_of_counts
from charbert.text.char_vocab import CharVocab, count_characters

TIMES = 20
SMALL = 60_000
"""Words of the small corpus."""
MEASURE = """
import json, random, resource, sys
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


@pytest.mark.slow
def test_counts_are_the_same_in_any_number_of_processes(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "corpus.txt", 200_000)
    blocks = read_blocks([path], cache_dir=tmp_path)
    words = count_parts(blocks, count_words, 1)
    assert words == count_parts(blocks, count_words, 2) == count_words(blocks)
    assert sum(words.values()) == 200_000


def test_the_parts_of_a_corpus_hold_every_text_once(tmp_path: Path) -> None:
    blocks = read_blocks([write_corpus(tmp_path / "corpus.txt", 250_000)], cache_dir=tmp_path)
    parts = [list(blocks.part(index, 3)) for index in range(3)]
    assert all(parts)
    assert sorted(text for part in parts for text in part) == sorted(blocks)


def test_vocabularies_of_counts_are_those_of_the_texts(sentences: tuple[str, ...]) -> None:
    assert CharVocab.of_counts(count_characters(sentences), 40) == CharVocab.build(sentences, 40)
    assert WordVocab.of_counts(count_words(sentences), 30).words == WordVocab.build(sentences, 30).words
    of_counts = wordpiece_of_counts(partial(count_pieces, lower_case=False)(sentences), 200, lower_case=False)
    assert of_counts.get_vocab() == train_wordpiece(sentences, 200).get_vocab()
