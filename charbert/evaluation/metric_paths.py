"""Paths of scores in a record's metrics."""

from __future__ import annotations

CLEAN = "eval"
ATTACKED = "attack"
CHANGED_WORDS = "changed_words"
"""Last part of the path of the share of words that an attack changed, in [0, 1]; records before it lack it."""


def metric_path(task_name: str, version: str) -> str:
    """Return the prefix of the paths of all scores on one eval set of a task.

    Args:
        task_name: as ``ner``.
        version: clean, or the attack's name.
    """
    return f"{CLEAN}/{task_name}" if version == "clean" else f"{ATTACKED}/{task_name}/{version}"
