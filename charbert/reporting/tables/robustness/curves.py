"""Scores of fine-tuned models against the strength of an attack; the paper has no such table."""

from collections.abc import Mapping, Sequence

from charbert.evaluation.metric_paths import metric_path
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables.paper import TABLE_SPECS, attack_rule, metric_name, score_title, task_title
from charbert.reporting.tables.robustness.families import examples_note
from charbert.reporting.tables.scores import build_table, setting, task_of

AXES = {"words": "share of words attacked, percent", "edits": "edits in each word"}
"""Name of a curve in records -> what its strength is."""
AREA = "area"
"""Begin of the headings of areas."""


def curve_points(records: Sequence[ResultRecord]) -> dict[str, list[tuple[float, str]]]:
    """Return by curve the strengths, shares in percent, and the metric at each.

    Args:
        records: one or more of one task, with the same ``details.curves``.
    """
    task, metric = task_of(records), str(setting(records[0], "task.metric"))
    name = metric_name(task, metric)
    return {
        curve: [
            (100 * strength if curve == "words" else strength, f"{metric_path(task, version)}/{name}")
            for strength, version in points
        ]
        for curve, points in records[0].details["curves"].items()
    }


def curves_columns(records: Sequence[ResultRecord]) -> list[Column]:
    """Return the columns of `curves_table`: the points of each curve, those of several once, and the area under it."""
    task, metric = task_of(records), str(setting(records[0], "task.metric"))
    group = score_title(task, metric)
    columns: dict[str, Column] = {}
    for curve, points in curve_points(records).items():
        for strength, path in points:
            name = f"{strength:g} %" if curve == "words" else f"{strength:g} edits"
            columns.setdefault(path, Column(group, name if strength else "original", path))
        path = f"curve/{task}/{curve}"
        columns[path] = Column(group, f"{AREA}, {curve}", path)
    return list(columns.values())


def curves_table(records: Sequence[ResultRecord], p_values: Mapping[tuple[str, str], float]) -> Table:
    """Return the scores of each model at all strengths, and the areas under the curves.

    Args:
        records: one or more of one task, with the same ``details.curves``.
        p_values: see `charbert.reporting.tables.scores.build_table`.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task, attack = task_of(records), str(setting(records[0], "curves.attack.name"))
    rule = attack_rule(attack, records, "curves.attack") or attack
    notes = [
        f"Attack: {rule}. Percent: of the words that it may attack, with one edit in each; "
        f"edits: in each of them. {AREA.capitalize()}: mean height of the curve, by the trapezoidal rule. Computed in "
        "32 bits.",
        *examples_note(records),
    ]
    return build_table(
        records,
        title=f"{task_title(task)}: strength of noise",
        columns=curves_columns(records),
        order=TABLE_SPECS["table2_robustness"].order,
        p_values=p_values,
        notes=notes,
    )
