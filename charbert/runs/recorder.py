"""What is common to all runs: seeding, resuming, the record, W&B."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, set_seed
from transformers.utils.logging import disable_progress_bar

from charbert.config.schema import Settings
from charbert.files import check_writable
from charbert.integrity import checksums
from charbert.records import ResultRecord, start_record, write_record
from charbert.runs.comparability import comparison_keys
from charbert.runs.data_files import keep_checksums
from charbert.runs.run import Run
from charbert.runs.tracking import track_results, track_run
from charbert.seeding import derive_seed
from charbert.serialization import read_json
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.distributed.processes import from_first
from charbert.training.machine.cores import training_threads, watched_cores
from charbert.training.machine.memory import keep_freed_memory
from charbert.training.progress import ProgressCallback
from charbert.training.resuming import PositionCallback
from charbert.training.stopping import training_of
from charbert.training.tracking import TrackedRun
from charbert.training.tracking_callback import TrackingCallback
from charbert.training.trainer import CharBertTrainer

log = logging.getLogger(__name__)

disable_progress_bar()  # of loading and saving weights; training keeps its own

_RUNNING_TIMES = ("_runtime", "_per_second")
"""Names of the library's own measurements of time, which differ in every run."""
_HISTORY_KEYS = ("step", "epoch", "num_input_tokens_seen", "loss", "learning_rate")


def seed_everything(seed: int, *names: str | int) -> None:
    """Seed the global generators of Python, NumPy and torch, which initial weights and dropout draw from."""
    set_seed(derive_seed(seed, *names) % 2**32)


def accelerator_name() -> str | None:
    """Return the name of the GPU, or the kind of another accelerator; None where there is neither."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    device = torch.accelerator.current_accelerator(check_available=True)
    return None if device is None else device.type


def new_record(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of a run that starts."""
    plain = asdict(settings)
    plain.pop("paths")
    plain.pop("tracking")
    seed = settings.pretraining_seed if run.kind in ("trunk", "pretrain", "word_recognizer") else settings.seed
    record = start_record(
        run.kind, settings.experiment, run.name, settings=plain, seed=seed, accelerator=accelerator_name()
    )
    record.key = run.key
    record.data_checksums = dict(run.data_checksums)
    preparation = run.preparation_folder / "report.json"
    if preparation.is_file():
        again = f"delete {preparation.parent} and run again"
        record.details["preparation"] = read_json(preparation, "a report of prepared data", again)
    return record


@contextmanager
def recorded_run(settings: Settings, run: Run) -> Iterator[tuple[ResultRecord, TrackedRun]]:
    """Open a record and its W&B run; write the record when the body ends without an error.

    Another process that makes the same run is waited for: W&B has one run of the name at a time. Of several processes
    the first writes the record, and the others wait. The record of a run that was finished before stays, see
    `Run.make_again`.
    """
    run.check_processes()
    check_writable(run.record_path.parent)
    with run.locked():
        record = new_record(settings, run)
        with track_run(settings, run) as tracked:
            yield record, tracked
            record.wandb_id, record.wandb_path = tracked.id, tracked.path
            record.details["generated"] = settings.data.generated
            record.details["comparison"] = comparison_keys(settings)
            weights = sorted(run.model_folder.rglob("*.safetensors"))
            record.details["weights"] = from_first(lambda: checksums(weights, run.model_folder))
            track_results(settings, run, record, tracked)
        if not run.keeps_record:
            from_first(lambda: write_record(run.record_path, record))
    log.info("%s: record in %s", run.name, run.record_path)


def train(trainer: CharBertTrainer, record: ResultRecord, tracked: TrackedRun, patience: int | None = None) -> None:
    """Train, from the newest checkpoint when there is one.

    Args:
        record: gets the training tokens, the seconds that earlier starts of the training took, and in ``hardware``
            precision and threads.
        patience: stop after this many evaluations without a better score; None: train to the end.

    Raises:
        DataError: if a data file was exchanged since the training that there are checkpoints of began.
    """
    keep_freed_memory()
    record.hardware |= {"precision": "bf16" if trainer.args.bf16 else "fp32", "threads": training_threads()}
    device = record.hardware["accelerator"] or f"a CPU, threads: {training_threads()}"
    log.info("%s: training in %s on %s", record.name, record.hardware["precision"], device)
    trainer.add_callback(TrackingCallback(tracked))
    if patience is not None:
        trainer.add_callback(EarlyStoppingCallback(patience))
    folder = Path(trainer.args.output_dir)
    from_first(lambda: keep_checksums(folder, record.data_checksums))
    checkpoint = from_first(lambda: newest_checkpoint(folder))
    if checkpoint is not None:
        log.info("resuming from %s", checkpoint)
    trainer.add_callback(ProgressCallback(record.name, trainer.args.metric_for_best_model))
    with watched_cores(), training_of(record.name) as position:
        trainer.add_callback(PositionCallback(position))
        trainer.train(resume_from_checkpoint=checkpoint)
    trainer.make_whole()
    record.resume(_seconds_before(trainer.state.log_history))
    record.training_tokens = int(trainer.state.num_input_tokens_seen)


def _seconds_before(log_history: Iterable[Mapping[str, Any]]) -> float:
    """Return the seconds of all starts of a training but the last; the clock of each begins at 0."""
    before = latest = 0.0
    for seconds in (line["train_runtime"] for line in log_history if "train_runtime" in line):
        if seconds < latest:
            before += latest
        latest = seconds
    return before


def final_scores(trainer: CharBertTrainer) -> dict[str, float]:
    """Return the dev scores of the weights that training ended with, evaluated once.

    They are those of the last step, or of the best one where that is kept; training has usually evaluated it already.
    """
    keeps_best = trainer.args.load_best_model_at_end and trainer.state.best_global_step is not None
    step = trainer.state.best_global_step if keeps_best else trainer.state.global_step
    for line in reversed(trainer.state.log_history):
        if line["step"] == step and "eval_loss" in line:
            return {name: value for name, value in line.items() if name.startswith("eval_")}
    return trainer.evaluate()


def history(trainer: CharBertTrainer) -> list[dict[str, Any]]:
    """Return the log lines of the training that learning curves are drawn from."""
    objectives = ("mlm_", "nlm_", "trunk_", "eval_")
    return [
        {
            k: v
            for k, v in line.items()
            if (k in _HISTORY_KEYS or k.startswith(objectives)) and not k.endswith(_RUNNING_TIMES)
        }
        for line in trainer.state.log_history
    ]
