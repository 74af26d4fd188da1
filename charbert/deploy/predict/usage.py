"""How a fine-tuned model is to be used: what its weights and configuration do not say, in a file beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from charbert.config.training.trainer import TrainingSettings
from charbert.errors import CheckpointError
from charbert.files import write_atomically

USAGE_FILE = "charbert_usage.json"
USAGE_VERSION = 1

HEADS = {
    "CharBertForTokenClassification": "token_classification",
    "CharBertForSequenceClassification": "sequence_classification",
    "CharBertForQuestionAnswering": "question_answering",
}
"""Head of each class of model that fine-tuning saves."""


@dataclass(frozen=True)
class Usage:
    """What fine-tuning knew; a folder without the file gets these defaults, and the usual length of fine-tuning."""

    head: str
    """token_classification, sequence_classification or question_answering."""
    max_length: int
    """Most subwords of a window, special ones included: those of fine-tuning."""
    task: str = ""
    """Name of the task, for people."""
    pairs: bool | None = None
    """Whether a classifier reads pairs of texts; None: not known, both are taken."""
    corrected: bool = False
    """Whether a word recogniser stood in front of the model; its words are not in the folder."""
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

    def __post_init__(self) -> None:
        if self.head not in HEADS.values():
            raise CheckpointError(f"a model's head must be one of {', '.join(HEADS.values())}, got {self.head!r}")


def write_usage(folder: Path, usage: Usage) -> None:
    """Write the file into a model's folder."""
    write_atomically(folder / USAGE_FILE, json.dumps({"version": USAGE_VERSION, **asdict(usage)}, indent=2) + "\n")


def read_usage(folder: Path, config: Any) -> Usage:
    """Return what the folder's file says, or where there is none what the model's configuration does.

    Args:
        folder: of a fine-tuned model.
        config: its CharBertConfig.

    Raises:
        CheckpointError: if the file is damaged or of another version, or the model has no head of ours.
    """
    path = folder / USAGE_FILE
    if not path.exists():
        return _derive_usage(folder, config)
    expected = f"usage of version {USAGE_VERSION} with {', '.join(field.name for field in fields(Usage))}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("version") != USAGE_VERSION:
            raise ValueError("another version")
        return Usage(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: expected {expected}, got {error}; fine-tune the model again") from None


def _derive_usage(folder: Path, config: Any) -> Usage:
    architectures = list(config.architectures or ["none"])
    head = HEADS.get(architectures[0])
    if head is None:
        raise CheckpointError(
            f"{folder}: expected a model fine-tuned on a task ({', '.join(HEADS)}), got {architectures[0]}; "
            "fine-tune it first, as with experiments/table2_robustness.py"
        )
    return Usage(head=head, max_length=TrainingSettings().max_length)
