"""What a kind of task is to the rest of the code: reading, encoding, decoding, scoring, and the adapters it exposes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from charbert.batch import Processor
from charbert.config.data.sets import TaskSettings
from charbert.config.model.classical import BaselineSettings
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.lines import suffix_of
from charbert.data.readers.squad import Question
from charbert.data.readers.tables import RECORD_SUFFIXES
from charbert.errors import SettingsError
from charbert.metrics.tagging import TypeScores, label_scores
from charbert.noise.attack import attack_sentences
from charbert.noise.edits import EditRecord, NoiseModel
from charbert.preparation.adapter import ExampleAdapter
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Head

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

Example = TypeVar("Example")
Prediction = TypeVar("Prediction")


ExampleErrors = list[ExampleError] | None
"""Where ``Task.read`` adds malformed examples; None: it raises."""

Baseline = Callable[[Sequence[Any]], tuple[list[Any], list[np.ndarray] | None]]
"""Maps examples to predictions and the scores of their decisions, as ``Task.stored_logits`` has them."""


class Task(ABC, Generic[Example, Prediction]):
    """One benchmark. A subclass implements one kind of task; `charbert.tasks.catalog` registers it.

    Args:
        metric: the key of ``score`` that selects checkpoints and is shown in tables.
    """

    head: ClassVar[Head]
    """The head that the model needs, and how others use a model with it."""
    decision_path: ClassVar[str] = ""
    """Path below the task's own of scores of single decisions: ``token/`` or ``answerability/``; empty: the same."""
    labels_words: ClassVar[bool] = False
    """Whether labels belong to words, so that noise may not split or join them."""
    suffix: ClassVar[str]
    """Of the files that ``write`` and ``write_hub`` write."""
    adapter: ExampleAdapter[Example]
    """How single examples are read and changed: their texts, labels and words."""

    def __init__(self, name: str, metric: str) -> None:
        self.name = name
        self.metric = metric
        self.labels: list[str] = []
        """Label names, in the order of the model's outputs; filled by ``learn_labels``."""
        self.label_names: Mapping[str, str] = {}
        """Labels as files write them, and their names; empty where files write the names."""
        self.file_reports: dict[Path, dict[str, Any]] = {}
        """What was converted or unusual in the files that were read, for the record; filled by ``read``."""

    @classmethod
    def from_settings(cls, settings: TaskSettings) -> Task[Example, Prediction]:
        """Return the task that the settings describe."""
        return cls(settings.name, settings.metric)

    @property
    def label_ids(self) -> dict[str, int]:
        """Return the id of each label."""
        return {label: position for position, label in enumerate(self.labels)}

    # Files

    @abstractmethod
    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[Example]:
        """Return the examples of a file.

        Args:
            attacked: whether it has the layout of the authors' attacked sets.
            errors: None: a malformed example raises. A list: it is left out and its error added to the list.
        """

    @abstractmethod
    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """Write a file that ``read`` reads back."""

    def copy_name(self, source: Path) -> str:
        """Return the name under which ``write`` writes examples of a file: its own, unless it has another form."""
        return f"{source.stem}{self.suffix}" if suffix_of(source) in (*RECORD_SUFFIXES, ".csv") else source.name

    @abstractmethod
    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the rows of a split on the hub as a file that ``read`` reads."""

    @abstractmethod
    def check_aligned(self, clean: Sequence[Example], attacked: Sequence[Example], path: Path) -> None:
        """Raise DataError naming the first difference when an attacked file does not belong to the clean one."""

    # Features and predictions

    @abstractmethod
    def learn_labels(self, examples: Sequence[Example]) -> None:
        """Take the label set from the training examples, and check that the metric is one for such labels."""

    def check_metric(self, known: Sequence[str]) -> None:
        """Check that the metric is one of the keys of ``score``, before a model is trained for it.

        Raises:
            SettingsError: if it is not.
        """
        if self.metric not in known:
            raise SettingsError(
                f"task.metric must be one of {', '.join(known)} for task={self.name} with {len(self.labels)} labels, "
                f"got {self.metric!r}"
            )

    def word_rule(self, examples: Sequence[Example]) -> dict[str, Any] | None:
        """Return how raw text is cut into words like those of the training examples; None where examples are texts."""
        return None

    @abstractmethod
    def check_labels(self, examples: Sequence[Example], path: Path) -> None:
        """Raise DataError naming the first example of the file whose label the training examples lack."""

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
    def fit_baseline(self, examples: Sequence[Example], settings: BaselineSettings, seed: int) -> Baseline:
        """Return a baseline without a trunk, fitted on training examples.

        Raises:
            DataError: if no n-gram is frequent enough.
        """

    def label_baseline(self, score: Callable[[Sequence[Any]], list[np.ndarray]]) -> Baseline:
        """Return the baseline that decides by a fitted model's scores of labels, (decisions, K) for each example."""

        def predict(examples: Sequence[Any]) -> tuple[list[Any], list[np.ndarray]]:
            scores = score(examples)
            return self.decide(scores), scores

        return predict

    def pack(self, prediction: Prediction) -> Any:
        """Return a prediction as JSON has it; ``unpack`` is the way back."""
        return prediction

    def unpack(self, packed: Any) -> Prediction:
        """Return the prediction that ``pack`` packed."""
        return packed

    # Scores

    @abstractmethod
    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, float]:
        """Return the metrics, shares in [0, 1] unless a name says otherwise."""

    def averages(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, float]:
        """Return further metrics for the record that are not needed during training."""
        return {}

    @property
    def tested_metrics(self) -> tuple[str, ...]:
        """Keys of ``score`` in which models are compared by a paired test."""
        return (self.metric,)

    @abstractmethod
    def units(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], metric: str | None = None
    ) -> np.ndarray:
        """Return what each example adds to one of the ``tested_metrics``, (N, K): the input of a paired test.

        Args:
            predictions: one an example.
            metric: None: the task's own.
        """

    @abstractmethod
    def example_scores(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], logits: Sequence[np.ndarray] | None
    ) -> np.ndarray:
        """Return how well each example is solved, alone, (N, 2): its score in [0, 1], and confidence in what is right.

        The confidence is comparable between copies of one example only.

        Args:
            examples: clean or attacked, copies of one example among them.
            predictions: one an example.
            logits: what ``stored_logits`` returned.
        """

    @abstractmethod
    def describe(self, example: Example, prediction: Prediction) -> Mapping[str, Any]:
        """Return gold and prediction in a form a person can read, for the predictions file."""

    @abstractmethod
    def decisions(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[list[str], list[str]]:
        """Return gold and predicted label of each decision (word, row or question); empty without classes."""

    def class_scores(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Mapping[str, TypeScores]:
        """Return the scores of each class."""
        return label_scores(*self.decisions(examples, predictions))

    @abstractmethod
    def mistakes(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], originals: Sequence[Example]
    ) -> list[dict[str, Any]]:
        """Return the wrong predictions, the worst first, all rows with the same keys.

        Args:
            predictions: one an example.
            originals: the clean example of each.
        """

    # What examples have in common

    @abstractmethod
    def groups(self, examples: Sequence[Example], articles: Sequence[Question] | None = None) -> Sequence[Hashable]:
        """Return the article or document of each example; ``articles`` helps where the file has lost them."""

    def strata(self, examples: Sequence[Example]) -> Sequence[Hashable] | None:
        """Return what should be equally frequent in all parts of a split, None if nothing."""
        return None

    def texts(self, examples: Sequence[Example]) -> list[str]:
        """Return the texts of each example as one, to find duplicates."""
        return ["\n".join(self.adapter.texts(example)) for example in examples]

    # Noise

    def sentences(self, examples: Iterable[Example]) -> list[list[str]]:
        """Return the words that an attack or a corrector may change, one list for each sentence of the examples."""
        return [sentence for example in examples for sentence in self.adapter.sentences(example)]

    def with_sentences(self, examples: Sequence[Example], sentences: Iterable[Sequence[str]]) -> list[Example]:
        """Return the examples with other words in the places of ``sentences``, and unchanged labels."""
        words = iter(sentences)
        return [
            self.adapter.with_sentences(example, [next(words) for _ in self.adapter.sentences(example)])
            for example in examples
        ]

    def attack(
        self, examples: Sequence[Example], noise: NoiseModel, seed: int
    ) -> tuple[list[Example], list[list[EditRecord]]]:
        """Return the examples with noised words and unchanged labels, and each example's edits.

        Paper: Sec. 4.5.
        Words of an example are counted over all its sentences, those of the second after those of the first.
        """
        sentences = [self.adapter.sentences(example) for example in examples]
        noised = attack_sentences([words for own in sentences for words in own], noise, seed)
        rest = iter(noised)
        edits: list[list[EditRecord]] = []
        for own in sentences:
            edits.append([])
            for start, corruption in zip(accumulate(map(len, own), initial=0), islice(rest, len(own)), strict=False):
                edits[-1] += [edit._replace(word_index=start + edit.word_index) for edit in corruption.edits]
        return self.with_sentences(examples, [corruption.words for corruption in noised]), edits

    def unattacked_texts(self, examples: Sequence[Example]) -> list[str]:
        """Return the texts that the attack leaves alone, each once."""
        return []
