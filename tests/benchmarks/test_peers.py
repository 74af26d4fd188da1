"""Peers of the benchmark: the same text for all, and models that give a tag's logits at each position."""

from collections import Counter

import pytest
import torch

from charbert.benchmarks import peers as module
from charbert.benchmarks.peers import TAGS, Peer, build_peers, texts_of
from charbert.config.bench import BenchSettings, ShapeSettings
from charbert.model.tokenization import CharBertTokenizer

SHAPE = ShapeSettings(hidden_size=16, layers=2, heads=2, batch_size=2, length=24)


@pytest.fixture
def plain(wordpiece_tokenizer) -> CharBertTokenizer:
    return CharBertTokenizer(wordpiece_tokenizer)


@pytest.fixture
def peers(plain: CharBertTokenizer, wordpiece_tokenizer, char_vocab, sentences) -> dict[str, Peer]:
    both = CharBertTokenizer(wordpiece_tokenizer, char_vocab)
    counts = Counter(word.lower() for sentence in sentences for word in sentence.split())
    torch.manual_seed(0)
    return build_peers(plain, both, counts, BenchSettings(subwords=400, words=40), SHAPE)


def test_texts_fill_the_subwords_of_a_row_with_whole_words(plain: CharBertTokenizer, sentences) -> None:
    words = " ".join(sentences * 4).split()
    for index, row in enumerate(texts_of(words, plain, SHAPE, 3)):
        assert row == words[index * SHAPE.length :][: len(row)]
        longer = words[index * SHAPE.length :][: len(row) + 2]
        lengths = [len(plain([some], is_split_into_words=True)["input_ids"][0]) for some in (row, longer)]
        assert lengths[0] <= SHAPE.length < lengths[1]


def test_padding_changes_no_logits_of_a_peer(peers: dict[str, Peer]) -> None:
    short, long = ["Keep", "the", "keys"], ["Keep", "the", "kettle", "and", "keep", "counting", "the", "counters"]
    for name, peer in peers.items():
        model = peer.model.eval()
        with torch.inference_mode():
            alone, padded = (model(**peer.encode(rows)) for rows in ([short], [short, long]))
        assert alone.shape[-1] == TAGS and padded.shape[1] > alone.shape[1]
        if name != "CANINE-s":  # its convolutions over four characters see what follows the text
            torch.testing.assert_close(padded[:1, : alone.shape[1]], alone, atol=1e-4, rtol=1e-4)


def test_a_word_recognizer_is_timed_where_the_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device", lambda: torch.device("meta"))
    assert module._random_recognizer(Counter(["keep"]))._recognizer.device.type == "meta"
