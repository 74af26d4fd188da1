"""Scores of fine-tuned models with the edits that hurt each most; the paper has no such table."""

from collections.abc import Mapping, Sequence

from charbert.evaluation.metric_paths import metric_path
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables.paper import TABLE_SPECS, metric_name, score_title, task_title
from charbert.reporting.tables.scores import build_table, setting


def worst_case_table(records: Sequence[ResultRecord], p_values: Mapping[tuple[str, str], float]) -> Table:
    """Return scores with the edits that hurt each model most, beside random edits; the paper has no such table.

    Args:
        records: one or more, of one task, with ``details.search`` and scores on the sets ``random_N`` and ``worst_N``.
        p_values: see `charbert.reporting.tables.scores.build_table`.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task, chosen = str(setting(records[0], "task.name")), records[0].details["search"]
    calls = {
        str(setting(record, "model.name")): sum(
            of["mean"] for of in record.details["search"]["calls_per_example"].values()
        )
        for record in sorted(records, key=lambda record: -record.seed)
    }
    notes = [
        f"{len(chosen['test_examples'])} test examples, the same for all models. Worst: at most so many edits, each in "
        f"another word, found by beam search (beam {chosen['beam']}, restarts {chosen['restarts']}) on the model's "
        f"scores, at most {chosen['budget']} scored texts for an example and number. Random: one draw of as many. "
        "Examples with a score of 0 stay as they are.",
        "Right as they are: examples with a full score when clean. The records have the scores of these alone.",
        "Scored texts for an attacked example, all numbers of edits: "
        + ", ".join(f"{model} {count:.0f}" for model, count in sorted(calls.items()))
        + ".",
    ]
    return build_table(
        records,
        title=f"{task_title(task)}: the edits that hurt most",
        columns=worst_case_columns(records),
        order=TABLE_SPECS["table2_robustness"].order,
        p_values=p_values,
        notes=notes,
    )


def worst_case_columns(records: Sequence[ResultRecord]) -> list[Column]:
    """Return the columns of `worst_case_table`."""
    task, metric = (str(setting(records[0], f"task.{field}")) for field in ("name", "metric"))
    names = [path.split("/")[2] for path in records[0].metrics if path.startswith(f"attack/{task}/")]
    sets = ["clean", *dict.fromkeys(name for name in names if name.startswith(("random_", "worst_")))]
    shown, title = metric_name(task, metric), score_title(task, metric)
    headings = {"clean": "original"} | {name: name.replace("_", " ").replace("pct", " %") for name in sets[1:]}
    scores = [Column(title, headings[name], f"{metric_path(task, name)}/{shown}") for name in sets]
    return [*scores, Column("right as they are", "", f"right/{task}")]
