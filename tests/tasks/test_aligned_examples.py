"""Aligned examples: what they show, and which of their positions correspond."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from charbert.config.data.sets import ColumnSettings, SpanSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.errors import SettingsError
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.tasks.aligned_examples import ExampleAligner
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.task import Task
from charbert.text.char_vocab import CharVocab

LENGTH = 24
TAGGED = [
    TaggedSentence(("Nobody", "in", "Malmö", "remembered", "the", "keeper"), ("O", "O", "B-LOC", "O", "O", "O")),
    TaggedSentence(tuple(("counting seven ships before breakfast " * 6).split()), ("O",) * 30),
]
TEXTS = [
    LabeledText("The keeper counted ships.", "Nobody answered the door.", "yes", "0"),
    LabeledText("The ferry cost twelve francs.", "She smiled.", "no", "1"),
]
CONTEXT = "Nobody in Zürich remembered who had painted the old café door green before breakfast on Tuesday. " * 2
QUESTIONS = [Question("a", "Who painted the door?", CONTEXT, (Answer("Nobody", 0),), "article", 1)]


def tagging() -> Task[Any, Any]:
    task = NamedEntityTask("ner", "f1")
    task.learn_labels(TAGGED)
    return task


def classification() -> Task[Any, Any]:
    task = ClassificationTask("rte", "accuracy", ColumnSettings(first="a", second="b"))
    task.learn_labels(TEXTS)
    return task


def answering() -> Task[Any, Any]:
    return QuestionAnsweringTask("squad1", "f1", SpanSettings(document_stride=8, max_question_length=10))


CASES: dict[str, tuple[Any, list[Any]]] = {
    "tags": (tagging, TAGGED),
    "texts": (classification, TEXTS),
    "spans": (answering, QUESTIONS),
}


@pytest.fixture
def own(wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(wordpiece_tokenizer, char_vocab)


@pytest.fixture
def other(bpe_tokenizer: PreTrainedTokenizerFast) -> CharBertTokenizer:
    return CharBertTokenizer(bpe_tokenizer, None)


def aligner(kind: str, processor: CharBertTokenizer) -> ExampleAligner:
    build, examples = CASES[kind]
    task = build()
    return task.head.aligner(task, examples, task.encode(examples, processor, LENGTH), LENGTH)


@pytest.mark.parametrize("kind", CASES)
def test_encoded_by_the_same_processor_an_aligned_example_equals_its_feature(kind: str, own: CharBertTokenizer) -> None:
    made = aligner(kind, own)
    numbers = range(len(made))
    assert len(made) > len(CASES[kind][1]) or kind == "texts"  # windows are counted, not examples
    for number, aligned in zip(numbers, made.encode(numbers, made.pieces, own), strict=True):
        feature = made.encoded.features[number]
        assert list(aligned.feature["input_ids"]) == list(feature["input_ids"])
        assert aligned.feature.get("labels") == feature.get("labels")
        assert aligned.pairs == made.itself(number).pairs
        assert all(position == other_position for position, other_position in aligned.pairs)


def test_tags_are_paired_by_the_first_subword_of_each_word(own: CharBertTokenizer, other: CharBertTokenizer) -> None:
    made = aligner("tags", own)
    (aligned, *_) = made.encode([0], made.pieces[:1], other)
    words = TAGGED[0].words
    mine, theirs = (each(list(words), is_split_into_words=True).word_ids(0) for each in (own, other))
    assert (
        [mine[position] for position, _ in aligned.pairs]
        == [theirs[two] for _, two in aligned.pairs]
        == list(range(len(words)))
    )
    assert all(
        mine[position - 1] != mine[position] and theirs[other_position - 1] != theirs[other_position]
        for position, other_position in aligned.pairs
    )


def test_words_cut_from_an_aligned_example_have_no_pair(own: CharBertTokenizer) -> None:
    made = aligner("tags", own)
    longer = [TaggedSentence(tuple(word * 3 for word in piece.words), piece.tags) for piece in made.pieces]
    for number, aligned in enumerate(made.encode(range(len(made)), longer, own)):
        assert len(aligned.feature["input_ids"]) <= LENGTH
        assert [position for position, _ in aligned.pairs] == [position for position, _ in made.itself(number).pairs][
            : len(aligned.pairs)
        ]
    assert len(aligned.pairs) < len(made.itself(number).pairs)


def test_spans_are_paired_by_their_place_in_the_context_for_any_question(own: CharBertTokenizer) -> None:
    made = aligner("spans", own)
    numbers = range(len(made))
    noised, edits = made.task.attack(made.pieces, Attack(), seed=1)
    assert any(edits)
    encoded = made.task.encode(noised, own, LENGTH)
    for number, aligned in zip(numbers, made.encode(numbers, noised, own), strict=True):
        window = made.encoded.origin.windows[number]
        assert aligned.pairs[0] == (0, 0)
        assert len(aligned.pairs) > 5
        ids = made.encoded.features[number]["input_ids"]
        assert all(
            ids[position] == aligned.feature["input_ids"][other_position] for position, other_position in aligned.pairs
        )
        assert [tuple(window.offsets[position]) for position, _ in aligned.pairs[1:]] == sorted(
            tuple(window.offsets[position]) for position, _ in aligned.pairs[1:]
        )
    assert len(encoded.features) > 1


def test_texts_in_other_subwords_are_compared_as_a_whole(own: CharBertTokenizer, other: CharBertTokenizer) -> None:
    made = aligner("texts", own)
    assert all(not aligned.pairs for aligned in made.encode(range(2), made.pieces, other))


def test_answers_need_the_same_subwords(own: CharBertTokenizer, other: CharBertTokenizer) -> None:
    made = aligner("spans", own)
    same = made.read_by(own)[0]
    assert same.pairs == [(place, place) for place in range(len(same.feature["input_ids"]))]
    with pytest.raises(SettingsError, match="task=squad1: the teacher's tokenizer reads example 0 in other subwords"):
        made.read_by(other)
