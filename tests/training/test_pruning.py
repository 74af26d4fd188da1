from types import SimpleNamespace
from typing import Any

import pytest

from charbert.errors import TrialPrunedError
from charbert.training.pruning import PruningCallback


def evaluated(callback: PruningCallback, *scores: float) -> None:
    lines: list[dict[str, Any]] = [{"loss": 1.0}, *({"eval_f1": score, "eval_loss": 1.0} for score in scores)]
    callback.on_evaluate(None, SimpleNamespace(log_history=lines), None)  # type: ignore[arg-type]


def test_every_score_is_reported_once_with_its_number_those_from_before_a_kill_too() -> None:
    heard: list[tuple[float, int]] = []
    callback = PruningCallback("eval_f1", lambda score, number: heard.append((score, number)) or False)
    evaluated(callback, 0.1, 0.2)
    evaluated(callback, 0.1, 0.2, 0.3)
    assert heard == [(0.1, 1), (0.2, 2), (0.3, 3)]


def test_a_training_ends_where_it_is_told_to() -> None:
    callback = PruningCallback("eval_f1", lambda score, number: number == 2)
    evaluated(callback, 0.1)
    with pytest.raises(TrialPrunedError, match=r"ended at evaluation 2 with eval_f1=0\.0500"):
        evaluated(callback, 0.1, 0.05)
