import numpy as np
import pytest

from charbert.config.model.classical import BaselineKind, BaselineSettings, Units
from charbert.data.readers.glue import LabeledText
from charbert.errors import DataError, SettingsError
from charbert.tasks.classification.baseline import MajorityLabel, OverlapLabel, TfidfLabel

LABELS = ["bad", "good", "never"]
GOOD, BAD = ("a wonderful harbour", "a splendid breakfast"), ("a dreadful harbour", "a horrible breakfast")
ROWS = [LabeledText(text, None, "good") for text in GOOD * 6] + [LabeledText(text, None, "bad") for text in BAD * 4]
WORDS = BaselineSettings(kind=BaselineKind.tfidf, min_count=1)
CHARACTERS = BaselineSettings(kind=BaselineKind.tfidf, units=Units.char, ngrams=[2, 4], min_count=1)


def labels(scores: list[np.ndarray]) -> list[str]:
    return [LABELS[int(row[0].argmax())] for row in scores]


def test_the_majority_baseline_gives_every_text_the_shares_of_the_labels() -> None:
    scores = MajorityLabel(ROWS, LABELS).scores(ROWS)
    assert set(labels(scores)) == {"good"}
    assert np.exp(scores[0]).sum() == pytest.approx(1)
    assert np.exp(scores[0])[0, 1] == pytest.approx((12 + 0.5) / (20 + 1.5))


@pytest.mark.parametrize("settings", [WORDS, CHARACTERS])
def test_a_regression_learns_the_words_of_each_label(settings: BaselineSettings) -> None:
    scores = TfidfLabel(ROWS, LABELS, settings).scores(ROWS)
    assert labels(scores) == [row.label for row in ROWS]
    assert np.exp(np.concatenate(scores)).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_character_ngrams_are_robust_to_a_typo_and_word_ngrams_are_not() -> None:
    typos = [LabeledText("dradful", None, "bad"), LabeledText("horrble", None, "bad")]
    assert labels(TfidfLabel(ROWS, LABELS, CHARACTERS).scores(typos)) == ["bad", "bad"]
    assert labels(TfidfLabel(ROWS, LABELS, WORDS).scores(typos)) == ["good", "good"]  # unknown words: the majority


def test_common_ngrams_of_a_pair_are_features() -> None:
    names = ("Kraków", "Malmö", "Zürich", "Bergen", "Porto", "Bilbao", "Tartu", "Ghent", "Split", "Brest")
    pairs = [(name, other) for name in names for other in names]
    rows = [LabeledText(f"who is in {a}", f"he is in {b}", "good" if a == b else "bad") for a, b in pairs]
    rows += [row for row in rows if row.label == "good"] * 8
    baseline = TfidfLabel(rows, LABELS, WORDS)
    assert np.mean([label == row.label for label, row in zip(labels(baseline.scores(rows)), rows, strict=True)]) > 0.9


def test_a_single_label_needs_no_regression_and_no_rows_give_no_scores() -> None:
    baseline = TfidfLabel([row for row in ROWS if row.label == "bad"], LABELS, WORDS)
    assert labels(baseline.scores(ROWS[:3])) == ["bad"] * 3
    assert TfidfLabel(ROWS, LABELS, WORDS).scores([]) == []


def test_texts_without_ngrams_are_refused_with_the_setting_to_change() -> None:
    rows = [LabeledText(chr(97 + number) * 3, None, LABELS[number % 2]) for number in range(20)]
    with pytest.raises(DataError, match=r"lower model\.baseline\.min_count"):
        TfidfLabel(rows, LABELS, BaselineSettings(kind=BaselineKind.tfidf, min_count=2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ngrams": [3, 2]}, "ngrams must be the shortest and the longest"),
        ({"ngrams": [1]}, "ngrams must be the shortest and the longest"),
        ({"min_count": 0}, "min_count must be at least 1"),
        ({"max_features": 0}, "max_features must be at least 1 or null"),
        ({"C": 0.0}, "C must be positive"),
        ({"window": -1}, "window must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=rf"model\.baseline\.{message}"):
        BaselineSettings(**changes)  # type: ignore[arg-type]


NAMES = ("Kraków", "Malmö", "Zürich", "Bergen", "Portland", "Bilbao", "Tartu", "Ghent", "Split", "Brest")
OVERLAP = BaselineSettings(kind=BaselineKind.overlap, ngrams=[2, 2])


def test_overlap_learns_that_a_shared_name_counts_and_applies_it_to_new_and_misspelt_names() -> None:
    pairs = [(name, other) for name in NAMES for other in NAMES]
    rows = [LabeledText(f"who is in {a}", f"he lives in {b}", "good" if a == b else "bad") for a, b in pairs]
    rows += [row for row in rows if row.label == "good"] * 8
    baseline = OverlapLabel(rows, LABELS, OVERLAP)
    new = [LabeledText("who is in Rostock", "he lives in Rostock", "good"), LabeledText("who is in Lund", "no", "bad")]
    new.append(LabeledText("who is in Rosctock", "he lives in Rostok", "good"))
    assert labels(baseline.scores(new)) == [row.label for row in new]
    assert np.exp(np.concatenate(baseline.scores(new))).sum(axis=1) == pytest.approx(1, abs=1e-4)
