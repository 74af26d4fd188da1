from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from charbert.batch import IGNORED_LABEL
from charbert.config.data.noise import TRAINING_EDITS
from charbert.data.pretraining.corpus import read_blocks
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.data.word_recognition import (
    BlockSentences,
    WordRecognitionDataset,
    collate_words,
    frequent_words,
)
from charbert.errors import DataError, SettingsError
from charbert.noise.nlm import NlmNoise
from charbert.text.char_vocab import CharVocab

SENTENCES = [
    ["The", "old", "lighthouse", "keeper", "counted", "seven", "ships", "before", "breakfast", "."],
    ["Nobody", "remembered", "who", "had", "painted", "the", "door", "green"],
    ["Keep", "the", "kettle", "warm"],
]
VOCAB = CharVocab.build([" ".join(words).lower() for words in SENTENCES], size=40)
NOISE = NlmNoise(1.0, TRAINING_EDITS, 3)


def dataset(**options) -> WordRecognitionDataset:
    words = frequent_words(SENTENCES, 12)
    return WordRecognitionDataset(SENTENCES, NOISE, words, VOCAB, **{"seed": 1} | options)


def same(first: dict, second: dict) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_frequent_words_are_lower_cased_and_ranked_with_alphabetical_ties() -> None:
    assert frequent_words(SENTENCES, 3).words == ("the", ".", "before", "<unk>")


def test_a_vocabulary_needs_a_size_and_words() -> None:
    with pytest.raises(DataError, match="at least 1"):
        frequent_words(SENTENCES, 0)
    with pytest.raises(DataError, match="no word"):
        frequent_words([[]], 5)


def test_labels_are_the_clean_words_and_others_are_unknown() -> None:
    words = frequent_words(SENTENCES, 12).words
    labels = dataset()[0]["labels"].tolist()
    known = [word.lower() if word.lower() in words else "<unk>" for word in SENTENCES[0]]
    assert [words[label] for label in labels] == known
    assert "<unk>" in known  # the vocabulary is smaller than the text


def test_noise_is_fresh_in_each_epoch_and_the_same_again() -> None:
    data = dataset()
    first = data[0]
    data.set_epoch(1)
    assert not same(first, data[0])
    data.set_epoch(0)
    assert same(first, data[0])
    assert not same(first, dataset(seed=2)[0])


def test_a_set_to_score_on_keeps_its_noise() -> None:
    data = dataset(fresh_noise=False)
    first = data[0]
    data.set_epoch(3)
    assert same(first, data[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(workers: int) -> None:
    data = dataset()
    data.set_epoch(2)
    loader = DataLoader(data, batch_size=2, collate_fn=collate_words, num_workers=workers)
    expected = [collate_words([data[0], data[1]]), collate_words([data[2]])]
    for batch, wanted in zip(loader, expected, strict=True):
        assert all(torch.equal(batch[name], wanted[name]) for name in wanted)


def test_padding_is_masked_and_unlabeled() -> None:
    data = dataset()
    batch = collate_words([data[0], data[2]])
    assert batch["attention_mask"].sum(-1).tolist() == [len(SENTENCES[0]), len(SENTENCES[2])]
    assert (batch["labels"][1, len(SENTENCES[2]) :] == IGNORED_LABEL).all()
    assert not batch["inner_counts"][1, len(SENTENCES[2]) :].any()


def test_long_sentences_are_cut_and_empty_ones_refused() -> None:
    assert len(dataset(max_words=3)[0]["labels"]) == 3
    with pytest.raises(SettingsError, match="max_words"):
        dataset(max_words=0)
    empty = WordRecognitionDataset([[]], NOISE, WordVocab(["a"]), VOCAB, seed=1)
    with pytest.raises(DataError, match="sentence 0 has no words"):
        empty[0]


def test_the_blocks_of_a_corpus_are_split_into_words_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("Keep the kettle, please.\nWhy not?\n", encoding="utf-8")
    blocks = read_blocks([tmp_path / "corpus.txt"], cache_dir=tmp_path / "cache", words_per_block=4)
    sentences = BlockSentences(blocks)
    assert len(sentences) == 2
    assert sentences[0] == ["Keep", "the", "kettle", ",", "please", "."]
    assert list(sentences) == [sentences[0], ["Why", "not", "?"]]
