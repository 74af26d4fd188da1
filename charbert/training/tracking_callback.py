"""From the log of a `transformers.Trainer` to W&B."""

from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerState

from charbert.training.tracking import STEP, TrackedRun


class TrackingCallback(TrainerCallback):
    """Forwards the log of a `transformers.Trainer` to a `TrackedRun`, under path keys.

    ``loss`` becomes ``train/loss``, ``eval_ner/f1`` ``eval/ner/f1``; paths are unchanged. Only the main process logs.
    The final totals of a training (``train_loss``, ...) go to the run's summary. A training that continues from a
    checkpoint first sends the points of the checkpoint's log that the W&B run lacks, offline all of them.
    """

    def __init__(self, run: TrackedRun) -> None:
        self.run = run

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Forward the log of the checkpoint that the training continues from."""
        for line in state.log_history if state.is_world_process_zero else ():
            self._forward({key: value for key, value in line.items() if key != STEP}, line[STEP])

    def on_log(self, args: Any, state: TrainerState, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Forward one entry of the trainer's log."""
        if logs and state.is_world_process_zero:
            self._forward(logs, state.global_step)

    def _forward(self, logs: Mapping[str, Any], step: int) -> None:
        named = {path_key(key): value for key, value in logs.items() if isinstance(value, int | float)}
        if "train_loss" in logs:  # the totals of the training; other lines may contain running times too
            self.run.summary(named)
        else:
            self.run.log(named, step=step)


def path_key(key: str) -> str:
    """Return the Trainer's name of a score as a path.

    The mean loss over a whole training, ``train_loss``, becomes ``train/mean_loss``, since ``loss``, the mean over the
    last steps, is already ``train/loss``.
    """
    if key == "train_loss":
        return "train/mean_loss"
    for split in ("train", "eval", "test"):
        if key.startswith(f"{split}_"):
            return f"{split}/{key.removeprefix(f'{split}_')}"
    return key if "/" in key else f"train/{key}"
