"""How well one example is solved: the score of it alone, then the confidence in what is right."""

import numpy as np
import pytest

from charbert.config.data.sets import ColumnSettings, SpanSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.parts_of_speech import PartOfSpeechTask

LOGS = np.log([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])


def test_of_a_text_it_is_its_label_and_the_probability_of_the_right_one() -> None:
    task = ClassificationTask("sst2", "accuracy", ColumnSettings())
    rows = [LabeledText("a", None, label, "1") for label in ("no", "yes")]
    task.learn_labels(rows)
    logits = [np.log([[0.8, 0.2]]), np.log([[0.7, 0.3]]) + 5]
    scores = task.example_scores(rows, task.decide(logits), logits)
    assert scores == pytest.approx(np.array([[1, 0.8], [0, 0.3]]))


def test_of_a_sentence_it_is_entity_f1_and_the_log_probability_of_the_right_tags() -> None:
    task = NamedEntityTask("ner", "f1")
    task.labels = ["O", "B-LOC", "B-PER"]
    sentences = [
        TaggedSentence(("a", "b"), ("O", "B-LOC")),
        TaggedSentence(("a", "b"), ("B-PER", "B-LOC")),
        TaggedSentence(("a",), ("O",)),
        TaggedSentence(("a",), ("O",)),
    ]
    silent = np.full((1, 3), np.nan)
    logits = [LOGS, LOGS, silent, LOGS[1:]]
    scores = task.example_scores(sentences, task.decide(logits), logits)
    assert scores[:, 0] == pytest.approx([1, 2 / 3, 1, 0])  # without entities: 1 if none is found
    assert scores[:, 1] == pytest.approx(np.log([0.7 * 0.6, 0.1 * 0.6, 1, 0.1]))


def test_of_parts_of_speech_it_is_the_share_of_right_words() -> None:
    task = PartOfSpeechTask("pos", "accuracy")
    task.labels = ["NOUN", "VERB", "X"]
    sentence = TaggedSentence(("a", "b"), ("NOUN", "X"))
    assert task.example_scores([sentence], task.decide([LOGS]), [LOGS])[0] == pytest.approx([0.5, np.log(0.7 * 0.3)])


def prediction(null_difference: float) -> SpanPrediction:
    candidates = (SpanCandidate("old harbor", 0, 0, np.log(0.75)), SpanCandidate("port", 0, 0, np.log(0.25)))
    return SpanPrediction(candidates, null_difference)


def test_of_a_question_it_is_the_f1_of_its_answer_and_the_expected_one() -> None:
    question = Question("q", "Where?", "the harbor", (Answer("harbor", 4),))
    task = QuestionAnsweringTask("squad1", "f1", SpanSettings())
    copies = task.example_scores([question, question], [prediction(0.0)] * 2, None)  # of one id
    assert copies == pytest.approx(np.array([[2 / 3, 0.75 * 2 / 3]] * 2))


def test_no_answer_counts_where_it_scores_higher_than_every_answer() -> None:
    task = QuestionAnsweringTask("squad2", "best_f1", SpanSettings(no_answers=True))
    none = Question("q", "Where?", "the harbor", ())
    some = Question("q", "Where?", "the harbor", (Answer("harbor", 4),))
    rejected, given = prediction(np.log(4.0)), prediction(-np.log(3.0))  # scores of no answer: log 3 and log 1/4
    scores = task.example_scores([none, none, some, some], [rejected, given, rejected, given], None)
    assert scores[:, 0] == pytest.approx([1, 0, 0, 2 / 3])
    assert scores[:, 1] == pytest.approx([0.75, 0.2, 0.25 * 0.75 * 2 / 3, 0.8 * 0.75 * 2 / 3])
