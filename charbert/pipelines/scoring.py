"""Predictions to scores, and to the files that show where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charbert.config.schema import Settings
from charbert.evaluation.errors import analyse_errors, write_errors
from charbert.evaluation.robustness import SetPredictions, score_set
from charbert.pipelines.cells import Cell
from charbert.records import write_atomically
from charbert.tasks.task import Task
from charbert.training.tracking import Run


def score_versions(
    settings: Settings,
    cell: Cell,
    task: Task[Any, Any],
    versions: Mapping[str, Sequence[Any]],
    found: Mapping[str, SetPredictions],
    tracking: Run,
) -> dict[str, float]:
    """Return the scores of predictions on every version of the test set.

    Written are the predictions of each version and the analysis of their errors, which W&B shows too, and beside
    the record what each example adds to the score.
    """
    metrics: dict[str, float] = {}
    units = {}
    for name, examples in versions.items():
        score = score_set(task, name, examples, found[name])
        path = cell.predictions_path(name)
        write_atomically(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in score.lines))
        tables = analyse_errors(task, examples, found[name].predictions, versions["clean"])
        write_errors(tables, path.parent, name)
        for table in tables:
            if table.rows:
                tracking.table(f"errors/{settings.task.name}/{name}/{table.name}", table.columns, table.rows)
        metrics |= score.metrics
        units[name] = np.asarray(score.units).tolist()
    write_atomically(cell.record_path.with_name("per_example.json"), json.dumps(units) + "\n")
    return metrics
