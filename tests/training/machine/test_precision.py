"""auto is bf16 where the hardware has it; a precision against the hardware is reported with its cost."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from charbert.config.training.trainer import Precision, TrainingSettings
from charbert.training.arguments import build_arguments
from charbert.training.machine import precision
from charbert.training.machine.precision import chosen_precision, has_bf16


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    for cached in (has_bf16, precision._report_forced):
        cached.cache_clear()
    yield
    for cached in (has_bf16, precision._report_forced):
        cached.cache_clear()


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A machine without an accelerator whose CPU has the given units."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(request.param, True))


@pytest.mark.parametrize(
    ("cpu", "chosen"),
    [
        (("avx2",), Precision.fp32),
        (("avx2", "avx512_f"), Precision.fp32),
        (("avx2", "avx512_bf16"), Precision.bf16),
        (("avx2", "amx_bf16", "amx_tile"), Precision.bf16),
        (("neon",), Precision.fp32),
    ],
    indirect=["cpu"],
)
def test_auto_asks_the_cpu(cpu: None, chosen: Precision, tmp_path: Path) -> None:
    assert chosen_precision(Precision.auto) is chosen
    if torch.cpu.get_capabilities().get("avx2"):  # the library refuses bf16 only where the machine has none at all
        assert build_arguments(TrainingSettings(), tmp_path, 1, 8).bf16 is (chosen is Precision.bf16)


@pytest.mark.parametrize(
    ("capability", "chosen"), [((7, 5), Precision.fp32), ((8, 0), Precision.bf16), ((9, 0), Precision.bf16)]
)
def test_auto_asks_the_gpu(capability: tuple[int, int], chosen: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert chosen_precision(Precision.auto) is chosen


@pytest.mark.parametrize("cpu", [("avx2",)], indirect=True)
def test_bf16_against_the_hardware_warns_once_with_the_measured_factor(
    cpu: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = {torch.bfloat16: 0.22, torch.float32: 0.01}
    monkeypatch.setattr(precision, "_seconds", seconds.__getitem__)
    assert chosen_precision(Precision.bf16) is chosen_precision(Precision.bf16) is Precision.bf16
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "takes 22.0 times as long as in float32" in record.getMessage()
    assert chosen_precision(Precision.fp32) is Precision.fp32
    assert len(caplog.records) == 1  # fp32 is what auto chooses


@pytest.mark.parametrize("cpu", [("avx512_bf16",)], indirect=True)
def test_fp32_where_bf16_is_faster_is_no_warning(
    cpu: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(precision, "_seconds", {torch.bfloat16: 0.01, torch.float32: 0.03}.__getitem__)
    with caplog.at_level(logging.INFO):
        assert chosen_precision(Precision.fp32) is Precision.fp32
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "takes 3.0 times as long as in bfloat16" in record.getMessage()


def test_the_factor_is_measured() -> None:
    assert 0.01 < precision.bf16_slowdown() < 1000
