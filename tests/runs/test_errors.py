"""Errors of an entry point that users can do something about: one line instead of a stack trace."""

import multiprocessing

import pytest
from submitit.core.utils import UncompletedJobError

from charbert.errors import TrainingError
from charbert.runs import errors
from charbert.runs.errors import interruptible, reported
from charbert.training.stopping import Stopped

NO_MEMORY = [
    MemoryError(),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the documentation"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
    OSError(12, "Cannot allocate memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
]


def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", NO_MEMORY, ids=["python", "gpu", "cpu", "system", "cublas", "cudnn"])
def test_memory_that_ran_out_is_one_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        reported(fail)(error)
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("error: memory ran out (") and "eval_batch_size" in line


def test_a_job_of_a_cluster_without_a_result_is_one_line_with_the_end_of_its_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = "Error stream produced:\n-----\nerror: ner/train.txt:3: expected 4 columns\n"
    error = UncompletedJobError(f"Job 7 (task: 0) with path 7_0_result.pkl\nhas not produced any output\n{log}")
    with pytest.raises(SystemExit) as ended:
        reported(fail)(error)
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("error: Job 7 ") and line.endswith("job's log: error: ner/train.txt:3: expected 4 columns")


def test_memory_that_ran_out_in_a_run_does_not_end_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "in_sweep", lambda: True)
    with pytest.raises(TrainingError, match="memory ran out") as failed:
        reported(fail)(NO_MEMORY[1])
    assert failed.value.__cause__ is None and failed.value.__context__ is None, "frames would hold the memory"


def test_a_process_of_joblib_does_not_name_its_own_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "name", "LokyProcess-1")
    monkeypatch.setattr(errors, "watch_parent", lambda stop: lambda: False)

    def main() -> None:
        raise Stopped

    with pytest.raises(SystemExit) as ended:
        interruptible(main)()
    assert ended.value.code == 143
    assert capsys.readouterr().err == "terminated: finished runs are kept. To continue: the same command\n"


def test_other_errors_keep_their_stack_trace() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        reported(fail)(RuntimeError("shapes do not match"))
