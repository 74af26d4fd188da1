"""Predictions of a model of this project for the examples of a set."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.score.predictions import FIELDS, Given, example_ids, known_labels
from charbert.errors import DataError
from charbert.tasks.task import Task


def predict_examples(
    predictor: Predictor, name: str, task: Task[Any, Any], examples: Sequence[Any], file: Path
) -> dict[str, Given]:
    """Return a model's predictions by id, made as ``charbert predict`` makes them; the task gets the model's labels.

    Args:
        predictor: of the model.
        name: of the model, for errors.
        examples: of the file.
        file: of the examples, for errors.

    Raises:
        DataError: if the model has another head than the task needs, or a label of the set is none of the model's.
    """
    if predictor.head != task.head.name:
        expected = f"a model for {task.head.name}, which task {task.name} needs"
        raise DataError(f"{name}: expected {expected}, got one for {predictor.head}")
    task.labels = predictor.labels
    of_set = {label for example in examples for label in task.adapter.labels(example)}
    if unknown := sorted(of_set - known_labels(task)):
        expected = f"labels that {name} has ({', '.join(sorted(task.labels))})"
        raise DataError.at(file, None, expected=expected, found=", ".join(unknown))
    inputs = [_input(task, example) for example in examples]
    given: list[Given] = []
    with tqdm(total=len(inputs), unit=" examples", desc="predicting", file=sys.stderr, disable=None) as bar:
        for part in predictor.stream(inputs):
            given += [Given(_value(task, output), name) for output in part]
            bar.update(len(part))
    return dict(zip(example_ids(examples), given, strict=True))


def _input(task: Task[Any, Any], example: Any) -> dict[str, Any]:
    if task.labels_words:
        return {"words": list(example.words)}
    return dict(zip(task.head.fields, task.adapter.texts(example), strict=False))  # text_pair may be left out


def _value(task: Task[Any, Any], output: Any) -> Any:
    """Return a prediction as files of predictions have it."""
    if getattr(output, "no_answer", False):
        return ""
    value = getattr(output, FIELDS[task.head.name])
    return list(value) if isinstance(value, tuple) else value
