import pytest

from charbert.config.data.preparation import BalanceSettings, ClassWeights
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.errors import SettingsError
from charbert.preparation.balance import Balance, class_weights
from charbert.preparation.steps import Row
from charbert.tasks.classification.adapter import LabeledAdapter
from charbert.tasks.tagging.adapter import TaggedAdapter


def test_the_class_of_a_sentence_is_its_rarest_type() -> None:
    tags = [("B-PER", "O"), ("B-PER", "B-ORG"), ("O", "O"), ("B-PER", "I-PER")]
    assert TaggedAdapter(entities=True).classes([TaggedSentence(("a", "b"), row) for row in tags]) == [
        "PER",
        "ORG",
        "O",
        "PER",
    ]


def test_every_example_is_repeated_before_one_is_repeated_again() -> None:
    labels = ["rare"] * 3 + ["frequent"] * 8
    rows = [Row(LabeledText(f"text {at}", None, label), at, str(at)) for at, label in enumerate(labels)]
    outcome = Balance(BalanceSettings(), seed=5).apply(rows, LabeledAdapter())
    times = [sum(row.index == at for row in outcome.rows) for at in range(11)]
    assert sorted(times[:3]) == [2, 3, 3] and times[3:] == [1] * 8


def test_one_class_cannot_be_balanced() -> None:
    with pytest.raises(SettingsError, match="two classes or more, got yes"):
        Balance(BalanceSettings(), 0).apply([Row(LabeledText("a", None, "yes"), 0, "0")], LabeledAdapter())


def test_weighted_labels_have_equal_totals() -> None:
    labels = ["O"] * 90 + ["B-PER"] * 9 + ["B-LOC"]
    names = ["O", "B-PER", "B-LOC", "B-NEW"]
    weights = class_weights(labels, names, ClassWeights.balanced)
    assert weights is not None
    totals = [weight * labels.count(name) for name, weight in zip(names[:3], weights, strict=False)]
    assert totals == pytest.approx([25.0] * 3) and weights[3] == 1
    assert class_weights(labels, names, ClassWeights.root) == pytest.approx([weight**0.5 for weight in weights])
    assert class_weights(labels, names, ClassWeights.none) is None
    with pytest.raises(SettingsError, match="needs a task with labels"):
        class_weights([], [], ClassWeights.balanced)
