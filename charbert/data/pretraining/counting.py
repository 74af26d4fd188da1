"""Counts items of a corpus that is read as a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

from charbert.data.pretraining.workers import map_in_order, progress_shown

Count = Callable[[Iterable[str]], Counter[str]]


def count_texts(
    batches: Iterable[Sequence[str]], count: Count, num_workers: int | None, *, what: str, total: int | None = None
) -> Counter[str]:
    """Return the counts over all texts, the same for any number of processes.

    Args:
        batches: texts; those of a few batches are in memory.
        count: counts over a batch, see `map_in_order`.
        num_workers: processes, see `map_in_order`.
        what: is counted, for the progress that is shown.
        total: number of texts, if it is known.

    Raises:
        TrainingError: if the operating system ended one of the processes.
    """
    counts: Counter[str] = Counter()
    with (
        closing(map_in_order(count, batches, num_workers)) as counted,
        progress_shown(f"counting {what}", total, " texts") as add,
    ):
        for texts, part in counted:
            counts.update(part)
            add(len(texts))
    return counts
