"""Classification of texts and pairs of texts (Sec. 4.2): the GLUE tasks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax

from charbert.batch import Processor
from charbert.config.data.sets import ColumnSettings, TaskSettings
from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.data.readers.glue import LabeledText, read_glue, write_glue
from charbert.data.readers.lines import check_aligned
from charbert.data.readers.squad import Question
from charbert.tasks.classification.adapter import LabeledAdapter
from charbert.tasks.classification.aligner import TextAligner
from charbert.tasks.classification.encoding import (
    LabelPrediction,
    check_labels,
    check_no_scale,
    decode_labels,
    encode_pairs,
)
from charbert.tasks.classification.hub import hub_texts
from charbert.tasks.classification.reader import LabelOutput, LabelReader
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Head, TextInput
from charbert.tasks.task import Baseline, ExampleErrors, Task

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

# Imports in methods need scikit-learn, which takes a second to import and is not needed to predict raw text.

Rows = Sequence[LabeledText]
Labels = Sequence[LabelPrediction]

HEAD = Head(
    name="sequence_classification",
    architecture="SequenceClassification",
    fields={"text": True, "text_pair": False},
    input=TextInput,
    output=LabelOutput,
    reader=LabelReader,
    aligner=TextAligner,
)


class ClassificationTask(Task[LabeledText, LabelPrediction]):
    """One label for a text or a pair of texts.

    Paper: Table 1, Matthews correlation for CoLA and accuracy for the others.

    Args:
        metric: accuracy, and with two labels matthews or f1; with more, macro_f1.
    """

    head = HEAD
    suffix = ".tsv"

    def __init__(self, name: str, metric: str, columns: ColumnSettings) -> None:
        super().__init__(name, metric)
        self.columns = columns
        self.label_names = columns.label_names
        self.labels = list(dict.fromkeys(columns.label_names.values()))
        self.adapter = LabeledAdapter(self.labels)

    @classmethod
    def from_settings(cls, settings: TaskSettings) -> ClassificationTask:
        """Return the task with its columns."""
        return cls(settings.name, settings.metric, settings.columns)

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[LabeledText]:
        """Return the rows of a table; the authors' attacked file quotes fields as a CSV file does."""
        return read_glue(path, self.columns, unquote_fields=attacked, errors=errors)

    def write(self, path: Path, examples: Rows) -> None:
        """Write rows as a table that ``read`` reads back."""
        write_glue(path, examples, self.columns)

    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the rows of a split as a table with the task's columns."""
        write_glue(path, hub_texts(rows, self.columns), self.columns)

    def learn_labels(self, examples: Rows) -> None:
        """Take the labels of the training rows, unless ``columns.label_names`` lists them.

        Raises:
            DataError: if they are numbers with fractions, such as ratings, which nobody named as labels.
            SettingsError: if the labels do not have the metric.
        """
        self.labels = list(self.adapter.known_labels) or sorted({row.label for row in examples})
        if not self.columns.label_names:
            check_no_scale(examples)
        self.check_metric(["accuracy", *(["f1", "matthews"] if len(self.labels) == 2 else ["macro_f1"])])

    def check_labels(self, examples: Rows, path: Path) -> None:
        """Raise DataError naming the first row with a label that the training rows lack."""
        check_labels(examples, self.label_ids)

    def encode(self, examples: Rows, processor: Processor, max_length: int) -> Encoded:
        """Return one feature a row; texts that are too long are cut."""
        return encode_pairs(examples, processor, self.label_ids, max_length)

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[LabelPrediction]:
        """Return the most likely label of every row."""
        return decode_labels(logits, self.labels)

    def stored_logits(self, logits: Sequence[np.ndarray], encoded: Encoded, predictions: Labels) -> list[np.ndarray]:
        """Return the logits of each row, (1, K)."""
        return [np.asarray(row)[None] for row in logits]

    def decide(self, scores: Sequence[np.ndarray]) -> list[LabelPrediction]:
        """Return the label with the highest score of every row."""
        return decode_labels([row[0] for row in scores], self.labels)

    def score(self, examples: Rows, predictions: Labels) -> dict[str, float]:
        """Return accuracy, and f1 of the second label and matthews for two labels, macro_f1 for more."""
        from charbert.metrics.classification import accuracy, averaged_scores, matthews, positive_scores

        gold, predicted = self._ids(examples, predictions)
        scores = {"accuracy": accuracy(gold, predicted)}
        if len(self.labels) == 2:
            return scores | {"f1": positive_scores(gold, predicted)["f1"], "matthews": matthews(gold, predicted)}
        return scores | {"macro_f1": averaged_scores(gold, predicted)["macro_f1"]}

    def units(self, examples: Rows, predictions: Labels, metric: str | None = None) -> np.ndarray:
        """Return counts of each row, for the statistic of the metric.

        For matthews true positive, false positive, false negative and true negative, (N, 4); for f1 the first
        three of these, (N, 3), for macro_f1 of each of L labels, (N, 3 L); for accuracy right answers and answers,
        (N, 2).
        """
        gold, predicted = (np.array(side) for side in self._ids(examples, predictions))
        if self.metric == "macro_f1":
            of_gold, of_predicted = (np.eye(len(self.labels), dtype=bool)[side] for side in (gold, predicted))
            outcomes_of_labels = (of_gold & of_predicted, ~of_gold & of_predicted, of_gold & ~of_predicted)
            return np.stack(outcomes_of_labels, axis=-1).reshape(len(gold), -1).astype(np.int64)
        if self.metric == "accuracy":
            return np.stack([gold == predicted, np.ones_like(gold)], axis=1).astype(np.int64)
        outcomes = [(1, 1), (0, 1), (1, 0), (0, 0)][: 4 if self.metric == "matthews" else 3]
        counts = [(gold == of_gold) & (predicted == of_predicted) for of_gold, of_predicted in outcomes]
        return np.stack(counts, axis=1).astype(np.int64)

    def example_scores(self, examples: Rows, predictions: Labels, logits: Sequence[np.ndarray] | None) -> np.ndarray:
        """Return whether each row's label is right, and the probability of the right label, (N, 2)."""
        gold, predicted = (np.array(side) for side in self._ids(examples, predictions))
        assert logits is not None  # all that classify have them
        shares = softmax(np.concatenate([np.asarray(row, np.float64) for row in logits]), axis=-1)
        return np.stack([gold == predicted, shares[np.arange(len(gold)), gold]], axis=1)

    def check_aligned(self, clean: Rows, attacked: Rows, path: Path) -> None:
        """Raise DataError naming the first row whose id or label differs."""
        same: dict[str, Callable[[LabeledText], Any]] = {
            "row_id": attrgetter("row_id"),
            "label": attrgetter("label"),
            "number of texts": lambda row: 1 + (row.second is not None),
        }
        check_aligned(clean, attacked, path, "row", same)

    def describe(self, example: LabeledText, prediction: LabelPrediction) -> Mapping[str, Any]:
        """Return the texts, gold and predicted label, and the probability of the latter."""
        second = {} if example.second is None else {"second": example.second}
        decided = {"gold": example.label, "predicted": prediction.label, "probability": prediction.probability}
        return {"first": example.first, **second, **decided}

    def decisions(self, examples: Rows, predictions: Labels) -> tuple[list[str], list[str]]:
        """Return gold and predicted label of every row."""
        return [row.label for row in examples], [prediction.label for prediction in predictions]

    def mistakes(self, examples: Rows, predictions: Labels, originals: Rows) -> list[dict[str, Any]]:
        """Return the rows with a wrong label, the most probable first, with their clean texts."""
        wrong = [
            {
                "row": number,
                "gold": row.label,
                "predicted": prediction.label,
                "probability": prediction.probability,
                "first": row.first,
                "second": row.second or "",
                "clean_first": original.first,
                "clean_second": original.second or "",
            }
            for number, (row, prediction, original) in enumerate(zip(examples, predictions, originals, strict=True))
            if prediction.label != row.label
        ]
        return sorted(wrong, key=lambda row: -row["probability"])

    def fit_baseline(self, examples: Rows, settings: BaselineSettings, seed: int) -> Baseline:
        """Return the most frequent label, or a logistic regression on n-grams or on the overlap of pairs."""
        from charbert.tasks.classification.baseline import MajorityLabel, OverlapLabel, TfidfLabel

        if settings.kind is BaselineKind.majority:
            return self.label_baseline(MajorityLabel(examples, self.labels).scores)
        if settings.kind is BaselineKind.overlap:
            return self.label_baseline(OverlapLabel(examples, self.labels, settings).scores)
        return self.label_baseline(TfidfLabel(examples, self.labels, settings).scores)

    def pack(self, prediction: LabelPrediction) -> list[Any]:
        """Return label and probability."""
        return [prediction.label, prediction.probability]

    def unpack(self, packed: Any) -> LabelPrediction:
        """Return the prediction from label and probability."""
        return LabelPrediction(*packed)

    def groups(self, examples: Rows, articles: Sequence[Question] | None = None) -> list[int]:
        """Return the group of each row: rows with a text in common, or from the same article."""
        from charbert.data.articles import group_pairs

        return group_pairs(examples, articles)

    def strata(self, examples: Rows) -> Sequence[Hashable]:
        """Return the label of each row."""
        return [row.label for row in examples]

    def _ids(self, examples: Rows, predictions: Labels) -> tuple[list[int], list[int]]:
        ids = self.label_ids
        return [ids[row.label] for row in examples], [ids[prediction.label] for prediction in predictions]
