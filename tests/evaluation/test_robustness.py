"""The share of words that an attack changed."""

from pathlib import Path

import numpy as np
import pytest

from charbert.config.data.noise import LookAlike
from charbert.config.data.sets import ColumnSettings, SpanSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Question
from charbert.evaluation.robustness import changed_share, correct_examples
from charbert.noise.attack import Attack
from charbert.noise.characters import FORMS, CharacterNoise
from charbert.noise.edits import Change
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.text.repair.correction import DictionaryCorrector, correct_texts
from charbert.text.repair.dictionary import REPAIR


def test_the_share_of_changed_words_counts_each_word_once() -> None:
    task = NamedEntityTask("ner", "f1")
    clean = [TaggedSentence(("Anna", "saw", "Lisbon", "."), ("O",) * 4)] * 3
    attacked = [TaggedSentence(("Anna", "saw", "Lisobn", "."), ("O",) * 4)] * 3
    assert changed_share(task, clean, attacked) == 0.25
    assert changed_share(task, clean, clean) == changed_share(task, [], []) == 0
    examples, edits = task.attack(clean, Attack(), 0)
    assert changed_share(task, clean, examples) == sum(map(len, edits)) / 12


def test_a_word_that_a_character_divides_is_one_changed_word() -> None:
    columns = ColumnSettings(first="text", label_names={"0": "no", "1": "yes"})
    task = ClassificationTask("texts", "accuracy", columns)
    clean = [LabeledText("the keeper saw ships", None, "no")]
    assert changed_share(task, clean, [LabeledText("the ke,per saw ships", None, "no")]) == 0.25


class Upper:
    """A corrector that makes words loud, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def correct_many(self, sentences) -> list[list[str]]:
        self.asked += [tuple(words) for words in sentences]
        return [[word.upper() for word in words] for words in sentences]


def examples(tmp_path: Path):
    lines = [
        "Anna B-PER", "sails O", "",
        "Oslo B-LOC", "sleeps O", ". O", "",
        "Anna B-PER", "sails O", "",
    ]  # fmt: skip
    columns = [f"{line.split()[0]} NN O {line.split()[1]}" if line else "" for line in lines]
    (tmp_path / "set.txt").write_text("\n".join(columns) + "\n", encoding="utf-8")
    task = NamedEntityTask("ner", "f1")
    return task, task.read(tmp_path / "set.txt")


def test_words_are_corrected_and_tags_stay_with_them(tmp_path: Path) -> None:
    task, sentences = examples(tmp_path)
    corrected = correct_examples(task, sentences, Upper())
    assert [list(e.words) for e in corrected] == [[w.upper() for w in e.words] for e in sentences]
    assert [e.tags for e in corrected] == [e.tags for e in sentences]


def test_a_sentence_that_occurs_twice_is_corrected_once(tmp_path: Path) -> None:
    task, sentences = examples(tmp_path)
    corrector = Upper()
    correct_examples(task, sentences, corrector)
    assert corrector.asked == [("Anna", "sails"), ("Oslo", "sleeps", ".")]


def test_without_a_corrector_examples_stay_as_they_are(tmp_path: Path) -> None:
    task, sentences = examples(tmp_path)
    assert correct_examples(task, sentences, None) == sentences


def test_an_invisible_character_inside_a_word_does_not_hide_it_from_a_corrector() -> None:
    task, corrector = (
        ClassificationTask("texts", "accuracy", ColumnSettings()),
        DictionaryCorrector({"keeper": 9}, REPAIR),
    )
    (corrected,) = correct_examples(task, [LabeledText("A kee\u200bper.", "The kee\u00adpper", "no")], corrector)
    assert (corrected.first, corrected.second) == ("A keeper.", "The keeper")


@pytest.mark.parametrize("form", LookAlike)
def test_texts_are_corrected_as_those_of_users_are(form: LookAlike) -> None:
    corrector = DictionaryCorrector({"keeper": 9, "lighthouse": 9, "sleeps": 9, "storm": 9}, REPAIR)
    noise = CharacterNoise(FORMS[form], Change.look_alike)
    texts = ("The lighthouse keeper, 61, sleeps.", "A storm?")
    rows = [LabeledText(*texts, "no"), LabeledText(texts[0], None, "no")]
    question = Question("1", texts[0], "A lighthouse.", ())
    for task, clean in (
        (ClassificationTask("texts", "accuracy", ColumnSettings(first="text")), rows),
        (QuestionAnsweringTask("squad", "best_f1", SpanSettings(no_answers=True)), [question]),
    ):
        noised, _ = task.attack(clean, noise, 0)
        corrected = correct_examples(task, noised, corrector)
        given, read = ([task.adapter.raw_texts(example) for example in side] for side in (noised, corrected))
        assert [list(own) for own in read] == [correct_texts(own, corrector) for own in given]


def test_a_corrector_sees_the_words_that_an_attack_sees(tmp_path: Path) -> None:
    task, sentences = examples(tmp_path)
    attacked, edits = task.attack(sentences, Attack(), 3)
    seen = task.sentences(sentences)
    assert seen == [list(example.words) for example in sentences]
    for words, example, records in zip(seen, attacked, edits, strict=True):
        assert all(words[record.word_index] == record.before for record in records)
        assert np.count_nonzero(np.array(words) != np.array(example.words)) == len(records)
