"""Ends a training whose dev scores promise nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from charbert.errors import TrialPrunedError


class PruningCallback(TrainerCallback):
    """Reports every dev score and ends the training when it is told to.

    Scores from before an interruption, which the Trainer's log has kept, are reported once more.

    Args:
        metric: the Trainer's name of the score, as ``eval_f1``.
        report: takes a score and the number of its evaluation, from 1; returns whether the training shall end.

    Raises:
        TrialPrunedError: out of the training, when it shall.
    """

    def __init__(self, metric: str, report: Callable[[float, int], bool]) -> None:
        self.metric = metric
        self.report = report
        self._reported = 0

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Report what is new."""
        scores = [line[self.metric] for line in state.log_history if self.metric in line]
        for number, score in list(enumerate(scores, start=1))[self._reported :]:
            self._reported = number
            if self.report(score, number):
                raise TrialPrunedError(f"ended at evaluation {number} with {self.metric}={score:.4f}")
