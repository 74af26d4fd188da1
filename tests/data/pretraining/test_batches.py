from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast

from charbert.batch import CHAR_INPUTS, IGNORED_LABEL, TOKEN_INPUTS
from charbert.data.collate import PadCollator
from charbert.data.pretraining.batches import PretrainingDataset
from charbert.data.pretraining.noised_text import add_noise, clean_text
from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.errors import SettingsError
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.edits import Edit
from charbert.noise.nlm import NlmNoise, ReleasedNlmNoise
from charbert.seeding import numpy_generator
from charbert.text.char_vocab import CharVocab
from charbert.text.words import words_of


class Texts:
    """Blocks in memory."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.all = list(texts)

    def __len__(self) -> int:
        return len(self.all)

    def texts(self, indices: Sequence[int]) -> list[str]:
        return [self.all[index] for index in indices]


@pytest.fixture(scope="module")
def blocks(sentences: tuple[str, ...]) -> Texts:
    rng = np.random.default_rng(0)
    return Texts([" ".join(rng.choice(sentences, 6)) for _ in range(96)])


@pytest.fixture(scope="module")
def word_vocab(sentences: tuple[str, ...]) -> WordVocab:
    return WordVocab.of_counts(count_words(sentences), size=1000)


@pytest.fixture(scope="module", params=["wordpiece_tokenizer", "uncased_tokenizer", "bpe_tokenizer"])
def processor(request: pytest.FixtureRequest, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(request.getfixturevalue(request.param), char_vocab)


def build(blocks: Texts, processor: CharBertTokenizer, **settings: Any) -> PretrainingDataset:
    return PretrainingDataset(blocks, processor, **{"max_length": 256, "noise": NlmNoise(), "seed": 5} | settings)


def plain(example: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in example.items()}


def pieces_with(examples: Sequence[dict[str, Any]], name: str) -> int:
    return sum(int((np.asarray(example[name]) != IGNORED_LABEL).sum()) for example in examples)


def test_fields_are_those_of_the_model(blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    example = build(blocks, processor, word_vocab=word_vocab)[3]
    names = {*processor.pad_values, "mlm_labels", "nlm_labels", "example_ids"}
    assert set(example) == names
    assert example["example_ids"] == 3
    assert len({len(example[name]) for name in names - {"char_input_ids", "example_ids"}}) == 1


def test_labels_restore_the_original_words(blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    dataset = build(blocks, processor, word_vocab=word_vocab, mlm_probability=0.0)
    for index, example in enumerate(dataset.__getitems__(range(20))):
        noised = words_behind(dataset, index)
        encoding = processor(noised.text, return_offsets_mapping=True, return_special_tokens_mask=True)
        assert list(example["input_ids"]) == encoding["input_ids"]
        clean = words_of(blocks.all[index])
        words = [noised.text[start:end] for start, end in zip(noised.begins, noised.ends, strict=True)]
        assert [noised.originals.get(index, word) for index, word in enumerate(words)] == clean
        for label, (start, end), special in zip(
            example["nlm_labels"], encoding["offset_mapping"], encoding["special_tokens_mask"], strict=True
        ):
            place = max(end - 1, start)
            word = int(np.searchsorted(noised.begins, place, side="right")) - 1
            if word in noised.originals and place < noised.ends[word] and not special:
                assert word_vocab.words[label] == noised.originals[word].lower() == clean[word].lower()
                assert words[word] != clean[word]
            else:
                assert label == IGNORED_LABEL


def words_behind(dataset: PretrainingDataset, index: int) -> Any:
    """Return the noised text that the example was made of."""
    rng = numpy_generator(dataset.seed, "pretraining", int(dataset._epoch), index)
    return add_noise(clean_text(dataset.blocks.texts([index])[0]), dataset.noise, rng)


def test_mlm_labels_restore_the_input(blocks: Texts, processor: CharBertTokenizer) -> None:
    masked = build(blocks, processor).__getitems__(range(20))
    unmasked = build(blocks, processor, mlm_probability=0.0).__getitems__(range(20))
    for row, unmasked_row in zip(masked, unmasked, strict=True):
        restored = np.where(row["mlm_labels"] != IGNORED_LABEL, row["mlm_labels"], row["input_ids"])
        assert restored.tolist() == list(unmasked_row["input_ids"])


def test_rates_are_those_of_the_paper(blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    dataset = build(blocks, processor, word_vocab=word_vocab)
    examples, noised, words = [], 0, 0
    for epoch in range(4):
        dataset.set_epoch(epoch)
        examples += dataset.__getitems__(range(len(blocks)))
        noised += sum(len(words_behind(dataset, index).originals) for index in range(len(blocks)))
        words += sum(any(map(str.isalnum, word)) for text in blocks.all for word in words_of(text))
    assert noised / words == pytest.approx(0.15, abs=0.005)
    pieces = sum(len(example["input_ids"]) - 2 for example in examples)
    assert pieces_with(examples, "mlm_labels") / pieces == pytest.approx(0.10, abs=0.003)
    labels = np.concatenate([example["mlm_labels"] for example in examples])
    seen = np.concatenate([example["input_ids"] for example in examples])[labels != IGNORED_LABEL]
    assert (seen == processor.mask_token_id).mean() == pytest.approx(0.80, abs=0.015)
    specials = set(processor.all_special_ids) - {processor.mask_token_id}
    assert not specials & set(seen[seen != labels[labels != IGNORED_LABEL]].tolist())


def test_no_piece_has_both_labels(blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    dataset = build(blocks, processor, word_vocab=word_vocab, noise=ReleasedNlmNoise(0.4), mlm_probability=1.0)
    for example in dataset.__getitems__(range(len(blocks))):
        mlm, nlm = example["mlm_labels"] != IGNORED_LABEL, example["nlm_labels"] != IGNORED_LABEL
        assert not (mlm & nlm).any()
        assert mlm.any()
        assert nlm.any()


def test_characters_of_what_mlm_predicts_are_hidden(blocks: Texts, processor: CharBertTokenizer) -> None:
    assert processor.char_vocab is not None
    for example in build(blocks, processor).__getitems__(range(10)):
        chars, starts, ends = (np.asarray(example[name]) for name in CHAR_INPUTS)
        hidden = example["mlm_labels"] != IGNORED_LABEL
        assert (chars[starts[hidden]] == processor.char_vocab.special_id).all()
        assert (starts[hidden] == ends[hidden]).all()
        spelled = (chars[starts] != processor.char_vocab.special_id) & ~hidden
        assert spelled.mean() > 0.7


def test_examples_do_not_depend_on_the_batch_or_the_order(
    blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab
) -> None:
    dataset = build(blocks, processor, word_vocab=word_vocab)
    together = [plain(example) for example in dataset.__getitems__([4, 90, 7, 4])]
    assert together == [plain(dataset[index]) for index in (4, 90, 7, 4)]
    assert plain(dataset[-6]) == together[1]
    copy = pickle.loads(pickle.dumps(dataset))
    assert plain(copy[7]) == together[2]


def test_each_epoch_and_seed_has_its_own_noise(blocks: Texts, processor: CharBertTokenizer) -> None:
    dataset = build(blocks, processor)
    first = plain(dataset[0])
    dataset.set_epoch(1)
    second = plain(dataset[0])
    dataset.set_epoch(0)
    assert plain(dataset[0]) == first != second
    assert plain(build(blocks, processor, seed=6)[0]) != first


@pytest.mark.slow
def test_the_number_of_loader_processes_changes_nothing(
    blocks: Texts, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab, word_vocab: WordVocab
) -> None:
    processor = CharBertTokenizer(wordpiece_tokenizer, char_vocab)
    dataset = build(blocks, processor, word_vocab=word_vocab)

    def two_epochs(workers: int, batch_size: int) -> dict[tuple[int, int], list[int]]:
        loader = DataLoader(
            dataset,
            batch_size,
            num_workers=workers,
            collate_fn=PadCollator(processor.pad_values),
            persistent_workers=workers > 0,
        )
        seen = {}
        for epoch in range(2):
            dataset.set_epoch(epoch)
            for batch in loader:
                for row, index in enumerate(batch["example_ids"].tolist()):
                    length = int(batch["attention_mask"][row].sum())
                    labels = batch["mlm_labels"][row, :length].tolist()
                    seen[epoch, index] = batch["input_ids"][row, :length].tolist() + labels
        return seen

    alone = two_epochs(0, 8)
    assert alone == two_epochs(2, 5)
    assert alone[0, 0] != alone[1, 0]


def test_a_plain_trunk_sees_the_same_noise_and_masks(
    blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab
) -> None:
    trunk = build(blocks, CharBertTokenizer(processor, None))
    ours = build(blocks, processor, word_vocab=word_vocab)
    for index in range(10):
        example = trunk[index]
        assert not {*CHAR_INPUTS, "nlm_labels"} & set(example)
        for name in (*TOKEN_INPUTS, "mlm_labels"):
            if name in example:
                assert np.asarray(example[name]).tolist() == np.asarray(ours[index][name]).tolist()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_subwords_of_noised_words_are_hidden_on_request_and_nothing_else_changes(
    blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab, share: float
) -> None:
    seen, hiding = (build(blocks, processor, word_vocab=word_vocab, hidden_share=part) for part in (0.0, share))
    words = hidden_words = 0
    for index in range(len(blocks)):
        before, after = seen[index], hiding[index]
        assert all(plain(before)[name] == plain(after)[name] for name in before if name != "input_ids")
        masked = np.asarray(after["input_ids"]) != np.asarray(before["input_ids"])
        assert (np.asarray(after["input_ids"])[masked] == processor.mask_token_id).all()
        assert (before["nlm_labels"][masked] != IGNORED_LABEL).all()
        for word in np.split(masked, np.flatnonzero(np.diff(before["nlm_labels"])) + 1):
            assert word.all() or not word.any()  # neighbours with one label are a word, or two that were the same
            hidden_words += bool(word.any())
        words += len(words_behind(seen, index).originals)
    assert hidden_words / words == pytest.approx(share, abs=0.1)


def test_long_blocks_are_cut_with_their_labels(
    blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab
) -> None:
    example = build(blocks, processor, word_vocab=word_vocab, max_length=20)[0]
    assert {len(example[name]) for name in ("input_ids", "mlm_labels", "nlm_labels", "start_ids")} == {20}


def test_texts_without_words_give_examples_without_labels(processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    dataset = build(Texts(["", "...", "7 8"]), processor, word_vocab=word_vocab)
    for example in dataset.__getitems__([0, 1, 2]):
        assert (example["nlm_labels"] == IGNORED_LABEL).all()
    assert pieces_with([dataset[0]], "mlm_labels") == 0


def test_a_missing_block_and_settings_that_do_not_fit_are_named(
    blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab
) -> None:
    with pytest.raises(IndexError, match="no block 96 among 96"):
        build(blocks, processor)[96]
    with pytest.raises(SettingsError, match="without noise NLM has no word"):
        build(blocks, processor, word_vocab=word_vocab, noise=None)


def test_keyboard_slips_are_possible(blocks: Texts, processor: CharBertTokenizer, word_vocab: WordVocab) -> None:
    dataset = build(blocks, processor, word_vocab=word_vocab, noise=NlmNoise(edits=(Edit.keyboard,)))
    assert pieces_with(dataset.__getitems__(range(10)), "nlm_labels") > 0
