"""Paths of scores in a record's metrics."""

CLEAN = "eval"
ATTACKED = "attack"
DEV = "dev"
"""Name of the dev set, of its logits and predictions, and first part of the paths of its scores."""
CHANGED_WORDS = "changed_words"
"""Last part of the path of the share of words that an attack changed, in [0, 1]; records before it lack it."""
UNITS = "per_example.json"
"""File with the counts of each test example, beside the record: clean and under each attack for the task's metric, and
under ``clean/METRIC`` for its others."""
GROUPS = "groups"
"""Last part of the name of the examples' articles or documents, beside what each example adds to the scores."""
_PREFIXES = {"clean": CLEAN, DEV: DEV}


def metric_path(task_name: str, version: str) -> str:
    """Return the prefix of the paths of all scores on one eval set of a task.

    Args:
        task_name: as ``ner``.
        version: clean, dev, or the attack's name.
    """
    return f"{_PREFIXES[version]}/{task_name}" if version in _PREFIXES else f"{ATTACKED}/{task_name}/{version}"


def version_of(metric: str) -> str:
    """Return the name of the eval set that the path of a score says: clean, dev, or the attack's name; "" if none."""
    prefix, _, *attack = metric.split("/")
    return next((name for name, start in _PREFIXES.items() if start == prefix), attack[0] if attack else "")


def name_of(metric: str) -> str:
    """Return the name of the metric that the path of a score ends with, as ``f1`` or ``PER/f1``."""
    prefix, *rest = metric.split("/")
    return "/".join(rest[2:] if prefix == ATTACKED else rest[1:])
