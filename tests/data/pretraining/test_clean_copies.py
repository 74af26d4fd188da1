from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.batch import IGNORED_LABEL, OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.data.pretraining.batches import PretrainingDataset
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.nlm import NlmNoise
from charbert.text.char_vocab import CharVocab
from charbert.text.words import split_words

TOKENIZERS = ("wordpiece_tokenizer", "uncased_tokenizer", "bpe_tokenizer")


class Texts:
    """Blocks in memory."""

    def __init__(self, texts: list[str]) -> None:
        self.all = texts

    def __len__(self) -> int:
        return len(self.all)

    def texts(self, indices: Any) -> list[str]:
        return [self.all[index] for index in indices]


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    return request.getfixturevalue(request.param)


@pytest.fixture
def blocks(sentences: tuple[str, ...]) -> Texts:
    rng = np.random.default_rng(0)
    return Texts([" ".join(rng.choice(sentences, 5)) for _ in range(24)])


def build(blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab, **settings: Any) -> Any:
    processor = CharBertTokenizer(tokenizer, char_vocab)
    defaults = {"max_length": 256, "noise": NlmNoise(probability=0.4), "seed": 5, "clean_copies": True}
    return PretrainingDataset(blocks, processor, **defaults | settings)


def pairs_of(example: dict[str, Any]) -> list[tuple[int, int]]:
    copy = example[TEACHER]
    return list(zip(copy[OWN_POSITIONS].tolist(), copy[THEIR_POSITIONS].tolist(), strict=True))


def word_numbers(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int | None]:
    """Return the word of each subword by its last character, found in the plainest way; None for special ones."""
    spans = split_words(text)
    encoding = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    numbers: list[int | None] = []
    for (start, end), special in zip(encoding["offset_mapping"], encoding["special_tokens_mask"], strict=True):
        inside = [number for number, (first, stop) in enumerate(spans) if first <= max(start, end - 1) < stop]
        numbers.append(inside[0] if inside and not special else None)
    return numbers


def test_a_clean_copy_is_what_the_tokenizer_reads_in_the_clean_text(
    blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    for text, example in zip(blocks.all, build(blocks, tokenizer, char_vocab).__getitems__(range(24)), strict=True):
        assert example[TEACHER]["input_ids"] == tokenizer(text, truncation=True, max_length=256)["input_ids"]


def test_without_noise_and_masks_each_subword_at_the_end_of_a_word_is_paired_with_itself(
    blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    dataset = build(blocks, tokenizer, char_vocab, noise=None, mlm_probability=0.0)
    for text, example in zip(blocks.all, dataset.__getitems__(range(24)), strict=True):
        places: dict[int, list[int]] = {}
        for place, number in enumerate(word_numbers(tokenizer, text)):
            if number is not None:
                places.setdefault(number, []).append(place)
        ends = {end for row in places.values() for end in (row[0], row[-1])}
        assert sorted(pairs_of(example)) == sorted((end, end) for end in ends)


def test_pairs_join_the_ends_of_the_same_word_in_noised_and_clean_text(
    blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    dataset = build(blocks, tokenizer, char_vocab, mlm_probability=0.0, max_length=512)
    broken = 0
    for text, example in zip(blocks.all, dataset.__getitems__(range(24)), strict=True):
        own = tokenizer.convert_ids_to_tokens(list(example["input_ids"]))
        clean = tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])
        theirs = word_numbers(tokenizer, text)
        pairs = pairs_of(example)
        assert {theirs[place] for _, place in pairs} == set(theirs) - {None}
        assert len(pairs) == len(set(pairs))
        order = sorted(pairs)
        assert [place for _, place in order] == sorted(place for _, place in order)  # words keep their order
        broken += sum(own[own_position] != clean[clean_position] for own_position, clean_position in pairs)
    assert broken > 24


def test_masked_words_have_no_pair(blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> None:
    masked, every = (
        build(blocks, tokenizer, char_vocab, mlm_probability=share).__getitems__(range(24)) for share in (0.3, 0.0)
    )
    for some, whole in zip(masked, every, strict=True):
        hidden = np.flatnonzero(np.asarray(some["mlm_labels"]) != IGNORED_LABEL)
        assert set(pairs_of(some)) == {(own, other) for own, other in pairs_of(whole) if own not in hidden}


def test_words_cut_off_on_one_side_have_no_pair(
    blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    short = build(blocks, tokenizer, char_vocab, max_length=16, mlm_probability=0.0)
    for example in short.__getitems__(range(24)):
        assert len(example[TEACHER]["input_ids"]) <= 16
        assert all(own < 15 and other < 15 for own, other in pairs_of(example))
        assert pairs_of(example)


def test_a_text_without_words_has_a_copy_without_pairs(
    tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    assert pairs_of(build(Texts([""]), tokenizer, char_vocab)[0]) == []


def test_copies_change_nothing_else(blocks: Texts, tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> None:
    with_copy, without = (build(blocks, tokenizer, char_vocab, clean_copies=each)[3] for each in (True, False))
    assert with_copy.keys() - without.keys() == {TEACHER}
    for name in without:
        assert np.array_equal(with_copy[name], without[name])
