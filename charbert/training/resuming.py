"""A resumed training logs the same losses at the same steps as an uninterrupted one, and takes no extra step.

The library restores weights, optimizer and random numbers. It loses the losses between the last log line and the
checkpoint, and takes another step if the training had ended just before it was killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, TrainerCallback

from charbert.errors import TrainingError, first_line
from charbert.training.checkpoints import AtomicCheckpointTrainer
from charbert.training.distributed.processes import process_index, sum_over_processes
from charbert.training.meter import ObjectiveMeter
from charbert.training.stopping import Position, Stopped


class ResumableTrainer(AtomicCheckpointTrainer):
    """Trainer whose checkpoints also hold the losses not logged yet, and never contain NaN weights."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._training_meter = ObjectiveMeter()
        self._resumed_from: Path | None = None
        self.add_callback(_RestoreCounts(self))

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train as `AtomicCheckpointTrainer` does, and explain the error when a data loader process dies."""
        with loaders_watched():
            return super().train(*args, **kwargs)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the mean loss of the whole training; the library's is that since the last start."""
        if "train_loss" in logs:
            logs["train_loss"] = self._total_loss_scalar / max(1, self.state.global_step)
        super().log(logs, start_time)

    def restore_counts(self) -> None:
        """Restore the counts of losses from the checkpoint."""
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
                f"{len(broken)} weights are no finite numbers after step {self.state.global_step} ({broken[0]}, ...); "
                f"no checkpoint is written, the last good one stays in {self.args.output_dir}; try a lower "
                "optimizer.learning_rate, a longer warmup_fraction or precision=fp32"
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
        self.state.compute_steps(self.args, max_steps)  # the checkpoint's intervals may be those of other settings
        self._resumed_from = None if resume_from_checkpoint is None else Path(resume_from_checkpoint)
        if self._resumed_from is not None and self.args.load_best_model_at_end:
            self.check_best()
        else:
            self.locate_best()
        if self._resumed_from is not None and (self.state.global_step >= max_steps or self._lost_patience()):
            return epochs, 0  # the library would take one more step
        return begun

    def _lost_patience(self) -> bool:
        return any(
            callback.early_stopping_patience_counter >= callback.early_stopping_patience
            for callback in self.callback_handler.callbacks
            if isinstance(callback, EarlyStoppingCallback)
        )


@contextmanager
def loaders_watched() -> Iterator[None]:
    """Explain the error when a process that prepares batches was killed.

    Raises:
        TrainingError: if one was killed.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise TrainingError(
            f"the operating system ended a process that prepares batches ({first_line(error)}), usually "
            "because memory ran out; lower num_workers (pretraining.num_workers, finetuning.num_workers; 0: only the "
            "training process), then run the same command again: it continues from the newest checkpoint"
        ) from error


class PositionCallback(TrainerCallback):
    """Keeps the position of a training, and ends it with a checkpoint when SIGTERM arrived in any of its processes.

    Raises:
        Stopped: from within the training, after the checkpoint.
    """

    def __init__(self, position: Position) -> None:
        self.position = position
        self._stops = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the length of the training, and the step that it resumes from."""
        self.position.step, self.position.steps = state.global_step, state.max_steps
        self.position.saved = state.global_step or None

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the step; ask for a checkpoint if one of the processes was told to stop."""
        self.position.step = state.global_step
        self._end_if_interrupted()
        told = sum_over_processes(torch.tensor(float(self.position.must_stop)))
        self._stops = bool(told.item())
        control.should_save |= self._stops

    def on_prediction_step(self, *args: Any, **kwargs: Any) -> None:
        """End an evaluation that was interrupted."""
        self._end_if_interrupted()

    def _end_if_interrupted(self) -> None:
        if self.position.interrupted:
            raise KeyboardInterrupt

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the checkpoint; stop if it was asked for."""
        self.position.saved = state.global_step
        if self._stops:
            raise Stopped


class _RestoreCounts(TrainerCallback):
    """Restores the trainer's counts after the library has set them to zero."""

    def __init__(self, trainer: ResumableTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Restore the counts."""
        self.trainer.restore_counts()


def _file_name() -> str:
    return f"unlogged-{process_index()}.pt"
