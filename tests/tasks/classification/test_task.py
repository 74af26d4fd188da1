import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef
from transformers import PreTrainedTokenizerFast

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.glue import LabeledText
from charbert.data.splits import check_no_leakage, grouped_folds
from charbert.errors import DataError, SettingsError
from charbert.metrics.significance import f1_of_counts, macro_f1_of_counts, mean_of_counts
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.tasks.classification.encoding import LabelPrediction
from charbert.tasks.classification.task import ClassificationTask
from charbert.text.char_vocab import CharVocab
from charbert.text.words import words_of


def sure(labels: Iterable[str], probability: float = 0.9) -> list[LabelPrediction]:
    return [LabelPrediction(label, probability) for label in labels]


COLUMNS = ColumnSettings(first="one", second="two", label_names={"0": "no", "1": "yes"})


def task(metric: str = "accuracy", columns: ColumnSettings = COLUMNS) -> ClassificationTask:
    return ClassificationTask("pairs", metric, columns)


def rows(sentences: tuple[str, ...]) -> list[LabeledText]:
    return [
        LabeledText(text, other, "yes" if number % 3 else "no", place=f"dev.tsv:{number}")
        for number, (text, other) in enumerate(zip(sentences, sentences[::-1], strict=True))
    ]


def test_right_logits_give_right_labels(
    wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab, sentences: tuple[str, ...]
) -> None:
    pairs, examples = task(), rows(sentences)
    pairs.learn_labels(examples)
    encoded = pairs.encode(examples, CharBertTokenizer(wordpiece_tokenizer, char_vocab), 32)
    logits = [np.eye(2)[feature["labels"]] for feature in encoded.features]
    predictions = pairs.decode(logits, encoded)
    assert [prediction.label for prediction in predictions] == [example.label for example in examples]
    assert pairs.score(examples, predictions) == {"accuracy": 1.0, "f1": 1.0, "matthews": 1.0}
    assert encoded.report["cut_examples"] > 0


def test_labels_with_one_name_are_one_label() -> None:
    merged = task("f1", ColumnSettings(label_names={"e": "yes", "n": "no", "c": "no"}))
    merged.learn_labels([LabeledText("a", None, "yes"), LabeledText("b", None, "no")])
    assert merged.labels == ["yes", "no"]


@pytest.mark.parametrize(("metric", "count"), [("f-1", 2), ("macro_f1", 2), ("f1", 3), ("matthews", 3)])
def test_a_metric_that_the_labels_do_not_have_is_refused_before_training(metric: str, count: int) -> None:
    examples = [LabeledText("a", None, f"label {number}") for number in range(count)]
    known = {2: "accuracy, f1, matthews", 3: "accuracy, macro_f1"}[count]
    expected = f"task.metric must be one of {known} for task=pairs with {count} labels, got '{metric}'"
    with pytest.raises(SettingsError, match=re.escape(expected)):
        task(metric, ColumnSettings()).learn_labels(examples)
    chosen = task(known.split(", ")[-1], ColumnSettings())
    chosen.learn_labels(examples)
    assert set(chosen.score(examples, sure(row.label for row in examples))) == set(known.split(", "))


def test_scores_and_their_units_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    gold, predicted = (rng.choice(["no", "yes"], 50).tolist() for _ in range(2))
    examples = [LabeledText("a", "b", label) for label in gold]
    for metric, expected in (
        ("accuracy", np.mean(np.array(gold) == predicted)),
        ("f1", f1_score(gold, predicted, pos_label="yes")),
        ("matthews", matthews_corrcoef(gold, predicted)),
    ):
        pairs = task(metric)
        units = pairs.units(examples, sure(predicted)).sum(axis=0)
        assert pairs.score(examples, sure(predicted))[metric] == pytest.approx(expected)
        if metric == "matthews":
            tp, fp, fn, tn = units.astype(float)  # tp, fp, fn, tn
            assert units.sum() == 50
            root = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
            value = (tp * tn - fp * fn) / root
        else:
            value = (f1_of_counts if metric == "f1" else mean_of_counts)(units)
        assert value == pytest.approx(expected)


def test_the_units_of_macro_f1_add_up_to_it() -> None:
    several = task("macro_f1", ColumnSettings(first="one"))
    examples = [LabeledText("a", None, label) for label in "aaaaaabc"]
    several.learn_labels(examples)
    for predicted in ("aaaaaaaa", "aabaaabc", "aaaaaaca"):
        expected = f1_score(list("aaaaaabc"), list(predicted), average="macro", zero_division=0.0)
        counts = several.units(examples, sure(predicted)).sum(axis=0)
        assert macro_f1_of_counts(counts) == pytest.approx(expected), predicted
    one_label = several.units(examples[:6], sure("aaaaaa")).sum(axis=0)
    assert macro_f1_of_counts(one_label) == 1  # labels that do not occur do not count


