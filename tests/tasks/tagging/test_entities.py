from pathlib import Path

import pytest

from charbert.data.readers.conll import TaggedSentence
from charbert.errors import DataError, SettingsError
from charbert.metrics.significance import f1_of_counts, mean_of_counts
from charbert.tasks.tagging.entities import NamedEntityTask

CLEAN = [
    TaggedSentence(("Ada", "left", "Oslo"), ("B-PER", "O", "B-LOC"), line=1),
    TaggedSentence(("Rain", "fell", "in", "Lund"), ("O", "O", "O", "B-LOC"), line=5),
]
ATTACKED = [
    TaggedSentence(("Ada", "lfet", "Olso"), ("B-PER", "O", "B-LOC"), line=1),
    TaggedSentence(("Rian", "fell", "in", "Lnud"), ("O", "O", "O", "B-LOC"), line=5),
]
PREDICTED = [["B-PER", "B-PER", "O"], ["O", "O", "O", "O"]]


def test_mistakes_show_the_clean_and_attacked_word_and_begin_with_the_most_frequent_confusion() -> None:
    rows = NamedEntityTask("ner", "f1").mistakes(ATTACKED, PREDICTED, CLEAN)
    mistakes = [(row["word"], row["form"], row["gold"], row["predicted"], row["times_confused"]) for row in rows]
    assert mistakes == [
        ("Oslo", "Olso", "B-LOC", "O", 2),
        ("Lund", "Lnud", "B-LOC", "O", 2),
        ("left", "lfet", "O", "B-PER", 1),
    ]
    assert (rows[1]["sentence"], rows[1]["position"]) == (1, 3)


def test_a_metric_that_entities_do_not_have_is_refused_before_training() -> None:
    for metric in NamedEntityTask("ner", "f1").score(CLEAN, PREDICTED):  # F1 of each type among them
        NamedEntityTask("ner", metric).learn_labels(CLEAN)
    known = "f1, precision, recall, token_accuracy, LOC/f1, PER/f1"
    with pytest.raises(SettingsError, match=rf"task\.metric must be one of {known} for task=ner.*, got 'F1'"):
        NamedEntityTask("ner", "F1").learn_labels(CLEAN)


@pytest.mark.parametrize("metric", ["f1", "LOC/f1", "PER/f1", "precision", "recall", "token_accuracy"])
def test_the_units_of_a_metric_add_up_to_it(metric: str) -> None:
    ner = NamedEntityTask("ner", metric)
    counts = ner.units(CLEAN, PREDICTED).sum(axis=0)
    score = f1_of_counts(counts) if metric.endswith("f1") else mean_of_counts(counts)
    assert score == ner.score(CLEAN, PREDICTED)[metric]


def test_classes_of_entities_are_their_types() -> None:
    scores = NamedEntityTask("ner", "f1").class_scores(ATTACKED, PREDICTED)
    assert (scores["LOC"].recall, scores["PER"].recall, scores["PER"].precision) == (0.0, 1.0, 0.5)


def test_a_tag_that_training_lacks_is_named_with_its_file_and_line() -> None:
    ner = NamedEntityTask("ner", "f1")
    ner.learn_labels(CLEAN)
    ner.check_labels(ATTACKED, Path("test.txt"))
    stranger = TaggedSentence(("Nile",), ("B-RIVER",), line=9)
    with pytest.raises(DataError, match=r"test\.txt, sentence 1 \(line 9\): expected a tag of .*, got 'B-RIVER'"):
        ner.check_labels([CLEAN[0], stranger], Path("test.txt"))


def test_a_misaligned_attacked_copy_is_named() -> None:
    with pytest.raises(DataError, match=r"copy\.txt, sentence 0 .*expected number of words 3 .*, got 4"):
        NamedEntityTask("ner", "f1").check_aligned(CLEAN, ATTACKED[::-1], Path("copy.txt"))
