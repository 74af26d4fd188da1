"""Pruning: a training with poor dev scores is stopped early."""

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerState

from charbert.errors import TrialPrunedError


class PruningCallback(TrainerCallback):
    """Reports every dev score and stops the training when ``report`` says so.

    Scores from before an interruption, which are in the Trainer's log, are reported again.

    Args:
        metric: the Trainer's name of the score, as ``eval_f1``.
        report: takes a score and the number of its evaluation, from 1; returns whether to stop the training.

    Raises:
        TrialPrunedError: from within the training, to stop it.
    """

    def __init__(self, metric: str, report: Callable[[float, int], bool]) -> None:
        self.metric = metric
        self.report = report
        self._reported = 0

    def on_evaluate(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Report new scores."""
        scores = [line[self.metric] for line in state.log_history if self.metric in line]
        for number, score in list(enumerate(scores, start=1))[self._reported :]:
            self._reported = number
            if self.report(score, number):
                raise TrialPrunedError(f"ended at evaluation {number} with {self.metric}={score:.4f}")
