"""Errors and interruptions of an entry point: one clear message to the user instead of a stack trace."""

import functools
import logging
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from io import TextIOWrapper
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from hydra._internal import utils as hydra_utils
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from charbert.config.load import load_settings
from charbert.config.schema import Settings
from charbert.errors import CharBertError, SettingsError, TrainingError, first_line
from charbert.files import disk_failure
from charbert.processes import is_of_joblib, watch_parent
from charbert.runs.command_line import accept_file_names, begin_help, describe
from charbert.runs.ending import in_sweep, show_nothing, write_to
from charbert.training.stopping import Stopped, position, signals_heard, stop

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_NO_MEMORY = re.compile(r"out of memory|not enough memory|(can't|[Cc]annot) allocate memory|_ALLOC(ATION)?_FAILED")
"""In messages of torch, which has no error of its own for all devices, of the system, and of cuBLAS and cuDNN."""


def _no_check(settings: Settings) -> None:
    """Accept all settings."""


def reported(
    main: Callable[Arguments, Result], check: Callable[[Settings], None] = _no_check
) -> Callable[Arguments, Result]:
    """Wrap an entry point: a CharBertError, or a folder that cannot be written, ends the process with its message.

    The exit status is 2 then, as after memory ran out. A training that fails does not end a sweep: its message is
    logged, the other runs follow, and the process ends with it after the last. Any other error keeps its stack trace.
    Ctrl-C and SIGTERM end with one line, see `interruptible`.

    Args:
        check: raises a SettingsError for settings that the experiment refuses; those of all runs of a sweep are checked
            before the first one starts.
    """

    # An encoder loaded under a new head has unused weights by design; transformers would warn of each.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

    logging.raiseExceptions = False  # no stack trace at every line where the log cannot be written
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # of a terminal without letters like the ± of tables
    begin_help(sys.modules[main.__module__].__doc__ or "")
    accept_file_names()
    _report_failures_of_hydra()
    Sweeper.validate_batch_is_legal = _check_of_all_runs(check)  # type: ignore[method-assign,assignment]

    @functools.wraps(main)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        _join_others()
        try:
            _reporting(_check_hydra)
            return _reporting(lambda: _telling_of_memory(lambda: main(*args, **kwargs)), raised=_leaves_sweep)
        except TrainingError as error:
            log.error("%s. The sweep goes on without this run", error)
            message = str(error)
        raise TrainingError(message)  # Hydra keeps it; a new one does not hold the model in its frames

    return interruptible(wrapper)


def _check_hydra() -> None:
    """Raise an error for a setting of Hydra that would start the run elsewhere than it seems.

    That is a launcher that Hydra would not use, as of a cluster, and a folder for each job, below which relative names
    are other files: finished runs would be made again there.
    """
    if not HydraConfig.initialized():
        return
    chosen = HydraConfig.get()
    launcher = chosen.runtime.choices.get("hydra/launcher", "basic")
    if launcher != "basic" and not in_sweep():
        raise SettingsError(f"hydra/launcher={launcher} starts runs of sweeps alone: add -m, also for one run")
    if chosen.job.chdir:
        raise SettingsError(
            "hydra.job.chdir=true would look for data, outputs and results below the folder of the job: leave it out"
        )


def _telling_of_memory(run: Callable[[], Result]) -> Result:
    """Return what a function returns; memory that ran out is an error of the training, on a CPU or an accelerator."""
    try:
        return run()
    except (MemoryError, RuntimeError, OSError) as error:
        if isinstance(error, CharBertError) or not (isinstance(error, MemoryError) or _NO_MEMORY.search(str(error))):
            raise
        why = first_line(error)
        raise TrainingError(
            f"memory ran out ({why}); finished runs and checkpoints are kept. Lower finetuning.eval_batch_size, which "
            "changes no result, or batch_size or max_length of the training, which make a different run; with "
            "gradient_accumulation twice as high for half the batch_size it is nearly the same"
        ) from error


def _leaves_sweep(error: Exception) -> bool:
    """Return whether the other runs of a sweep follow this one, which fails; this process makes some of them alone."""
    together = os.environ.get("WORLD_SIZE", "1") != "1" or "SUBMITIT_EXECUTOR" in os.environ
    return isinstance(error, TrainingError) and in_sweep() and not together


def _reporting(run: Callable[[], Result], raised: Callable[[Exception], bool] = lambda error: False) -> Result:
    """Return what a function returns; an error that has a message for the user ends the process with it.

    Any other error is raised, and so are those for which ``raised`` is true.
    """
    try:
        return run()
    except Exception as error:
        message = None if raised(error) else _message(error)
        if message is None:
            raise
        log.debug("stopped by", exc_info=True)
    show_nothing()
    write_to(sys.stderr, f"error: {message}\n")
    raise SystemExit(2)


