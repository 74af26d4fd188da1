"""The number format of a computation: the one that is set, or the one that the hardware is fast in."""

import logging
import time
from functools import cache

import torch

from charbert.config.training.trainer import Precision

log = logging.getLogger(__name__)

_SIDE = 512
"""Of the square matrices whose product is timed."""


def chosen_precision(wanted: Precision) -> Precision:
    """Return bf16 or fp32: what is set, or for auto what the device is fast in.

    A precision that is set against the hardware is logged, once in a process, with what it costs on one product.
    """
    fast = Precision.bf16 if has_bf16() else Precision.fp32
    if wanted is Precision.auto:
        return fast
    if wanted is not fast:
        _report_forced(wanted)
    return wanted


@cache
def has_bf16() -> bool:
    """Return whether the training device has units for bfloat16.

    GPUs have from compute capability 8.0 on, CPUs with AMX or AVX512-BF16. Elsewhere PyTorch computes bfloat16 as well,
    but many times slower than float32.
    """
    if torch.cuda.is_available():
        return torch.cuda.get_device_capability() >= (8, 0)
    if torch.accelerator.is_available():
        return False
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def bf16_slowdown() -> float:
    """Return the time of one product in bfloat16 divided by that in float32, measured."""
    return _seconds(torch.bfloat16) / _seconds(torch.float32)


@cache
def _report_forced(wanted: Precision) -> None:
    if wanted is Precision.bf16:
        log.warning(
            "precision=bf16 is set, but this machine has no units for bfloat16: a product of two matrices takes %.1f "
            "times as long as in float32. precision=auto chooses fp32 here",
            bf16_slowdown(),
        )
    else:
        log.info(
            "precision=fp32 is set: a product of two matrices takes %.1f times as long as in bfloat16, which "
            "precision=auto chooses here",
            1 / bf16_slowdown(),
        )


def _seconds(dtype: torch.dtype) -> float:
    """Return the shortest of a few times of one product, after a first one that is not timed."""
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    matrix = torch.ones(_SIDE, _SIDE, dtype=dtype, device=device)
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        (matrix @ matrix)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:])
