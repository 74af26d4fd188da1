"""One fine-tuned model on a test set, clean and under every attack (Sec. 4.5)."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import chain
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.metric_paths import metric_path
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task
from charbert.text.repair.correction import correct_texts
from charbert.text.repair.repaired import Corrector


@dataclass
class SetPredictions:
    """A model's predictions on one eval set."""

    predictions: list[Any]
    """One per example, as returned by ``Task.decode``."""
    report: dict[str, int] = field(default_factory=dict)
    """Counts of inputs that did not fit the model, e.g. sentences cut into windows."""
    corrected: list[str] | None = None
    """The corrected texts that the model read, if there is a corrector."""
    scores: list[np.ndarray] | None = None
    """The logits of each example's decisions, see `Task.stored_logits`."""


@dataclass
class SetScore:
    """A model's scores on one eval set."""

    metrics: dict[str, float]
    """Scores under path keys, e.g. ``attack/ner/released/f1``."""
    units: dict[str, np.ndarray]
    """Counts of each example, (N, K), for paired tests, by metric."""
    lines: list[dict[str, Any]]
    """Gold and prediction of each example in readable form."""


def predict_set(
    task: Task[Any, Any],
    examples: Sequence[Any],
    processor: Processor,
    max_length: int,
    logits_of: Callable[[Sequence[Mapping[str, Any]]], Sequence[np.ndarray]],
    corrector: Corrector | None,
) -> SetPredictions:
    """Return a model's predictions on one eval set.

    Args:
        examples: the test examples, attacked or not, in the order of the file.
        max_length: subwords per input.
        logits_of: maps features to the model's logits, one array per feature.
        corrector: corrects the model's input, if any.
    """
    read = correct_examples(task, examples, corrector)
    encoded = task.encode(read, processor, max_length)
    predictions = decode_encoded(task, encoded, logits_of(encoded.features))
    predictions.corrected = None if corrector is None else task.texts(read)
    return predictions


def decode_encoded(task: Task[Any, Any], encoded: Encoded, logits: Sequence[np.ndarray]) -> SetPredictions:
    """Return the predictions for a model's logits, one array per feature."""
    predictions = task.decode(logits, encoded)
    return SetPredictions(predictions, encoded.report, scores=task.stored_logits(logits, encoded, predictions))


def stored_logits(task: Task[Any, Any], examples: Sequence[Any], predictions: SetPredictions) -> StoredLogits | None:
    """Return the logits of a set's decisions with the right labels, None where the task or the model has none."""
    if predictions.scores is None:
        return None
    ids = {label: position for position, label in enumerate(task.decision_labels)}
    gold = [ids[label] for label in task.decisions(examples, predictions.predictions)[0]]
    return StoredLogits.of_examples(predictions.scores, gold, task.decision_labels)


def changed_share(task: Task[Any, Any], clean: Sequence[Any], attacked: Sequence[Any]) -> float:
    """Return the share of words that an attack changed, in [0, 1], in the texts that it reads.

    A text that has another number of words, since an inserted character divides one, is aligned first.
    """
    words = changed = 0
    for before, after in zip(task.sentences(clean), task.sentences(attacked), strict=True):
        words += len(before)
        if len(before) == len(after):
            changed += sum(map(operator.ne, before, after))
        else:
            same = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
            changed += len(before) - sum(block.size for block in same)
    return changed / max(1, words)


def score_set(task: Task[Any, Any], name: str, examples: Sequence[Any], predictions: SetPredictions) -> SetScore:
    """Return the scores of predictions on one eval set.

    Args:
        name: clean, or the attack's name.
        examples: the test examples, attacked or not.
        predictions: one per example.
    """
    prefix = metric_path(task.name, name)
    metrics = task.averages(examples, predictions.predictions) | task.score(examples, predictions.predictions)
    lines = [dict(task.describe(e, p)) for e, p in zip(examples, predictions.predictions, strict=True)]
    for line, text in zip(lines, predictions.corrected or [], strict=False):
        line["corrected"] = text
    return SetScore(
        metrics={f"{prefix}/{key}": value for key, value in metrics.items()},
        units={metric: task.units(examples, predictions.predictions, metric) for metric in task.tested_metrics},
        lines=lines,
    )


def correct_examples(task: Task[Any, Any], examples: Sequence[Any], corrector: Corrector | None) -> list[Any]:
    """Return the examples with corrected words and unchanged labels.

    Texts and sentences are corrected in large batches, equal ones once. Raw texts are cut into words as a fine-tuned
    model's users have them cut. Without a corrector the examples are returned unchanged.
    """
    if corrector is None:
        return list(examples)
    texts = [task.adapter.raw_texts(example) for example in examples]
    if any(texts):
        different_texts = list(dict.fromkeys(chain.from_iterable(texts)))
        read = dict(zip(different_texts, correct_texts(different_texts, corrector), strict=True))
        pairs = zip(examples, texts, strict=True)
        return [task.adapter.with_raw_texts(example, [read[text] for text in own]) for example, own in pairs]
    sentences = [tuple(words) for words in task.sentences(examples)]
    different = list(dict.fromkeys(sentences))
    corrected = dict(zip(different, corrector.correct_many(different), strict=True))
    return task.with_sentences(examples, [corrected[words] for words in sentences])
