"""Where a score stands in a record's metrics, which are named by paths."""

from __future__ import annotations

CLEAN = "eval"
ATTACKED = "attack"


def metric_path(task_name: str, version: str) -> str:
    """Return what the paths of all scores on a version of a task's test set begin with.

    Args:
        task_name: as ``ner``.
        version: clean, or the attack's name.
    """
    return f"{CLEAN}/{task_name}" if version == "clean" else f"{ATTACKED}/{task_name}/{version}"
