"""A resumed training tells what an uninterrupted one tells: the same losses at the same steps, and no step too many.

The library restores weights, optimizer and random numbers. It forgets the losses between the last log line and the
checkpoint, and that a training may have come to its end just before it was killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, TrainerCallback

from charbert.errors import TrainingError
from charbert.training.checkpoints import AtomicCheckpointTrainer
from charbert.training.distributed.processes import process_index
from charbert.training.meter import ObjectiveMeter


class ResumableTrainer(AtomicCheckpointTrainer):
    """Trainer whose checkpoints also hold what was not logged yet, and are only written of weights that are numbers."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._training_meter = ObjectiveMeter()
        self._resumed_from: Path | None = None
        self.add_callback(_TakeUp(self))

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train as `AtomicCheckpointTrainer` does; a data loader that dies is reported."""
        with loaders_watched():
            return super().train(*args, **kwargs)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Give the mean loss of the whole training, where the library's is that since the last start."""
        if "train_loss" in logs:
            logs["train_loss"] = self._total_loss_scalar / max(1, self.state.global_step)
        super().log(logs, start_time)

    def take_up(self) -> None:
        """Go on counting losses where the checkpoint left off."""
        path = None if self._resumed_from is None else self._resumed_from / _file_name()
        if path is None or not path.is_file():  # of another number of processes
            return
        kept = torch.load(path, weights_only=True)
        self._tr_loss = kept["loss"].to(self.args.device)
        self._total_loss_scalar = kept["logged_loss"]
        self._globalstep_last_logged = kept["logged_step"]
        self._training_meter.restore(kept["meter"], self.args.device)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        broken = [name for name, weight in self.model.named_parameters() if not torch.isfinite(weight).all()]
        if broken:
            raise TrainingError(
                f"{len(broken)} weights are no numbers any more after step {self.state.global_step} "
                f"({broken[0]}, ...); no checkpoint is written of them, the last good one stays in "
                f"{self.args.output_dir}; "
                "try a lower optimizer.learning_rate, a longer warmup_fraction or precision=fp32"
            )
        super()._save_checkpoint(model, trial)

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        kept = {
            "loss": self._tr_loss.detach().cpu(),
            "logged_loss": self._total_loss_scalar,
            "logged_step": self._globalstep_last_logged,
            "meter": self._training_meter.state(),
        }
        torch.save(kept, Path(output_dir) / _file_name())

    def _init_training_state(
        self, max_steps: int, steps_per_epoch: int, epochs: int, resume_from_checkpoint: Any, trial: Any
    ) -> tuple[int, int]:
        begun: tuple[int, int] = super()._init_training_state(
            max_steps, steps_per_epoch, epochs, resume_from_checkpoint, trial
        )
        self._resumed_from = None if resume_from_checkpoint is None else Path(resume_from_checkpoint)
        if self._resumed_from is not None and (self.state.global_step >= max_steps or self._lost_patience()):
            return epochs, 0  # the library would take one more step
        return begun

    def _lost_patience(self) -> bool:
        stops = [
            callback for callback in self.callback_handler.callbacks if isinstance(callback, EarlyStoppingCallback)
        ]
        return any(stop.early_stopping_patience_counter >= stop.early_stopping_patience for stop in stops)


@contextmanager
def loaders_watched() -> Iterator[None]:
    """Say what it means when a process that prepares batches is gone.

    Raises:
        TrainingError: if one was killed.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise TrainingError(
            f"the operating system ended a process that prepares batches ({str(error).splitlines()[0]}), mostly "
            "because memory ran out; lower num_workers (pretraining.num_workers, finetuning.num_workers; 0: none "
            "beside the training itself), then run the same command again: it goes on from the newest checkpoint"
        ) from error


class _TakeUp(TrainerCallback):
    """Calls the trainer back after the library has set its counts to zero."""

    def __init__(self, trainer: ResumableTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Restore the counts."""
        self.trainer.take_up()


def _file_name() -> str:
    return f"unlogged-{process_index()}.pt"
