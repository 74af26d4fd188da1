"""Measures the size of a model on disk, plain and compressed, and its time per example."""

import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

WEIGHT_FILES = ("*.safetensors", "*.onnx", "*.onnx.data")
_CHUNK = 1 << 20
_LEVEL = 6
"""Of zlib, the default of gzip and zip."""


@dataclass(frozen=True)
class Timing:
    """Medians over batches of the time of a batch divided by its examples, in milliseconds."""

    wall: float
    """Wall time, which other programs on the machine can lengthen."""
    cpu: float
    """CPU time of this process, summed over its threads."""


def stored_bytes(folder: Path) -> tuple[int, int]:
    """Return the size of a model's weight files in bytes, and their size compressed with gzip."""
    stored = compressed = 0
    for path in sorted(file for pattern in WEIGHT_FILES for file in folder.rglob(pattern)):
        packer = zlib.compressobj(_LEVEL)
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                stored += len(chunk)
                compressed += len(packer.compress(chunk))
        compressed += len(packer.flush())
    return stored, compressed


def time_per_example(
    run: Callable[[Any], object],
    features: Sequence[Mapping[str, Any]],
    collate: Callable[[Sequence[Mapping[str, Any]]], Any],
    batch_size: int,
) -> Timing:
    """Return the time per example in batches of a size, without encoding the text.

    Args:
        run: maps a batch to logits; called once before timing starts.
        features: of the timed examples, in order; the last batch may be smaller.
    """
    parts = [features[start : start + batch_size] for start in range(0, len(features), batch_size)]
    batches = [(collate(part), len(part)) for part in parts]
    run(batches[0][0])
    wall, cpu = [], []
    for batch, size in batches:
        start, cpu_start = time.perf_counter(), time.process_time()
        run(batch)
        wall.append(1000 * (time.perf_counter() - start) / size)
        cpu.append(1000 * (time.process_time() - cpu_start) / size)
    return Timing(statistics.median(wall), statistics.median(cpu))


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Set the number of PyTorch threads within the context."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
