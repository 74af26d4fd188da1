from __future__ import annotations

from pathlib import Path

import pytest

from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.errors import DataError

SHARED = Path(__file__).parents[3].parent / "shared"


def test_words_are_ranked_by_frequency_then_code_point() -> None:
    vocab = WordVocab.of_counts(count_words(["Tea and tea, coffee", "And milk, or TEA"]), size=4)
    assert vocab.words == ("tea", ",", "and", "coffee", "<unk>")
    assert (len(vocab), vocab.unk_id) == (5, 4)


def test_words_are_encoded_in_lower_case() -> None:
    vocab = WordVocab(["tea", "and"])
    assert vocab.encode(["Tea", "AND", "milk", "<unk>"]).tolist() == [0, 1, 2, 2]
    assert "TEA" in vocab
    assert "milk" not in vocab


def test_a_small_corpus_gives_a_small_vocabulary() -> None:
    assert len(WordVocab.of_counts(count_words(["one two"]), size=30_000)) == 3


def test_the_unknown_word_of_a_text_is_no_word_of_the_vocabulary() -> None:
    assert WordVocab.of_counts({"<unk>": 9, "tea": 1}, size=5) == WordVocab(["tea"])
    assert WordVocab(["tea"]) != WordVocab(["milk"])


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    vocab = WordVocab(["tea", "\u2028", "naïve", '"'])
    vocab.save(tmp_path / "deep" / "words.json")
    assert WordVocab.load(tmp_path / "deep" / "words.json") == vocab


@pytest.mark.parametrize("words", [["tea", "tea"], ["<unk>"], [""]])
def test_ambiguous_words_are_refused(words: list[str]) -> None:
    with pytest.raises(DataError, match="distinct words"):
        WordVocab(words)


def test_an_empty_corpus_is_refused() -> None:
    with pytest.raises(DataError, match="no word"):
        WordVocab.of_counts(count_words([" ", ""]), size=10)
    with pytest.raises(DataError, match="at least 1, got 0"):
        WordVocab.of_counts(count_words(["tea"]), size=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"tea\n", "JSON"),
        (b"[1]", "version 1"),
        (b'{"version": 2}', "version 1"),
        (b'{"version": 1, "words": 3}', "a list of words"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_saved_file_of_another_form_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "words").write_bytes(content)
    with pytest.raises(DataError, match=message):
        WordVocab.load(tmp_path / "words")
    with pytest.raises(DataError, match="no such file"):
        WordVocab.load(tmp_path / "none")
