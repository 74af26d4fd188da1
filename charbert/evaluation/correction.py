"""A corrector in front of any task (BERT+WordRec, Sec. 4.5).

A corrector changes the same words as an attack: tags stay with their words, and in question answering only the
questions change. So both use ``Task.attack``, and tasks need no code for correctors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from charbert.model.word_recognizer.correction import WordCorrector
from charbert.noise.edits import Corruption
from charbert.tasks.attackable import attackable_sentences
from charbert.tasks.task import Task


class _Replacement:
    """Replaces each sentence by its corrected words, without edit records."""

    def __init__(self, prepared: dict[tuple[str, ...], list[str]]) -> None:
        self._prepared = prepared

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        return Corruption(list(self._prepared[tuple(words)]), [])


def correct_examples(task: Task[Any, Any], examples: Sequence[Any], corrector: WordCorrector | None) -> list[Any]:
    """Return the examples with corrected words and unchanged labels.

    Sentences are corrected in large batches, equal ones once. Without a corrector the examples are returned unchanged.
    """
    if corrector is None:
        return list(examples)
    sentences = list({tuple(words): None for words in attackable_sentences(task, examples)})
    prepared = dict(zip(sentences, corrector.correct_many(sentences), strict=True))
    corrected, _ = task.attack(examples, _Replacement(prepared), 0)
    return corrected
