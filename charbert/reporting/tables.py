"""Records in, tables out: our scores over seeds beside the paper's. Reads records, runs nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from charbert.errors import RecordError
from charbert.records import ResultRecord
from charbert.reporting.layout import Cell, Column, Row, Table, write_table
from charbert.reporting.published import ATTACK, ORIGINAL, TABLE_2

__all__ = ["build_table", "table2_robustness", "write_table"]

NOT_COMPARABLE = "generated newswire: not comparable with the paper"
SAME_IN_A_TABLE = ("recipe", "data.name", "trunk.name")
"""Settings that may not differ between the runs of one table."""

ATTACKS = {
    "released": "the authors' attacked set",
    "charbert": "our generator, after the authors' rule (Sec. 4.5)",
}
"""What Table 2 attacks with, by preference."""

TABLE_2_ROWS = ("BERT", "AdvBERT", "NLM-BERT", "BERT+WordRec", "CharBERT")
TABLE_2_GROUPS = {
    ("qnli", "accuracy"): "QNLI acc.",
    ("ner", "f1"): "NER F1",
    ("squad2", "f1"): "SQuAD 2.0 F1",
}


def build_table(
    records: Sequence[ResultRecord],
    *,
    title: str,
    columns: Sequence[Column],
    published: Mapping[tuple[str, str], float] | None = None,
    order: Sequence[str] = (),
    p_values: Mapping[tuple[str, str], float] | None = None,
    baseline: str = "BERT",
    notes: Sequence[str] = (),
) -> Table:
    """Return a table of the records' scores, averaged over seeds and turned into percent.

    A row is a model (``settings.model.name``) that a record or a published score has. Of two records with
    the same settings and seed the later one counts.

    Args:
        records: runs of one recipe on one data set with one trunk; scores are shares in [0, 1] or
            correlations in [-1, 1].
        title: of the table.
        columns: what to show.
        published: (model, ``Column.heading``) -> the paper's score in percent.
        order: models that come first, in this order; the others follow by name.
        p_values: (model, ``Column.heading``) -> p of a test against ``baseline``; below 0.05 is marked *.
        baseline: named in the note on marks.
        notes: footnotes.

    Raises:
        RecordError: if the records mix recipes, data sets or trunks, disagree on one seed, or hold a score
            out of range.
    """
    published, p_values = published or {}, p_values or {}
    _refuse_mixtures(records)
    scores = _scores(records, [column.metric for column in columns])
    labels = {label for label, _ in scores} | {label for label, _ in published}
    ordered = [label for label in order if label in labels] + sorted(labels - set(order))
    rows = []
    for label in ordered:
        cells = []
        for column in columns:
            p_value = p_values.get((label, column.heading))
            cells.append(
                Cell(
                    scores=scores.get((label, column.metric), ()),
                    published=published.get((label, column.heading)),
                    mark="*" if p_value is not None and p_value < 0.05 else "",
                )
            )
        rows.append(Row(label, tuple(cells)))
    if any(cell.mark for row in rows for cell in row.cells):
        notes = [*notes, f"* p < 0.05 against {baseline}."]
    return Table(title, tuple(columns), _best_marked(rows, columns), _caption(records), tuple(notes))


def table2_robustness(
    records: Sequence[ResultRecord],
    *,
    attacks: Mapping[str, str] | None = None,
    p_values: Mapping[tuple[str, str], float] | None = None,
) -> Table:
    """Return the robustness table: QNLI, NER and SQuAD 2.0, each original and attacked.

    Paper: Sec. 4.5, Table 2. Departure: NLM-BERT is a row of ours that tells objective from channel.

    Args:
        records: those of kind ``finetune`` count; metrics ``eval/<task>/<metric>`` and
            ``attack/<task>/<attack>/<metric>``.
        attacks: task -> attack; for a task left out: the authors' set (``released``) if any run has it, else
            ours (``charbert``).
        p_values: see `build_table`.

    Raises:
        RecordError: see `build_table`.
    """
    records = [record for record in records if record.kind == "finetune"]
    columns: list[Column] = []
    published: dict[tuple[str, str], float] = {}
    notes: list[str] = []
    for (task, metric), group in TABLE_2_GROUPS.items():
        attack = (attacks or {}).get(task) or _available_attack(records, task)
        paths = {ORIGINAL: f"eval/{task}/{metric}", ATTACK: f"attack/{task}/{attack}/{metric}"}
        for condition, path in paths.items():
            measure = TABLE_2.measure(task, metric, condition)
            column = Column(group, condition, path, published_digits=measure.digits if measure else 1)
            columns.append(column)
            published |= {
                (label, column.heading): score
                for label in TABLE_2.rows
                if measure and (score := TABLE_2.score(label, measure)) is not None
            }
        if any(paths[ATTACK] in record.metrics for record in records):
            notes.append(f"{group} attacked with {attack}: {ATTACKS.get(attack, 'a set of our own')}.")
    return build_table(
        records,
        title="Table 2: robustness to misspelt words",
        columns=columns,
        published=published,
        order=TABLE_2_ROWS,
        p_values=p_values,
        notes=notes,
    )


def _available_attack(records: Sequence[ResultRecord], task: str) -> str:
    for attack in ATTACKS:
        if any(path.startswith(f"attack/{task}/{attack}/") for record in records for path in record.metrics):
            return attack
    return next(reversed(ATTACKS))


def _setting(record: ResultRecord, path: str) -> Any:
    value: Any = record.settings
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _refuse_mixtures(records: Sequence[ResultRecord]) -> None:
    for path in SAME_IN_A_TABLE:
        if len(found := sorted({str(_setting(record, path)) for record in records})) > 1:
            raise RecordError(
                f"a table needs runs with one settings.{path}, got {', '.join(found)}; "
                f"choose one with read_records(folder, **{{'settings.{path}': ...}})"
            )


def _scores(
    records: Sequence[ResultRecord], metrics: Sequence[str]
) -> dict[tuple[str, str], tuple[float, ...]]:
    """Return (model, metric) -> scores in percent, by seed."""
    chosen: dict[tuple[str, str], dict[int, ResultRecord]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: record.finished):
        label = _setting(record, "model.name")
        if not isinstance(label, str):
            raise RecordError(f"record {record.name}: expected settings.model.name, got none")
        for metric in metrics:
            if metric not in record.metrics:
                continue
            other = chosen[label, metric].get(record.seed)
            if other is not None and other.key != record.key:
                raise RecordError(
                    f"{label} has two runs with seed {record.seed} and {metric} but different settings "
                    f"({other.key}, {record.key}); choose with read_records(folder, key=[...])"
                )
            if abs(record.metrics[metric]) > 1:
                raise RecordError(
                    f"record {record.name}: expected {metric} in [0, 1], got {record.metrics[metric]}"
                )
            chosen[label, metric][record.seed] = record
    return {
        (label, metric): tuple(100 * by_seed[seed].metrics[metric] for seed in sorted(by_seed))
        for (label, metric), by_seed in chosen.items()
    }


def _best_marked(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the best mean of each column flagged, where there is something to compare."""
    marked = [list(row.cells) for row in rows]
    for at, column in enumerate(columns):
        means = [cells[at].mean for cells in marked]
        finite = [mean for mean in means if mean is not None and math.isfinite(mean)]
        if len(finite) < 2:
            continue
        best = max(finite) if column.higher_is_better else min(finite)
        for cells, mean in zip(marked, means, strict=True):
            cells[at] = replace(cells[at], is_best=mean == best)
    return tuple(Row(row.label, tuple(cells)) for row, cells in zip(rows, marked, strict=True))


def _caption(records: Sequence[ResultRecord]) -> str:
    """Return what a reader must know: recipe, trunk, data and seeds."""
    if not records:
        return "No runs yet."
    recipe, data, trunk = (_setting(records[0], path) for path in SAME_IN_A_TABLE)
    if any(record.details.get("generated") for record in records):
        data = f"{data} ({NOT_COMPARABLE})"
    seeds = sorted({record.seed for record in records})
    spread = ", mean ± standard deviation" if len(seeds) > 1 else ""
    about = [f"Recipe {recipe}", f"trunk {trunk}", f"data {data}"]
    about = [text for text in about if not text.endswith(" None")]
    several = "seeds" if len(seeds) > 1 else "seed"
    about.append(f"{several} {', '.join(map(str, seeds))}")
    return f"{'; '.join(about)}. Percent{spread}."