def _message(error: Exception) -> str | None:
    if isinstance(error, CharBertError):
        return str(error)
    if isinstance(error, HydraException | OmegaConfBaseException):  # one of them is an OSError, too
        in_full = os.environ.get("HYDRA_FULL_ERROR") == "1"
        return None if in_full else describe(error, list(_names_of_settings()))
    if isinstance(error, BrokenExecutor):
        return (
            "the operating system ended a process of the sweep, usually because memory ran out; finished runs and "
            "checkpoints are kept. Lower hydra.launcher.n_jobs, then run the same command again"
        )
    if type(error).__name__ == "UncompletedJobError":  # of submitit, which gives the job's log
        job, *log_lines = filter(None, map(str.strip, str(error).splitlines()))
        return (
            f"{job} ended without a result. Finished runs and checkpoints are kept: run the same command again. The "
            f"last line of the job's log: {log_lines[-1] if log_lines else 'none'}"
        )
    return folder_failure(error)  # each library has its own for a full disk


def _join_others() -> None:
    """Find the other processes of a run that has several; only the first logs below warnings."""
    if os.environ.get("SUBMITIT_EXECUTOR"):
        from charbert.training.distributed.processes import join_submitted_tasks

        join_submitted_tasks()
    if os.environ.get("RANK", "0") != "0":
        logging.getLogger().setLevel(logging.WARNING)


def folder_failure(error: BaseException) -> str | None:
    """Return the message for a full disk, or what may not be written or read; None for any other error."""
    failure = disk_failure(error)
    if failure is None:
        return None
    where, done, why = failure
    hint = "Free space or choose other folders (paths.outputs, paths.results)"
    if done != "written":
        hint = "Check the name and who may read it"
    return f"{where} could not be {done} ({why}); finished results are whole. {hint}, then run the same command again"


def _report_failures_of_hydra() -> None:
    """Make Hydra report errors of its command line, and of the folders that it writes to, as `reported` does."""
    report = hydra_utils.run_and_report
    if hasattr(report, "of_folders"):
        return

    def run_and_report(func: Any) -> Any:
        return report(lambda: _reporting(func))

    run_and_report.of_folders = True  # type: ignore[attr-defined]
    hydra_utils.run_and_report = run_and_report


def _check_of_all_runs(check: Callable[[Settings], None]) -> Callable[[Any, Sequence[Sequence[str]]], None]:
    """Return a check of the settings of all runs of a sweep, which Hydra calls before the first one starts.

    It raises a SettingsError naming the setting of the first run with a wrong one.
    """

    def check_all(sweeper: Any, batch: Sequence[Sequence[str]]) -> None:
        for overrides in batch:
            cfg = sweeper.hydra_context.config_loader.load_sweep_config(sweeper.config, list(overrides))
            with read_write(cfg), open_dict(cfg):
                del cfg["hydra"]
            check(load_settings(cfg))

    return check_all


def _names_of_settings() -> Iterator[str]:
    sections = [("", OmegaConf.structured(Settings))]
    while sections:
        prefix, section = sections.pop()
        for name in map(str, section):
            yield f"{prefix}{name}"
            node = section._get_node(name)
            if isinstance(node, DictConfig) and not (node._is_none() or node._is_missing()):
                sections.append((f"{prefix}{name}.", node))


INTERRUPTED, TERMINATED = 130, 143
"""Exit status after Ctrl-C and after SIGTERM, as of a program that the signal ends."""


def interruptible(main: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap an entry point so that Ctrl-C, SIGTERM and SIGHUP end it with one line; the last two write a checkpoint.

    A process of joblib hears SIGTERM when the sweep's own one has ended, which joblib would outlive.
    """
    _report_ctrl_c_elsewhere()

    @functools.wraps(main)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        has_no_parent = watch_parent(stop) if is_of_joblib() else lambda: False
        try:
            with signals_heard():
                return main(*args, **kwargs)
        except KeyboardInterrupt:
            status = INTERRUPTED
        except Stopped:
            status = TERMINATED
        _report("interrupted" if status == INTERRUPTED else "terminated")
        if has_no_parent():
            os._exit(status)  # joblib would wait for another job
        raise SystemExit(status)

    return wrapper


def _report(what: str) -> None:
    show_nothing()
    if os.environ.get("RANK", "0") != "0":
        return
    where = position()
    reached = "finished runs are kept" if where is None else str(where)
    alone = os.environ.get("WORLD_SIZE", "1") == "1" and not is_of_joblib()
    command = shlex.join(sys.orig_argv) if alone else "the same command"
    new_line = "\n" if sys.stderr.isatty() else ""  # the terminal shows ^C, or a bar
    write_to(sys.stderr, f"{new_line}{what}: {reached}. To continue: {command}\n")


def _report_ctrl_c_elsewhere() -> None:
    """Report Ctrl-C in one line, too, while Hydra composes the settings or goes to the next run of a sweep."""
    before = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _report("interrupted")
        else:
            before(kind, error, trace)

    sys.excepthook = report
