"""A corrector in front of any task (BERT+WordRec, Sec. 4.5; a spelling dictionary).

A corrector changes the words that an attack may change (``Task.sentences``): tags stay with their words, and of
question answering only the questions change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from charbert.tasks.task import Task
from charbert.text.repair.repaired import Corrector


def correct_examples(task: Task[Any, Any], examples: Sequence[Any], corrector: Corrector | None) -> list[Any]:
    """Return the examples with corrected words and unchanged labels.

    Sentences are corrected in large batches, equal ones once. Without a corrector the examples are returned unchanged.
    """
    if corrector is None:
        return list(examples)
    sentences = [tuple(words) for words in task.sentences(examples)]
    different = list(dict.fromkeys(sentences))
    corrected = dict(zip(different, corrector.correct_many(different), strict=True))
    return task.with_sentences(examples, [corrected[words] for words in sentences])
