"""Which words of a task's examples an attack sees; the task alone knows, so its own attack is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from charbert.noise.edits import Corruption
from charbert.tasks.task import Task


class _Collector:
    """Changes nothing and remembers the sentences it was shown."""

    def __init__(self) -> None:
        self.sentences: list[list[str]] = []

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        self.sentences.append(list(words))
        return Corruption(list(words), [])


def attackable_sentences(task: Task[Any, Any], examples: Sequence[Any]) -> list[list[str]]:
    """Return the words that an attack on the examples would see, one list for each sentence of them."""
    collector = _Collector()
    task.attack(examples, collector, 0)
    return collector.sentences
