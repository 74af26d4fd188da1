"""The logits of a model's decisions, stored beside its predictions for calibration and ensembles.

A decision is a sequence's label, a word's tag, or whether a question has an answer.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from charbert.errors import RecordError
from charbert.files import write_atomically

SUFFIX = ".scores.npz"
"""Of the file beside ``NAME.jsonl``."""


@dataclass(frozen=True)
class StoredLogits:
    """The logits of D decisions between K labels, and the right label of each."""

    logits: np.ndarray
    """(D, K) float32; a row of NaN for a decision without input, such as a word without a subword."""
    gold: np.ndarray
    """Right labels, (D,)."""
    labels: tuple[str, ...]
    """Names of the columns, (K)."""
    lengths: np.ndarray
    """Number of decisions of each example, (N,)."""

    def __post_init__(self) -> None:
        decisions, labels = self.logits.shape
        if len(self.gold) != decisions or self.lengths.sum() != decisions or len(self.labels) != labels:
            raise RecordError(
                f"expected {decisions} decisions between {labels} labels, got {len(self.gold)} right answers, examples "
                f"with {self.lengths.sum()} decisions and {len(self.labels)} labels"
            )

    @classmethod
    def of_examples(cls, rows: Sequence[np.ndarray], gold: Sequence[int] | np.ndarray, labels: Sequence[str]) -> Self:
        """Return the stored logits of examples, each with logits (decisions, K)."""
        return cls(
            np.concatenate([np.asarray(row, dtype=np.float32) for row in rows]),
            np.asarray(gold, dtype=np.int32),
            tuple(labels),
            np.array([len(row) for row in rows], dtype=np.int32),
        )

    @property
    def examples(self) -> list[np.ndarray]:
        """The logits of each example, (decisions, K)."""
        return np.split(self.logits, np.cumsum(self.lengths)[:-1])

    @property
    def seen(self) -> Self:
        """The decisions with logits, each as one example."""
        kept = ~np.isnan(self.logits).any(axis=1)
        ones = np.ones(int(kept.sum()), dtype=np.int32)
        return type(self)(self.logits[kept], self.gold[kept], self.labels, ones)


def write_scores(path: Path, scores: StoredLogits) -> None:
    """Write logits as a compressed NumPy archive, atomically.

    Raises:
        RecordError: if it cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        logits=scores.logits.astype(np.float32),
        gold=scores.gold,
        labels=np.array(scores.labels, dtype=np.str_),
        lengths=scores.lengths,
    )
    write_atomically(path, buffer.getvalue())


def read_scores(path: Path) -> StoredLogits | None:
    """Return the logits that `write_scores` wrote, None where there is no such file, as for older runs.

    Raises:
        RecordError: if the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            logits, gold, labels, lengths = (archive[name] for name in ("logits", "gold", "labels", "lengths"))
        return StoredLogits(logits, gold, tuple(map(str, labels)), lengths)
    except Exception as error:  # a damaged archive can raise any error
        raise RecordError(f"{path}: expected stored scores, got {error}; delete the file and run again") from error


def joined(parts: Sequence[StoredLogits]) -> StoredLogits:
    """Return the decisions of several sets, concatenated.

    Raises:
        RecordError: if their labels differ.
    """
    if len({part.labels for part in parts}) != 1:
        raise RecordError(f"expected scores between the same labels, got {sorted({part.labels for part in parts})}")
    logits, gold, lengths = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "gold", "lengths")
    )
    return StoredLogits(logits, gold, parts[0].labels, lengths)
