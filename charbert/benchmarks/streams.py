"""Throughput of the data pipeline in subwords per second, and of attacks in words per second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from charbert.noise.edits import NoiseModel
from charbert.seeding import numpy_generator

if TYPE_CHECKING:
    from torch.utils.data import DataLoader, Dataset

BATCH_SIZE = 32
MEASURABLE_SECONDS = 0.1
"""Shortest processor time that is divided by; the clock of some machines advances in hundredths of a second."""


def subwords_per_second(
    dataset: Dataset[dict[str, Any]], collate: Callable[..., Any], workers: int, repetitions: int
) -> float:
    """Return the subwords per second of a data loader, without padding, after its processes have started.

    Args:
        dataset: a `charbert.data.pretraining.batches.PretrainingDataset`.
        workers: processes that prepare batches; 0: this one.
        repetitions: passes over the dataset, of which the median is returned.
    """
    from torch.utils.data import DataLoader  # noise alone needs no torch

    loader = DataLoader(dataset, BATCH_SIZE, num_workers=workers, collate_fn=collate, persistent_workers=workers > 0)
    return statistics.median(_pass_rate(loader, ahead=2 * workers + 1) for _ in range(repetitions))


def _pass_rate(loader: DataLoader[dict[str, Any]], ahead: int) -> float:
    """Return the rate of one pass, without the batches that were prefetched before the measurement."""
    uncounted = max(0, min(ahead, len(loader) - 2))
    begin, subwords = time.perf_counter(), 0
    for number, batch in enumerate(loader, start=1):
        if number == uncounted:
            begin = time.perf_counter()
        elif number > uncounted:
            subwords += int(batch["attention_mask"].sum())
    return subwords / (time.perf_counter() - begin)


def attacked_words_per_second(attack: NoiseModel, sentences: Sequence[Sequence[str]], repetitions: int) -> float:
    """Return the words per second of processor time of an attack, sentence by sentence; the median over repetitions.

    A repetition is as many passes as ``MEASURABLE_SECONDS`` take.
    """
    words, rates = sum(map(len, sentences)), []
    for repetition in range(repetitions):
        rng = numpy_generator(repetition, "bench")
        begin, seconds, passes = time.process_time(), 0.0, 0
        while seconds < MEASURABLE_SECONDS:
            for sentence in sentences:
                attack.corrupt(sentence, rng)
            seconds, passes = time.process_time() - begin, passes + 1
        rates.append(passes * words / seconds)
    return statistics.median(rates)
