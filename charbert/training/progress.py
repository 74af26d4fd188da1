"""What a training shows: a bar with its name, the time left and the score; without a terminal, a few lines."""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 60.0
"""Where there is no terminal."""
_FORMAT = "{desc} {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


class ProgressCallback(TrainerCallback):
    """Shows the progress of one training.

    Args:
        metric: the Trainer's name of the score, as ``eval_f1``; None: the loss on held-out text.
    """

    def __init__(self, name: str, metric: str | None = None) -> None:
        self.name = name
        self.metric = metric or "eval_loss"
        self._shown: dict[str, str] = {}
        self._bar: Any = None
        self._began = self._last_line = 0.0
        self._first_step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Draw the bar, or write the first line."""
        self._began = self._last_line = time.monotonic()
        self._first_step = state.global_step
        if not state.is_world_process_zero:
            return
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=state.max_steps,
                initial=state.global_step,
                desc=self.name,
                bar_format=_FORMAT,
                dynamic_ncols=True,
                file=sys.stderr,
            )
        else:
            log.info("%s: %d steps", self.name, state.max_steps - state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Move the bar, or write a line when a minute has passed."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)
        elif state.is_world_process_zero and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            done = state.global_step - self._first_step
            left = (self._last_line - self._began) / done * (state.max_steps - state.global_step)
            where = f"step {state.global_step} of {state.max_steps}, about {tqdm.format_interval(left)} left"
            log.info("%s: %s%s", self.name, where, self._scores())

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Show the loss and the score on the dev set."""
        logs = logs or {}
        names = {"loss": "loss", self.metric: f"dev {self.metric.removeprefix('eval_')}"}
        self._shown |= {names[name]: f"{logs[name]:.3g}" for name in names if name in logs}
        if self._bar is not None:
            self._bar.set_postfix_str(self._scores().removeprefix(", "))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave the bar as it is, or write the last line."""
        if self._bar is not None:
            self._bar.close()
        elif state.is_world_process_zero:
            seconds = time.monotonic() - self._began
            log.info("%s: trained in %s%s", self.name, tqdm.format_interval(seconds), self._scores())

    def _scores(self) -> str:
        return "".join(f", {name} {value}" for name, value in self._shown.items())
