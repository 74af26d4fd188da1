"""Named random streams: independent generators for each purpose from one seed of a run.

A stream depends only on the seed and its names, so new noise never reshuffles the data, and the number of processes
never changes the draws.
"""

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed for the stream called ``names`` under ``seed``, the same on every machine."""
    text = "\x1f".join([str(seed), *(f"{type(name).__name__}:{name}" for name in names)])
    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1  # torch seeds are signed 64-bit


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a NumPy generator for the stream called ``names`` under ``seed``."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, *names)))
