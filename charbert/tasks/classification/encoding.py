"""Labeled texts and pairs to features, and logits back to labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.data.readers.glue import LabeledText
from charbert.errors import DataError
from charbert.tasks.encoded import Encoded, take_feature


def encode_pairs(
    examples: Sequence[LabeledText],
    processor: Processor,
    label_ids: Mapping[str, int],
    max_length: int,
    *,
    batch_size: int = 1000,
) -> Encoded:
    """Return one feature an example, with its label id in ``labels`` ().

    The report counts ``examples`` and ``cut_examples``: texts or pairs with more subwords than fit, of which the longer
    text lost its end.

    Args:
        examples: all single texts, or all pairs.
        processor: text to model inputs; called with many texts at once.
        max_length: most subwords of a feature, special ones included; the longer text of a pair is cut first.
        batch_size: examples in a call of ``processor``.

    Raises:
        DataError: if a label has no id, or pairs and single texts are mixed.
    """
    check_labels(examples, label_ids)
    features: list[dict[str, Any]] = []
    cut = 0
    for start in range(0, len(examples), batch_size):
        chunk = examples[start : start + batch_size]
        encoding = _encode(chunk, processor)
        lengths = [len(row) for row in encoding["input_ids"]]
        long = [example for example, length in zip(chunk, lengths, strict=True) if length > max_length]
        again = _encode(long, processor, truncation=True, max_length=max_length) if long else encoding
        fresh = iter(range(len(long)))
        for row, (example, length) in enumerate(zip(chunk, lengths, strict=True)):
            source, at = (again, next(fresh)) if length > max_length else (encoding, row)
            labels = {"labels": label_ids[example.label], EXAMPLE_IDS: start + row}
            features.append(take_feature(source, at, **labels))
        cut += len(long)
    return Encoded(features, report={"examples": len(examples), "cut_examples": cut})


@dataclass(frozen=True)
class LabelPrediction:
    """The most likely label and its probability, in [0, 1]."""

    label: str
    probability: float


def decode_labels(logits: Sequence[np.ndarray], labels: Sequence[str]) -> list[LabelPrediction]:
    """Return the most likely label of each row of logits, (K) each.

    Raises:
        DataError: if a row has not as many logits as there are labels.
    """
    predictions = []
    for number, row in enumerate(logits):
        if np.shape(row) != (len(labels),):
            raise DataError(
                f"prediction {number}: expected {len(labels)} logits, one a label, got {np.shape(row)}; "
                "was the model trained on other labels?"
            )
        shares = softmax(np.asarray(row, dtype=np.float64))
        best = int(np.argmax(row))
        predictions.append(LabelPrediction(labels[best], float(shares[best])))
    return predictions


def _encode(examples: Sequence[LabeledText], processor: Processor, **options: Any) -> Any:
    firsts = [example.first for example in examples]
    seconds = [example.second for example in examples if example.second is not None]
    return processor(firsts, seconds or None, **options)


def check_no_scale(examples: Sequence[LabeledText]) -> None:
    """Check that the labels are not numbers with fractions, such as ratings on a scale.

    Raises:
        DataError: naming the first example with a fraction, if all labels are numbers.
    """
    try:
        fractions = [example for example in examples if float(example.label) % 1 > 0]
    except ValueError:
        return
    if fractions:
        place, label = fractions[0].place or "the training examples", fractions[0].label
        raise DataError(
            f"{place}: expected a label, got the number {label}; tasks that predict numbers (regression) are not "
            "supported. For labels write words into the file, such as low and high"
        )


def check_labels(examples: Sequence[LabeledText], label_ids: Mapping[str, int]) -> None:
    """Check that there are pairs only or single texts only, and that each label has an id.

    Raises:
        DataError: naming the first example where that is not so.
    """
    pairs = sum(example.second is not None for example in examples)
    if pairs not in (0, len(examples)):
        raise DataError(f"expected pairs only or single texts only, got {pairs} pairs of {len(examples)}")
    for number, example in enumerate(examples):
        if example.label not in label_ids:
            raise DataError(
                f"{example.place or f'example {number}'}: expected a label of {sorted(label_ids)}, "
                f"got {example.label!r}; the training file has no such label"
            )
