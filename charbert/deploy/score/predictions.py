"""Predictions that another program made, checked against the examples of a set and scored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from charbert.config.data.sets import TaskSettings, written_label
from charbert.data.readers.lines import read_lines, read_text, suffix_of
from charbert.data.readers.tables import JSON_SUFFIXES, parse_object
from charbert.errors import DataError, SettingsError, first_line
from charbert.evaluation.metric_paths import metric_path
from charbert.serialization import parse_strictly
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.catalog import build_task
from charbert.tasks.classification.encoding import LabelPrediction
from charbert.tasks.task import Task

TASK_FOLDER = Path("conf/task")
"""Where settings of tasks are found by name, below the working folder."""
FIELDS = {"token_classification": "tags", "sequence_classification": "label", "question_answering": "answer"}
"""What a prediction is called in a line, as `charbert predict` writes it, by the head of the task."""
_NEEDS_SCORES = "best_"
"""Scores at the best no-answer threshold, which a text alone does not give."""


@dataclass(frozen=True)
class Given:
    """A prediction as it was read."""

    value: Any
    place: str
    """FILE:LINE, or the file."""


def read_task(name: str) -> Task[Any, Any]:
    """Return the task of a name, as ``ner``, or of a file with its settings.

    Raises:
        SettingsError: if there is no such file, or it has other settings than those of a task.
    """
    path = Path(name) if name.endswith(".yaml") else TASK_FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in TASK_FOLDER.glob("*.yaml"))) or "none, in this working folder"
        raise SettingsError(f"--task must be one of {known}, or a file FILE.yaml of its settings, got {name}")
    try:
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(TaskSettings), OmegaConf.load(path)))
    except (OmegaConfBaseException, YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: expected the settings of a task, got {first_line(error)}") from None
    assert isinstance(settings, TaskSettings)
    return build_task(settings)


def read_predictions(path: Path, field: str) -> dict[str, Given]:
    """Return the predictions of a file by id.

    Args:
        path: JSON lines (``.jsonl``, ``.ndjson``), an object with ``id`` and the field a line; or one JSON object of
            predictions by id, as the authors of SQuAD ask for.
        field: of a line: ``tags``, ``label`` or ``answer``; an answer with ``no_answer`` true is empty.

    Raises:
        DataError: naming the file and line of the first one that is malformed or has an id for the second time.
    """
    if suffix_of(path) not in JSON_SUFFIXES or suffix_of(path) == ".json":
        return {name: Given(value, str(path)) for name, value in _object(path).items()}
    given: dict[str, Given] = {}
    for number, line in enumerate(read_lines(path, "a file of predictions"), start=1):
        if not line.strip():
            continue
        row = parse_object(path, number, line)
        if "id" not in row or field not in row:
            expected, found = f"the fields id and {field}", ", ".join(map(str, row)) or "none"
            raise DataError.at(path, number, expected=expected, found=found)
        name = str(row["id"])
        if name in given:
            raise DataError.at(
                path, number, expected="each id once", found=f"{name!r} again, first {given[name].place}"
            )
        given[name] = Given("" if row.get("no_answer") is True else row[field], f"{path}:{number}")
    return given


def _object(path: Path) -> dict[str, Any]:
    expected = "a JSON object of predictions by id"
    try:
        content = parse_strictly(read_text(path, expected))
    except ValueError as error:
        is_syntax = isinstance(error, json.JSONDecodeError)
        hint = f"name a file with an object a line {path.stem}.jsonl" if is_syntax else ""
        raise DataError.at(path, None, expected=expected, found=str(error), hint=hint) from None
    if not isinstance(content, dict):
        raise DataError.at(path, None, expected=expected, found=type(content).__name__)
    return content


def example_ids(examples: Sequence[Any]) -> list[str]:
    """Return the id of each example in its file, or where it has none its number from 0."""
    own = [getattr(each, "question_id", None) or getattr(each, "row_id", None) for each in examples]
    return [str(number if given_id is None else given_id) for number, given_id in enumerate(own)]


def score_predictions(
    task: Task[Any, Any], examples: Sequence[Any], given: Mapping[str, Given], version: str, *, source: Path
) -> dict[str, float]:
    """Return the scores of predictions under the paths that records have, as ``eval/ner/f1``.

    Args:
        given: one prediction for each example, by its `example_ids`.
        version: clean, or the name of an attack.
        source: the file or model of the predictions, for errors.

    Raises:
        DataError: naming the first id that is unknown or missing, or prediction that does not fit its example.
    """
    ids = example_ids(examples)
    known = set(ids)
    for name, prediction in given.items():
        if name not in known:
            expected = f"an id of the set's {len(ids)} examples, such as {ids[0]}"
            raise DataError(f"{prediction.place}: expected {expected}, got {name!r}")
    if missing := [name for name in ids if name not in given]:
        raise DataError(
            f"{source}: expected a prediction for each of the set's {len(ids)} examples, got none for {len(missing)}, "
            f"the first of them {missing[0]!r}"
        )
    predictions = [_convert(task, example, name, given[name]) for name, example in zip(ids, examples, strict=True)]
    scores = task.averages(examples, predictions) | task.score(examples, predictions)
    prefix = metric_path(task.name, version)
    return {f"{prefix}/{name}": value for name, value in scores.items() if not name.startswith(_NEEDS_SCORES)}


def _convert(task: Task[Any, Any], example: Any, name: str, given: Given) -> Any:
    def refuse(expected: str, found: Any) -> DataError:
        return DataError(f"{given.place}: id {name!r}: expected {expected}, got {found!r}")

    value, head = given.value, task.head.name
    if head == "question_answering":
        if not isinstance(value, str):
            raise refuse("the text of an answer, empty for none", value)
        return SpanPrediction((SpanCandidate(value, 0, len(value), 0.0),), null_difference=0.0 if value else 1.0)
    labels = known_labels(task)
    if head == "sequence_classification":
        written = written_label(value) if isinstance(value, str | int | float) else ""
        label = task.label_names.get(written, written)
        if label not in labels:
            raise refuse(f"one of the labels {', '.join(sorted(labels))}", value)
        return LabelPrediction(label, 1.0)
    if not isinstance(value, list) or len(value) != len(example.words):
        raise refuse(f"a list of {len(example.words)} tags, one for each word", value)
    for tag in value:
        if not isinstance(tag, str) or tag not in labels:
            raise refuse(f"tags of the set ({', '.join(sorted(labels))})", tag)
    return value


def known_labels(task: Task[Any, Any]) -> set[str]:
    """Return the task's labels; of entities both tags of each type."""
    types = {tag[2:] for tag in task.labels if tag[:2] in ("B-", "I-")}
    return {*task.labels, *(f"{part}-{kind}" for part in "BI" for kind in types)}
