"""How near two computations of the same values must come, on any CPU.

Kernels differ between CPUs and between shapes in the order of their sums, and each order rounds otherwise. The
difference grows with the spacing of numbers of that type (epsilon), with the size of the values, and with the number of
roundings on the way to them; so does the tolerance here. Where a result must be the same to the last bit, compare with
``torch.equal``.
"""

from typing import Any

import numpy as np
import torch

ROUNDINGS = 100
"""Roundings that may add up on the way to a value, in the small models of the tests (16 features, 2 layers)."""


def tolerance(size: float = 1.0, dtype: torch.dtype = torch.float32, roundings: int = ROUNDINGS) -> float:
    """Return the largest difference of two computations of values up to ``size``, as ``pytest.approx(..., abs=)``."""
    return roundings * torch.finfo(dtype).eps * size


def assert_near(actual: Any, expected: Any, roundings: int = ROUNDINGS, msg: str | None = None) -> None:
    """Assert that two tensors or arrays of one type differ by rounding alone, as seen from their largest value."""
    actual, expected = (torch.from_numpy(one) if isinstance(one, np.ndarray) else one for one in (actual, expected))
    size = float(expected.detach().abs().max()) if expected.numel() else 0.0
    torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance(size, expected.dtype, roundings), msg=msg)
