"""The share of words that an attack changed."""

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.evaluation.robustness import changed_share
from charbert.noise.attack import Attack
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.tagging.entities import NamedEntityTask


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
