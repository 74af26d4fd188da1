import subprocess
import sys

import pytest

STEPS = """
import resource, sys, torch
from charbert.training.machine.memory import keep_freed_memory
if "keep" in sys.argv:
    assert keep_freed_memory()
step = lambda: torch.zeros(2**24).add(1).mul(2).sum()
for _ in range(10):  # until the heap is as large as it gets
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_fetched(*arguments: str) -> int:
    run = subprocess.run([sys.executable, "-c", STEPS, *arguments], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.slow
def test_a_step_takes_the_memory_that_the_last_one_freed() -> None:
    # Where the heap begins is drawn anew for each process, so that now and then one block more is fetched.
    assert pages_fetched("keep") * 3 < pages_fetched()
