"""Entity scores and token accuracy of predicted tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from seqeval.scheme import IOB2, Entities

from charbert.errors import DataError


class Entity(NamedTuple):
    """Position and type of an entity."""

    sentence: int
    kind: str
    """Its type, as ``PER``."""
    first: int
    """Index of its first word."""
    end: int
    """Index after its last word."""


@dataclass(frozen=True)
class TypeScores:
    """Precision, recall and F1 of one entity type or label, in [0, 1]."""

    precision: float
    recall: float
    f1: float
    gold: int
    """Entities in the gold tags."""
    predicted: int
    """Entities in the predicted tags."""
    correct: int
    """Entities with the same type and the same words in both."""


@dataclass(frozen=True)
class EntityScores(TypeScores):
    """Scores over the entities of all types, and of each type."""

    per_type: dict[str, TypeScores]


def entity_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> EntityScores:
    """Return precision, recall and F1 of entities in seqeval's strict mode (IOB2, I- alone starts no entity).

    A score with a zero denominator is 0.

    >>> entity_scores([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]).f1
    0.5

    Raises:
        DataError: if sentences or words differ in number, or a tag is not IOB2.
    """
    sides = paired_entities(gold, predicted)
    types = sorted({entity.kind for side in sides for entities in side for entity in entities})
    counts = {kind: np.zeros(3, dtype=np.int64) for kind in types}
    for gold_entities, predicted_entities in zip(*sides, strict=True):
        for column, entities in enumerate((gold_entities, predicted_entities, gold_entities & predicted_entities)):
            for _, kind, _, _ in entities:
                counts[kind][column] += 1
    total = scores_of_counts(sum(counts.values(), np.zeros(3, dtype=np.int64)))
    return EntityScores(**asdict(total), per_type={kind: scores_of_counts(count) for kind, count in counts.items()})


def entity_counts(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], kind: str | None = None
) -> np.ndarray:
    """Return (sentences, 3) counts of true positive, false positive and false negative entities.

    Their sum over sentences gives the corpus score (`charbert.metrics.significance.f1_of_counts`).

    Args:
        kind: the type that is counted; None: all.

    Raises:
        DataError: if sentences or words differ in number, or a tag is not IOB2.
    """
    sides = [
        [{entity for entity in entities if kind in (None, entity.kind)} for entities in side]
        for side in paired_entities(gold, predicted)
    ]
    rows = [(len(right & given), len(given - right), len(right - given)) for right, given in zip(*sides, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def type_averages(per_type: Mapping[str, TypeScores]) -> dict[str, float]:
    """Return ``macro_f1``, ``weighted_recall`` and so on: averages over types, unweighted or by gold share.

    They are seqeval's averages over the types in the gold or the predictions; without types all are 0. Seqeval's micro
    averages are the scores of all entities together, `EntityScores`.
    """
    types = list(per_type.values())
    weights = {"macro": [1.0] * len(types), "weighted": [float(scores.gold) for scores in types]}
    return {
        f"{average}_{name}": float(np.dot(weight, [getattr(scores, name) for scores in types]) / max(1.0, sum(weight)))
        for average, weight in weights.items()
        for name in ("precision", "recall", "f1")
    }


def token_accuracy(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Return the share of words with the right tag, in [0, 1]; 0 without words.

    Raises:
        DataError: if sentences or words differ in number.
    """
    right, words = token_counts(gold, predicted).sum(axis=0).tolist()
    return right / max(1, words)


def token_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> np.ndarray:
    """Return (sentences, 2) counts of words with the right tag, and of words.

    Raises:
        DataError: if sentences or words differ in number.
    """
    _check_lengths(gold, predicted)
    rows = [
        (sum(tag == other for tag, other in zip(gold_tags, predicted_tags, strict=True)), len(gold_tags))
        for gold_tags, predicted_tags in zip(gold, predicted, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def label_scores(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, TypeScores]:
    """Return precision, recall and F1 of each label that occurs, over single decisions, in alphabetical order.

    Raises:
        ValueError: if the two have different lengths.
    """
    sides = (
        Counter(gold),
        Counter(predicted),
        Counter(label for label, predicted_label in zip(gold, predicted, strict=True) if label == predicted_label),
    )
    labels = sorted(sides[0] | sides[1])
    return {label: scores_of_counts(np.array([side[label] for side in sides])) for label in labels}


def paired_entities(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> tuple[list[set[Entity]], list[set[Entity]]]:
    """Return the entities of every sentence, gold and predicted.

    Raises:
        DataError: if sentences or words differ in number, or a tag is not IOB2.
    """
    _check_lengths(gold, predicted)
    try:
        gold_entities, predicted_entities = (
            [
                {Entity(*entity.to_tuple()) for entity in sentence_entities}
                for sentence_entities in Entities([list(tags) for tags in side], scheme=IOB2).entities
            ]
            for side in (gold, predicted)
        )
    except (ValueError, KeyError, IndexError) as error:  # of seqeval, which reads a tag's first letter
        raise DataError(f"expected IOB2 tags (O, B-TYPE, I-TYPE): {error}") from error
    return gold_entities, predicted_entities


def scores_of_counts(counts: Sequence[int] | np.ndarray) -> TypeScores:
    """Return the scores for counts of gold, predicted and correct entities, in this order."""
    gold, predicted, correct = (int(count) for count in counts)
    precision, recall = correct / max(1, predicted), correct / max(1, gold)
    f1 = 2 * correct / max(1, gold + predicted)
    return TypeScores(precision, recall, f1, gold, predicted, correct)


def _check_lengths(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    if len(gold) != len(predicted):
        raise DataError(f"expected tags of {len(gold)} sentences as in the gold, got {len(predicted)}")
    for number, (gold_tags, predicted_tags) in enumerate(zip(gold, predicted, strict=True)):
        if len(gold_tags) != len(predicted_tags):
            raise DataError(
                f"sentence {number}: expected {len(gold_tags)} tags as in the gold, got {len(predicted_tags)}"
            )
