"""What a kind of task needs of a model, and how to use a fine-tuned one on raw text without its task."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.tasks.encoded import Encoded
from charbert.text.repair.correction import correct_texts
from charbert.text.repair.repaired import Corrector

OVERLAP = 0.25
"""Share of a window's subwords that it has in common with the next window of the same text."""


@dataclass(frozen=True)
class Usage:
    """What fine-tuning knew about using its model; a folder without the file gets these defaults."""

    head: str
    """token_classification, sequence_classification or question_answering."""
    max_length: int
    """Most subwords of a window, special ones included: those of fine-tuning."""
    task: str = ""
    """Name of the task, for people."""
    pairs: bool | None = None
    """Whether a classifier reads pairs of texts; None: not known, both are taken."""
    corrected: bool = False
    """Whether a word recognizer or a spelling dictionary stood in front of the model."""
    no_answers: bool = False
    """Whether a question may have no answer, as in SQuAD 2.0."""
    no_answer_threshold: float = 0.0
    """No answer is given where it scores higher than the best one by more than this, in logits: the best threshold
    of the development set."""
    document_stride: int = 128
    """Subwords from the start of one window of a long context to the start of the next."""
    n_best: int = 20
    """Answers that share the probability, with no answer where there may be none."""
    max_answer_length: int = 30
    """Most subwords of an answer."""
    max_question_length: int = 64
    """Most subwords of a question that the model sees."""
    words: dict[str, Any] | None = None
    """How raw text is cut into the words of the training file, see `charbert.text.word_rule.WordRule.to_dict`; None: as
    `charbert.text.words.split_words` does."""


@dataclass(frozen=True)
class Input:
    """What a user asks of a model."""


@dataclass(frozen=True)
class TextInput(Input):
    """A text to tag, or one or two texts to classify."""

    text: str
    text_pair: str | None = None
    place: str = field(default="", compare=False)
    """File and line, for errors."""
    words: tuple[str, ...] | None = None
    """Of a text to tag, where they are given; the text is these with a space between them."""


@dataclass(frozen=True)
class Output(ABC):
    """What a model predicts for one input."""

    @abstractmethod
    def readable(self, given: Mapping[str, Any]) -> str:
        """Return the prediction with the fields of its input in a form for people."""


class Reader(ABC):
    """Encodes the inputs of a head and decodes its logits.

    Args:
        labels: of the model, in the order of its outputs; none for answers.
        usage: lengths of windows, and thresholds.
        corrector: corrects the words that the model reads, None: nothing is corrected. Outputs keep the given text.
    """

    def __init__(
        self, processor: Processor, labels: Sequence[str], usage: Usage, corrector: Corrector | None = None
    ) -> None:
        self.processor = processor
        self.labels = list(labels)
        self.usage = usage
        self.corrector = corrector

    def corrected(self, texts: Sequence[str]) -> list[str]:
        """Return the texts as the model reads them."""
        return list(texts) if self.corrector is None else correct_texts(texts, self.corrector)

    def check(self, inputs: Sequence[Any]) -> None:  # noqa: B027 (most readers refuse none)
        """Raise a DataError naming the first input that `encode` would refuse; by default it refuses none."""

    @abstractmethod
    def encode(self, inputs: Sequence[Any]) -> Encoded:
        """Return the features of the inputs; a long text gives several."""

    @abstractmethod
    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> Sequence[Output]:
        """Return one output an input, from one array of logits per feature."""


@dataclass(frozen=True)
class Head:
    """One kind of head, and everything that depends on it."""

    name: str
    """token_classification, sequence_classification or question_answering: in settings, records and usage files."""
    architecture: str
    """What follows ``CharBertFor`` and ``AutoModelFor`` in the names of the model classes."""
    fields: Mapping[str, bool]
    """Fields of an input, and whether each is required."""
    input: Callable[..., Input]
    """Makes an input from these fields and its ``place``."""
    output: type[Output]
    reader: Callable[[Processor, Sequence[str], Usage, Corrector | None], Reader]
    aligner: Callable[..., Any]
    """The kind's `charbert.tasks.aligned_examples.ExampleAligner`, which pairs positions of a feature with those of its
    other forms; untyped, since that module needs this one."""
    has_labels: bool = True
    """Whether the outputs of a model are labels."""
    words_output: type[Output] | None = None
    """Output for an input that is a list of words, in the field ``words`` in place of a text; None: words are not
    taken."""

    @property
    def model_class(self) -> str:
        """Name of CharBERT's class with this head, in `charbert.model`."""
        return f"CharBertFor{self.architecture}"

    @property
    def auto_class(self) -> str:
        """Name of the class in ``transformers`` that loads any model with this head."""
        return f"AutoModelFor{self.architecture}"


def one_line(text: str) -> str:
    """Return the text with single spaces in place of line breaks and other white space."""
    return " ".join(text.split())