def test_labels_without_names_are_learned_and_more_than_two_give_macro_f1() -> None:
    several = task("macro_f1", ColumnSettings(first="one"))
    examples = [LabeledText("a", None, label) for label in "bca"]
    several.learn_labels(examples)
    assert several.labels == ["a", "b", "c"]
    assert several.score(examples, sure("bcb"))["macro_f1"] == pytest.approx(5 / 9)


def test_numbers_with_fractions_are_refused_as_labels_unless_they_are_named() -> None:
    examples = [LabeledText("a", None, label, place=f"train.tsv:{label}") for label in ("1.0", "2.50", "3")]
    with pytest.raises(DataError, match=r"train\.tsv:2\.50: expected a label, got the number 2\.50; .*regression"):
        task(columns=ColumnSettings(first="one")).learn_labels(examples)
    names = {label: label for label in ("1.0", "2.50", "3")}
    for columns, known in ((ColumnSettings(label_names=names), examples), (ColumnSettings(), examples[::2])):
        task(columns=columns).learn_labels(known)
    task(columns=ColumnSettings()).learn_labels([*examples, LabeledText("a", None, "none")])


def test_an_unknown_label_of_a_test_file_is_named(
    wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    learnt = task(columns=ColumnSettings(first="one"))
    learnt.learn_labels([LabeledText("a", None, "no"), LabeledText("b", None, "yes")])
    stranger = LabeledText("c", None, "maybe", place="test.tsv:2")
    with pytest.raises(DataError, match=r"test\.tsv:2: expected a label of \['no', 'yes'\]"):
        learnt.encode([stranger], CharBertTokenizer(wordpiece_tokenizer, char_vocab), 16)


def test_an_attack_changes_words_of_both_texts_and_nothing_else(sentences: tuple[str, ...]) -> None:
    pairs, examples = task(), rows(sentences)
    attacked, edits = pairs.attack(examples, Attack(), seed=1)
    pairs.check_aligned(examples, attacked, Path("attacked.tsv"))
    for example, other, records in zip(examples, attacked, edits, strict=True):
        before = [*words_of(example.first), *words_of(example.second or "")]
        changed = {record.word_index for record in records}
        assert all(before[record.word_index] == record.before for record in records)
        assert {index < len(words_of(example.first)) for index in changed} == {True, False}
        undone = other.first + "\n" + (other.second or "")
        for record in records:
            undone = undone.replace(record.after, record.before, 1)
        assert undone.count(" ") == f"{example.first}\n{example.second}".count(" ")
    again, _ = pairs.attack(examples, Attack(), seed=1)
    assert again == attacked != pairs.attack(examples, Attack(), seed=2)[0]


def test_single_texts_stay_single_under_attack(sentences: tuple[str, ...]) -> None:
    examples = [LabeledText(text, None, "yes") for text in sentences]
    attacked, _ = task().attack(examples, Attack(), seed=1)
    assert all(
        attacked_example.second is None and attacked_example.first != example.first
        for example, attacked_example in zip(examples, attacked, strict=True)
    )


def test_an_attacked_copy_is_written_and_read_back(tmp_path: Path, sentences: tuple[str, ...]) -> None:
    pairs = task()
    attacked, _ = pairs.attack(rows(sentences), Attack(), seed=1)
    pairs.write(tmp_path / "attacked.tsv", attacked)
    for as_attacked in (False, True):
        assert pairs.read(tmp_path / "attacked.tsv", attacked=as_attacked) == attacked


def test_folds_of_pairs_share_no_text() -> None:
    pairs = task()
    examples = [LabeledText(f"Q{i}?", f"S{i // 3}.", "yes" if i % 2 else "no") for i in range(60)]
    groups = pairs.groups(examples)
    for parts in grouped_folds(groups, 5, 0, labels=pairs.strata(examples)):
        chosen = {name: [examples[i] for i in getattr(parts, name)] for name in ("train", "dev", "test")}
        check_no_leakage({name: [row.second or "" for row in rows] for name, rows in chosen.items()})
        check_no_leakage({name: pairs.texts(rows) for name, rows in chosen.items()})


def test_a_prediction_is_described_in_words() -> None:
    described = task().describe(LabeledText("A", "B", "yes"), LabelPrediction("no", 0.75))
    assert described == {"first": "A", "second": "B", "gold": "yes", "predicted": "no", "probability": 0.75}


def test_the_most_probable_mistakes_come_first_with_their_clean_texts() -> None:
    clean = [LabeledText(text, "B", "yes") for text in ("one", "two", "three")]
    attacked = [LabeledText(text, "B", "yes") for text in ("oe", "tow", "thre")]
    predictions = [LabelPrediction("no", 0.6), LabelPrediction("yes", 0.99), LabelPrediction("no", 0.9)]
    first, second = task().mistakes(attacked, predictions, clean)
    assert (first["row"], first["first"], first["clean_first"], first["probability"]) == (2, "thre", "three", 0.9)
    assert second["row"] == 0
    assert task().decisions(clean, predictions) == (["yes"] * 3, ["no", "yes", "no"])
    assert [task().unpack(task().pack(prediction)) for prediction in predictions] == predictions
