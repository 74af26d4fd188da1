"""What the tests need from the environment they set themselves: the shell's settings change nothing."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).parents[1]

NEW_PROCESS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tests import conftest
import torch
print(torch.get_num_threads(), os.environ["HF_HUB_OFFLINE"], [name for name in os.environ if name.startswith("WANDB_")])
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["", "1", "4"])
def test_the_shell_changes_neither_threads_nor_tracking(
    run_python: Callable[..., CompletedProcess[str]], threads: str
) -> None:
    shell = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "HF_HUB_OFFLINE": "0", "WANDB_MODE": "online"}
    assert run_python("-c", NEW_PROCESS, str(ROOT), **shell).stdout == "1 1 []\n"


def test_ci_sets_no_variable_that_the_command_of_the_readme_has_not() -> None:
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if not line.startswith("#")]
    assert "make check" in commands
    assert not [line for line in commands if "export " in line or "_NUM_THREADS" in line or "HF_HUB" in line]


class Products(Dataset[Tensor]):
    """Sums of products, each large enough for several threads."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Tensor:
        return (torch.full((300, 300), float(index)) @ torch.ones(300, 300)).exp_().clamp_(max=1).sum()


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="only there are a loader's processes copies of this one")
def test_a_loaders_process_computes_though_the_threads_of_this_one_are_not_in_it() -> None:
    before, running = torch.get_num_threads(), len(os.listdir("/proc/self/task"))
    torch.set_num_threads(running + 4)
    try:
        torch.rand(1000, 1000).matmul(torch.rand(1000, 1000)).exp_()
        assert len(os.listdir("/proc/self/task")) > running  # OpenMP's, which a copy of this process has not
        found = [batch.item() for batch in DataLoader(Products(), num_workers=2, batch_size=None)]
    finally:
        torch.set_num_threads(before)
    assert found == [90000.0] * 4
