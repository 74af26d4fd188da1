"""Classification of texts and pairs of texts (Sec. 4.2): the GLUE tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.config.data.sets import ColumnSettings
from charbert.data.articles import group_pairs
from charbert.data.encoding.pairs import LabelPrediction, check_labels, decode_labels, encode_pairs, text_label_ids
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.glue import LabeledText, check_rows_aligned, read_glue, write_glue
from charbert.data.readers.squad import Question
from charbert.metrics.classification import accuracy, label_f1, matthews
from charbert.noise.attack import attack_sentences
from charbert.noise.edits import EditRecord, NoiseModel
from charbert.tasks.task import Encoded, Task
from charbert.text.words import replace_words, split_words


class ClassificationTask(Task[LabeledText, LabelPrediction]):
    """One label for a text or a pair of texts.

    Paper: Table 1, Matthews correlation for CoLA and accuracy for the others.

    Args:
        name: the task's name in settings and records.
        metric: accuracy, and with two labels matthews or f1; with more, macro_f1.
        columns: layout of the files.
    """

    head = "sequence_classification"

    def __init__(self, name: str, metric: str, columns: ColumnSettings) -> None:
        super().__init__(name, metric)
        self.columns = columns
        self.labels = list(columns.label_names.values())

    def read(
        self, path: Path, *, attacked: bool = False, faults: list[ExampleError] | None = None
    ) -> list[LabeledText]:
        """Return the rows of a table; the authors' attacked file quotes fields as a CSV file does."""
        return read_glue(path, self.columns, unquote_fields=attacked, faults=faults)

    def write(self, path: Path, examples: Sequence[LabeledText]) -> None:
        """Write rows as a table that ``read`` reads back."""
        write_glue(path, examples, self.columns)

    def learn_labels(self, examples: Sequence[LabeledText]) -> None:
        """Take the labels of the training rows, unless ``columns.label_names`` lists them."""
        self.labels = list(self.columns.label_names.values()) or list(text_label_ids(examples))

    def check_labels(self, examples: Sequence[LabeledText], path: Path) -> None:
        """Raise DataError naming the first row with a label that the training rows lack."""
        check_labels(examples, self._label_ids)

    def encode(self, examples: Sequence[LabeledText], processor: Processor, max_length: int) -> Encoded:
        """Return one feature a row; texts that are too long are cut."""
        features, report = encode_pairs(examples, processor, self._label_ids, max_length)
        return Encoded(features, report=asdict(report))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[LabelPrediction]:
        """Return the most likely label of every row."""
        return decode_labels(logits, self.labels)

    def stored_logits(
        self, logits: Sequence[np.ndarray], encoded: Encoded, predictions: Sequence[LabelPrediction]
    ) -> list[np.ndarray]:
        """Return the logits of each row, (1, K)."""
        return [np.asarray(row)[None] for row in logits]

    def decide(self, scores: Sequence[np.ndarray]) -> list[LabelPrediction]:
        """Return the label with the highest score of every row."""
        return decode_labels([row[0] for row in scores], self.labels)

    def score(self, examples: Sequence[LabeledText], predictions: Sequence[LabelPrediction]) -> dict[str, float]:
        """Return accuracy, and f1 of the second label and matthews for two labels, macro_f1 for more."""
        gold, predicted = self._ids(examples, predictions)
        scores = {"accuracy": accuracy(gold, predicted)}
        if len(self.labels) == 2:
            return scores | {"f1": label_f1(gold, predicted), "matthews": matthews(gold, predicted)}
        return scores | {"macro_f1": label_f1(gold, predicted, average="macro")}

    def units(
        self, examples: Sequence[LabeledText], predictions: Sequence[LabelPrediction], metric: str | None = None
    ) -> np.ndarray:
        """Return counts of each row, for the statistic of the metric.

        For matthews true positive, false positive, false negative and true negative, (N, 4); for f1 the first
        three of these, (N, 3); else right answers and answers, (N, 2).
        """
        gold, predicted = (np.array(side) for side in self._ids(examples, predictions))
        if self.metric not in ("f1", "matthews"):
            return np.stack([gold == predicted, np.ones_like(gold)], axis=1).astype(np.int64)
        outcomes = [(1, 1), (0, 1), (1, 0), (0, 0)][: 4 if self.metric == "matthews" else 3]
        return np.stack(
            [(gold == gold_class) & (predicted == predicted_class) for gold_class, predicted_class in outcomes], axis=1
        ).astype(np.int64)

    def attack(
        self, examples: Sequence[LabeledText], noise: NoiseModel, seed: int
    ) -> tuple[list[LabeledText], list[list[EditRecord]]]:
        """Return the rows with noise in all their texts.

        Paper: Sec. 4.5; in the authors' QNLI set both question and sentence are attacked.
        The words of a row are numbered through, those of the second text after those of the first.
        """
        texts = [text for row in examples for text in (row.first, row.second or "")]
        spans = [split_words(text) for text in texts]
        words = [[text[start:end] for start, end in cut] for text, cut in zip(texts, spans, strict=True)]
        noised = attack_sentences(words, noise, seed)
        new_texts = [
            replace_words(text, cut, corruption.words)[0]
            for text, cut, corruption in zip(texts, spans, noised, strict=True)
        ]
        attacked, edits = [], []
        for number, row in enumerate(examples):
            first_at, second_at = 2 * number, 2 * number + 1
            second = None if row.second is None else new_texts[second_at]
            attacked.append(replace(row, first=new_texts[first_at], second=second))
            shifted = [
                edit._replace(word_index=edit.word_index + len(words[first_at])) for edit in noised[second_at].edits
            ]
            edits.append([*noised[first_at].edits, *shifted])
        return attacked, edits

    def check_aligned(self, clean: Sequence[LabeledText], attacked: Sequence[LabeledText], path: Path) -> None:
        """Raise DataError naming the first row whose id or label differs."""
        check_rows_aligned(clean, attacked, path)

    def describe(self, example: LabeledText, prediction: LabelPrediction) -> Mapping[str, Any]:
        """Return the texts, gold and predicted label, and how sure the model is of the latter."""
        second = {} if example.second is None else {"second": example.second}
        return {
            "first": example.first,
            **second,
            "gold": example.label,
            "predicted": prediction.label,
            "probability": prediction.probability,
        }

    def decisions(
        self, examples: Sequence[LabeledText], predictions: Sequence[LabelPrediction]
    ) -> tuple[list[str], list[str]]:
        """Return gold and predicted label of every row."""
        return [row.label for row in examples], [prediction.label for prediction in predictions]

    def mistakes(
        self,
        examples: Sequence[LabeledText],
        predictions: Sequence[LabelPrediction],
        originals: Sequence[LabeledText],
    ) -> list[dict[str, Any]]:
        """Return the rows with a wrong label, those the model is most sure of first, with their clean texts."""
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

    def pack(self, prediction: LabelPrediction) -> list[Any]:
        """Return label and probability."""
        return [prediction.label, prediction.probability]

    def unpack(self, packed: Any) -> LabelPrediction:
        """Return the prediction from label and probability."""
        return LabelPrediction(*packed)

    def texts(self, examples: Sequence[LabeledText]) -> list[str]:
        """Return what makes each row itself, to find duplicates."""
        return [f"{row.first}\n{row.second}" if row.second is not None else row.first for row in examples]

    def groups(self, examples: Sequence[LabeledText], articles: Sequence[Question] | None = None) -> list[int]:
        """Return the group of each row: rows with a text in common, or from the same article."""
        return group_pairs(examples, articles)

    def strata(self, examples: Sequence[LabeledText]) -> Sequence[Hashable]:
        """Return the label of each row, to balance parts by."""
        return [row.label for row in examples]

    @property
    def _label_ids(self) -> dict[str, int]:
        return {label: position for position, label in enumerate(self.labels)}

    def _ids(
        self, examples: Sequence[LabeledText], predictions: Sequence[LabelPrediction]
    ) -> tuple[list[int], list[int]]:
        ids = self._label_ids
        return [ids[row.label] for row in examples], [ids[prediction.label] for prediction in predictions]
