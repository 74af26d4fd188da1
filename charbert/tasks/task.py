"""The seam between a benchmark and the rest: read, encode, decode, score, attack."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from charbert.batch import Processor
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.squad import Question
from charbert.errors import SettingsError
from charbert.metrics.tagging import TypeScores, label_scores
from charbert.noise.edits import EditRecord, NoiseModel

Example = TypeVar("Example")
Prediction = TypeVar("Prediction")


@dataclass
class Encoded:
    """Examples as features, and what it takes to find the way back."""

    features: list[dict[str, Any]]
    """One mapping per model input; an example may give several (windows)."""
    origin: Any = None
    """What ``decode`` needs to put windows back together."""
    report: dict[str, int] = field(default_factory=dict)
    """Counts of what did not fit as it was, e.g. sentences cut into windows; written to the record."""


class Task(ABC, Generic[Example, Prediction]):
    """One benchmark. A subclass fits a kind of label; the files decide the rest.

    Args:
        name: the task's name in settings and records.
        metric: the key of ``score`` that selects checkpoints and stands in tables.
    """

    head: ClassVar[str]
    """Which head the model needs: token_classification, sequence_classification or question_answering."""
    decision_path: ClassVar[str] = ""
    """Where scores of single decisions stand below the task's own: ``token/`` or ``answerability/``; empty: beside."""

    def __init__(self, name: str, metric: str) -> None:
        self.name = name
        self.metric = metric
        self.labels: list[str] = []
        """Label names, in the order of the model's outputs; filled by ``learn_labels``."""

    @abstractmethod
    def read(self, path: Path, *, attacked: bool = False, faults: list[ExampleError] | None = None) -> list[Example]:
        """Return the examples of a file.

        Args:
            path: the file.
            attacked: whether it has the layout of the authors' attacked sets.
            faults: None: what is malformed is an error. A list: it is left out and added to the list.
        """

    @abstractmethod
    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """Write a file that ``read`` reads back."""

    @abstractmethod
    def learn_labels(self, examples: Sequence[Example]) -> None:
        """Take the label set from the training examples."""

    @abstractmethod
    def check_labels(self, examples: Sequence[Example], path: Path) -> None:
        """Raise DataError naming the first example of the file whose label ``learn_labels`` has not met."""

    @abstractmethod
    def encode(self, examples: Sequence[Example], processor: Processor, max_length: int) -> Encoded:
        """Return the features of the examples, labels included."""

    @abstractmethod
    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[Prediction]:
        """Return one prediction per example from one array of logits per feature."""

    @property
    def decision_labels(self) -> list[str]:
        """Return what each decision is between: the columns of ``stored_logits``; empty without decisions."""
        return self.labels

    @abstractmethod
    def stored_logits(
        self, logits: Sequence[np.ndarray], encoded: Encoded, predictions: Sequence[Prediction]
    ) -> list[np.ndarray] | None:
        """Return the logits of each example's decisions, (decisions, K); None where a task has no decisions.

        A decision that the model has no logits for is a row of NaN.
        """

    def decide(self, scores: Sequence[np.ndarray]) -> list[Prediction]:
        """Return the predictions that the scores of each example's decisions give.

        Raises:
            SettingsError: if a prediction is more than its decisions, as an answer is.
        """
        raise SettingsError(f"task={self.name}: predictions cannot be made from the scores of decisions")

    @abstractmethod
    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, float]:
        """Return the metrics, shares in [0, 1] unless a name says otherwise."""

    def averages(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, float]:
        """Return metrics that stand beside ``score`` in a record but are not needed during training."""
        return {}

    @property
    def tested_metrics(self) -> tuple[str, ...]:
        """Keys of ``score`` in which models are compared by a paired test; the metric alone unless a task says more."""
        return (self.metric,)

    @abstractmethod
    def units(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], metric: str | None = None
    ) -> np.ndarray:
        """Return what each example adds to one of the ``tested_metrics``, (N, K): the input of a paired test.

        Args:
            examples: clean or attacked.
            predictions: one an example.
            metric: None: the task's own.
        """

    @abstractmethod
    def attack(
        self, examples: Sequence[Example], noise: NoiseModel, seed: int
    ) -> tuple[list[Example], list[list[EditRecord]]]:
        """Return the examples with noised words and unchanged labels, and each example's edits."""

    def unattacked_texts(self, examples: Sequence[Example]) -> list[str]:
        """Return the texts that the attack leaves alone, each once; none unless a task says otherwise."""
        return []

    @abstractmethod
    def check_aligned(self, clean: Sequence[Example], attacked: Sequence[Example], path: Path) -> None:
        """Raise DataError naming the first difference when an attacked file does not belong to the clean one."""

    @abstractmethod
    def describe(self, example: Example, prediction: Prediction) -> Mapping[str, Any]:
        """Return gold and prediction in a form a person can read, for the predictions file."""

    @abstractmethod
    def decisions(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[list[str], list[str]]:
        """Return gold and predicted label of each decision (word, row or question); empty without classes."""

    @abstractmethod
    def mistakes(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], originals: Sequence[Example]
    ) -> list[dict[str, Any]]:
        """Return what is wrong, the worst first, all rows with the same keys.

        Args:
            examples: clean or attacked.
            predictions: one an example.
            originals: the clean example of each.
        """

    def class_scores(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Mapping[str, TypeScores]:
        """Return the scores of each class."""
        return label_scores(*self.decisions(examples, predictions))

    @abstractmethod
    def texts(self, examples: Sequence[Example]) -> list[str]:
        """Return what makes each example itself, to find duplicates."""

    @abstractmethod
    def groups(self, examples: Sequence[Example], articles: Sequence[Question] | None = None) -> Sequence[Hashable]:
        """Return the article or document of each example; ``articles`` helps where the file has lost them."""

    @abstractmethod
    def strata(self, examples: Sequence[Example]) -> Sequence[Hashable] | None:
        """Return what should occur alike in all parts of a split, None if nothing."""

    def pack(self, prediction: Prediction) -> Any:
        """Return a prediction as JSON has it; ``unpack`` is the way back."""
        return prediction

    def unpack(self, packed: Any) -> Prediction:
        """Return the prediction that ``pack`` packed."""
        return packed
