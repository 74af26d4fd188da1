"""Training sets with typos: what is drawn, and that nothing else changes it."""

from typing import Any

import pytest
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast

from charbert.batch import NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.data.readers.conll import TaggedSentence
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.tasks.paired_batches import PairedDataset, TrainingNoise
from charbert.tasks.tagging.entities import NamedEntityTask

WORDS = ("Nobody", "remembered", "the", "lighthouse", "keeper", "counting", "seven", "ships", "before", "breakfast")
LENGTHS = [len(WORDS) - number % 4 for number in range(24)]
SENTENCES = [TaggedSentence(WORDS[-length:], ("B-PER", *["O"] * (length - 1))) for length in LENGTHS]


@pytest.fixture
def processor(wordpiece_tokenizer: PreTrainedTokenizerFast) -> CharBertTokenizer:
    return CharBertTokenizer(wordpiece_tokenizer, None)


def paired(processor: CharBertTokenizer, *, examples: float = 0.5, beside: bool = False) -> PairedDataset:
    task = NamedEntityTask("ner", "f1")
    task.learn_labels(SENTENCES)
    made = task.head.aligner(task, SENTENCES, task.encode(SENTENCES, processor, 64), 64)
    noise = TrainingNoise(Attack(), processor, seed=3, examples=examples, beside=beside)
    return PairedDataset(made, noise=noise)


def ids(features: list[dict[str, Any]]) -> list[list[int]]:
    return [feature["input_ids"] for feature in features]


def test_another_share_of_the_examples_gets_typos_in_each_epoch(processor: CharBertTokenizer) -> None:
    dataset = paired(processor)
    clean = dataset.aligner.encoded.features
    changed = []
    for epoch in range(8):
        dataset.set_epoch(epoch)
        read = dataset.__getitems__(range(len(clean)))
        changed.append(
            {
                n
                for n, (example, clean_example) in enumerate(zip(read, clean, strict=True))
                if ids([example]) != ids([clean_example])
            }
        )
    assert 0.35 < sum(map(len, changed)) / (8 * len(clean)) < 0.65
    assert len({frozenset(numbers) for numbers in changed}) == 8
    assert set().union(*changed) == set(range(len(clean)))


def test_the_same_example_gets_other_typos_in_another_epoch(processor: CharBertTokenizer) -> None:
    dataset = paired(processor, examples=1.0)
    read = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(epoch)
        read.append(ids(dataset.__getitems__(range(6))))
    assert read[0] != read[1]
    assert read[0] == read[2]


def test_with_a_share_of_zero_the_features_are_unchanged(processor: CharBertTokenizer) -> None:
    dataset = paired(processor, examples=0.0)
    assert [dataset[number] for number in range(len(dataset))] == dataset.aligner.encoded.features


def test_labels_stay_with_their_words(processor: CharBertTokenizer) -> None:
    dataset = paired(processor, examples=1.0)
    for number, feature in enumerate(dataset.__getitems__(range(len(dataset)))):
        clean = dataset.aligner.encoded.features[number]
        assert [label for label in feature["labels"] if label != -100] == [
            label for label in clean["labels"] if label != -100
        ]
        assert feature["example_ids"] == clean["example_ids"]


@pytest.mark.parametrize("batch_size", [1, 7])
def test_typos_of_an_example_do_not_depend_on_other_examples(processor: CharBertTokenizer, batch_size: int) -> None:
    dataset = paired(processor)
    numbers = list(reversed(range(len(dataset))))
    batches = [numbers[start : start + batch_size] for start in range(0, len(numbers), batch_size)]
    alone = [feature for batch in batches for feature in dataset.__getitems__(batch)]
    assert alone == dataset.__getitems__(numbers)


def test_typos_do_not_depend_on_the_number_of_workers(processor: CharBertTokenizer) -> None:
    dataset = paired(processor)
    loaders = [DataLoader(dataset, batch_size=5, collate_fn=list, num_workers=workers) for workers in (0, 2)]
    for epoch in (0, 1):
        dataset.set_epoch(epoch)
        first, second = (list(loader) for loader in loaders)
        assert first == second


def test_a_noised_copy_is_paired_with_its_clean_example_word_by_word(processor: CharBertTokenizer) -> None:
    dataset = paired(processor, examples=0.5, beside=True)
    clean = dataset.aligner.encoded.features
    copies = 0
    for number, feature in enumerate(dataset.__getitems__(range(len(dataset)))):
        copy = feature.pop(NOISED)
        assert feature == clean[number]
        assert "labels" not in copy
        words = len(SENTENCES[number].words)
        assert len(copy[OWN_POSITIONS]) == len(copy[THEIR_POSITIONS]) == words
        assert [feature["labels"][place] != -100 for place in copy[OWN_POSITIONS]] == [True] * words
        copies += copy["input_ids"] != feature["input_ids"]
    assert 0 < copies < len(clean)


def test_the_teacher_reads_clean_text_and_is_paired_with_the_noised_one(processor: CharBertTokenizer) -> None:
    noised = paired(processor, examples=1.0)
    made = noised.aligner
    taught = made.encode(range(len(made)), made.pieces, processor)
    dataset = PairedDataset(made, teacher=taught, noise=noised.noise)
    for number, feature in enumerate(dataset.__getitems__(range(len(dataset)))):
        taught_feature = feature[TEACHER]
        assert taught_feature["input_ids"] == made.encoded.features[number]["input_ids"]
        assert [feature["labels"][place] != -100 for place in taught_feature[OWN_POSITIONS]] == [True] * len(
            WORDS[number % 4 :]
        )


def test_lengths_are_those_of_the_clean_features(processor: CharBertTokenizer) -> None:
    dataset = paired(processor, examples=1.0)
    assert ids(list(dataset)) == ids(dataset.aligner.encoded.features)
