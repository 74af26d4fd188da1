"""Tables of our scores over seeds beside the paper's, from records."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from charbert.errors import RecordError
from charbert.evaluation.metric_paths import ATTACKED, CHANGED_WORDS
from charbert.metrics.significance import holm
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Row, Table, best_marked

NOT_COMPARABLE = "generated newswire: not comparable with the paper"
RECIPE, TRUNK, SEED = "recipe", "trunk.name", "pretraining_seed"

FOLDS_NOTE = (
    "Cross-validated scores are of the predictions of all parts together; "
    "folds ±: standard deviation of the parts' own."
)
SIGNIFICANT = 0.05
"""A p value up to this is marked."""
SECOND_BASELINE_MARK = "†"
"""Marks a significant difference from the second baseline; a star marks one from the plain trunk."""
_COUNTED = "Marked in the whole table"
ON_MARKS = ("*", SECOND_BASELINE_MARK, _COUNTED)
"""How the notes on marks begin, which a figure without marks leaves out."""

BASELINE = "BERT"
"""Name of the model that is a trunk alone, and of the family of all trunks that `FAMILIES` does not name."""
FAMILIES = {"roberta-base": "RoBERTa", "roberta-large": "RoBERTa"}
"""Trunks whose rows are in one table with BERT's, by ``trunk.name``. Paper: Tables 1 and 3."""


def task_of(records: Sequence[ResultRecord]) -> str:
    """Return the name of the task of records that have the same."""
    return str(setting(records[0], "task.name"))


def trunk_family(record: ResultRecord) -> str:
    """Return the family of a record's trunk, by which its rows are named."""
    return FAMILIES.get(str(setting(record, "trunk.name")), BASELINE)


def row_label(record: ResultRecord) -> str:
    """Return the name of the row that a record belongs to, as the paper calls it.

    On RoBERTa the plain trunk is ``RoBERTa`` and any other model ``CharBERT-RoBERTa``; else the name of the model.

    Raises:
        RecordError: if the record does not name its model.
    """
    name, family = setting(record, "model.name"), trunk_family(record)
    if not isinstance(name, str):
        raise RecordError(f"record {record.name}: expected settings.model.name, got none")
    if family == BASELINE:
        return name
    return family if name == BASELINE else f"{name}-{family}"


def renamed(record: ResultRecord, name: str) -> ResultRecord:
    """Return the record under another name of its model, which gives it a row of its own."""
    return replace(record, settings={**record.settings, "model": {**record.settings["model"], "name": name}})


def metric_cell(records: Sequence[ResultRecord], metric: str, scale: float = 100) -> Cell:
    """Return the cell of a metric, times ``scale``, of those records that have it."""
    return Cell(tuple(scale * record.metrics[metric] for record in records if metric in record.metrics))


def baseline_of(label: str) -> str:
    """Return the row that a row is compared with: the plain trunk of its family."""
    return next((family for family in FAMILIES.values() if label.endswith(family)), BASELINE)


def repetition(record: ResultRecord) -> tuple[int, int]:
    """Return seed and fold of a run, in which the runs of one cell of a table differ."""
    task = setting(record, "task.name")
    fold = setting(record, f"data.sets.{task}.folds.fold") if task else None
    return record.seed, int(fold or 0)


def build_table(
    records: Sequence[ResultRecord],
    *,
    title: str,
    columns: Sequence[Column],
    published: Mapping[tuple[str, str], float] | None = None,
    order: Sequence[str] = (),
    p_values: Mapping[tuple[str, str], float] | None = None,
    compared_with: str = "",
    second_baseline: str = "",
    second_baseline_p_values: Mapping[tuple[str, str], float] | None = None,
    notes: Sequence[str] = (),
) -> Table:
    """Return a table of the records' scores, averaged over seeds (and folds) and turned into percent.

    A row is a model (`row_label`) that a record or a published score has. Of two records with the same settings
    and seed the later one counts.

    Args:
        records: runs of one recipe on one data set, with one trunk of each family; scores are shares in [0, 1]
            or correlations in [-1, 1].
        title: of the table.
        columns: what to show.
        published: (row, ``Column.heading``) -> the paper's score in percent.
        order: rows that come first, in this order; the others follow by name.
        p_values: (row, ``Column.heading``) -> p of a test against `baseline_of` the row; up to 0.05 is marked ``*``.
        compared_with: what the note on ``*`` names instead of `baseline_of` the rows.
        second_baseline: another row to compare with; none if empty.
        second_baseline_p_values: as ``p_values``, of a test against ``second_baseline``; up to 0.05 is marked ``†``.
        notes: footnotes.

    Raises:
        RecordError: if the records mix recipes, data sets or trunks of one family, disagree on one seed, or hold
            a score out of range.
    """
    published = published or {}
    tested = {"*": p_values or {}, SECOND_BASELINE_MARK: second_baseline_p_values or {}}
    _refuse_mixtures(records)
    runs = runs_of(records, [column.metric for column in columns])
    labels = {label for label, _ in runs} | {label for label, _ in published}
    rows = []
    for label in [label for label in order if label in labels] + sorted(labels - set(order)):
        cells = []
        for column in columns:
            cell_runs = runs.get((label, column.metric), ())
            cells.append(
                Cell(
                    scores=tuple(100 * record.metrics[column.metric] for record in cell_runs),
                    published=published.get((label, column.heading)),
                    mark="".join(
                        mark for mark, tests in tested.items() if tests.get((label, column.heading), 1) <= SIGNIFICANT
                    ),
                    fold_std=_fold_std(cell_runs, column.metric),
                )
            )
        rows.append(Row(label, tuple(cells)))
    marked = sorted({baseline_of(row.label) for row in rows for cell in row.cells if "*" in cell.mark})
    if marked:
        names = compared_with or " or ".join(marked)
        notes = [*notes, f"* differs from {names}, p ≤ {SIGNIFICANT} (paired test over whole articles and documents)."]
    if any(SECOND_BASELINE_MARK in cell.mark for row in rows for cell in row.cells):
        notes = [*notes, f"{SECOND_BASELINE_MARK} differs from {second_baseline}, p ≤ {SIGNIFICANT} (the same test)."]
    notes = [*notes, *_correction_note(tested.values())]
    if any(cell.fold_std is not None for row in rows for cell in row.cells):
        notes = [*notes, FOLDS_NOTE]
    notes = [*notes, *changed_words_notes(records, columns), *_partial_notes(records, columns)]
    return Table(title, tuple(columns), best_marked(rows, columns), _caption(records), tuple(notes))


def _correction_note(tests: Iterable[Mapping[tuple[str, str], float]]) -> list[str]:
    """Return a note with the number of marks, and how many of them Holm's correction leaves; none without any."""
    columns: dict[str, list[float]] = defaultdict(list)
    for p_values in tests:
        for (_, heading), p_value in p_values.items():
            columns[heading].append(p_value)
    every = [p_value for column in columns.values() for p_value in column]
    of_columns = [p_value for column in columns.values() for p_value in holm(column)]
    marks, *left = (sum(p_value <= SIGNIFICANT for p_value in kind) for kind in (every, of_columns, holm(every)))
    note = (
        f"{_COUNTED}: {marks} of {len(every)} tests. Holm's correction for their number leaves "
        f"{left[0]} within each column, {left[1]} over all tests."
    )
    return [note] if marks else []


def _fold_std(records: Sequence[ResultRecord], metric: str) -> float | None:
    """Return the standard deviation over a record's folds in percent, the mean of several records'."""
    folds = [record.details.get("folds", {}).get(metric) for record in records]
    spreads = [100 * float(spread["sd"]) for spread in folds if spread is not None and spread["sd"] is not None]
    return sum(spreads) / len(spreads) if spreads else None


def _partial_notes(records: Sequence[ResultRecord], columns: Sequence[Column]) -> list[str]:
    """Return notes about sets of which only the first folds were run."""
    notes = set()
    for record in records:
        folds = setting(record, f"data.sets.{setting(record, 'task.name')}.folds") or {}
        shown = dict.fromkeys(column.group for column in columns if column.metric in record.metrics)
        if shown and (first := folds.get("run_first")):
            parts = "the first part" if first == 1 else f"the first {first} parts"
            notes.add(f"{', '.join(shown)}: {parts} of {folds['number']} of the cross-validation alone.")
    return sorted(notes)


def changed_words_notes(records: Sequence[ResultRecord], columns: Sequence[Column]) -> list[str]:
    """Return a note with the share of words that each attack changed, of records that have it; none without any.

    It is named by the group of its columns, or by the first of them where the group has columns of several attacks, or
    a group for each score.
    """
    attacked: dict[str, list[Column]] = defaultdict(list)
    for column in columns:
        parts = column.metric.split("/")[:3]  # attack, task and set
        if parts[0] == ATTACKED:
            attacked["/".join(parts)].append(column)
    groups = {path: {column.group for column in own} for path, own in attacked.items()}
    sets = Counter(chain.from_iterable(groups.values()))
    shares = []
    for path, (first, *_) in attacked.items():
        measured = metric_cell(records, f"{path}/{CHANGED_WORDS}").mean
        if measured is not None:
            name = first.group if len(groups[path]) == 1 == sets[first.group] else first.name
            shares.append(f"{name} {measured:.1f} %")
    return [f"Words that the attack changed: {', '.join(shares)}."] if shares else []


def runs_of(records: Sequence[ResultRecord], metrics: Sequence[str]) -> dict[tuple[str, str], tuple[ResultRecord, ...]]:
    """Return the runs behind each cell, (row, metric) -> records by seed and fold; of equal settings the later run.

    Raises:
        RecordError: if two runs of one seed have different settings, or a score is out of range.
    """
    chosen: dict[tuple[str, str], dict[tuple[int, int], ResultRecord]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: record.finished):
        label, which = row_label(record), repetition(record)
        for metric in metrics:
            if metric not in record.metrics:
                continue
            other = chosen[label, metric].get(which)
            if other is not None and other.key != record.key:
                models = [run.settings["model"] for run in (other, record)]
                named = [f"model.{name}" for name in models[0] if name in models[1]]
                unlike = [name for name in (SEED, *named) if setting(other, name) != setting(record, name)]
                raise RecordError(
                    f"{label} has two runs with seed {record.seed} and {metric} but different settings "
                    f"({', '.join([other.key, record.key, *unlike])}); run one of them with a name of its own, "
                    "model.name=NAME, or choose with read_records(folder, key=[...])"
                )
            if abs(record.metrics[metric]) > 1:
                raise RecordError(f"record {record.name}: expected {metric} in [0, 1], got {record.metrics[metric]}")
            chosen[label, metric][which] = record
    return {
        cell: tuple(runs_by_repetition[which] for which in sorted(runs_by_repetition))
        for cell, runs_by_repetition in chosen.items()
    }


def setting(record: ResultRecord, path: str) -> Any:
    """Return one of the record's settings by its dotted path, None if there is none."""
    value: Any = record.settings
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _refuse_mixtures(records: Sequence[ResultRecord]) -> None:
    on_trunks = [record for record in records if setting(record, TRUNK) is not None]  # baselines have none
    groups = [(RECIPE, records)]
    for family in dict.fromkeys(map(trunk_family, on_trunks)):
        groups.append((TRUNK, [record for record in on_trunks if trunk_family(record) == family]))
    for task in dict.fromkeys(str(setting(record, "task.name")) for record in records):
        of_task = [record for record in records if setting(record, "task.name") == task]
        groups += [(f"data.sets.{task}.{split}", of_task) for split in ("train", "dev", "test", "folds.number")]
    groups.append(("data.generated", records))
    for path, members in groups:
        if len(values := sorted({str(setting(record, path)) for record in members})) > 1:
            raise RecordError(
                f"a table needs runs with one settings.{path}, got {', '.join(values)}; "
                f"choose one with read_records(folder, **{{'settings.{path}': ...}})"
            )


def describe(records: Sequence[ResultRecord], *more: str, data: bool = True, seeds: bool = True) -> str:
    """Return what the caption of a table says of its records: ``Recipe R; trunk T; data D; seeds 1, 2; more``.

    Args:
        records: of the table, one recipe.
        data: whether the data are named, and whether they are generated.
    """
    recipe, trunks, names = (_names(records, path) for path in (RECIPE, TRUNK, "data.name"))
    about = [f"Recipe {recipe[0]}"] if recipe else []
    about += [_listed("trunk", trunks)] if trunks else []
    if data and names:
        generated = any(record.details.get("generated") for record in records)
        about.append(f"data {', '.join(names)}" + (f" ({NOT_COMPARABLE})" if generated else ""))
    if seeds:
        about.append(_listed("seed", sorted({record.seed for record in records})))
    return "; ".join([*about, *more])


def _caption(records: Sequence[ResultRecord]) -> str:
    if not records:
        return "No runs yet."
    seeds, folds = (sorted(set(numbers)) for numbers in zip(*map(repetition, records), strict=True))
    more = [_listed("fold", folds)] if len(folds) > 1 else []
    spread = ", mean ± standard deviation" if len(seeds) * len(folds) > 1 else ""
    return f"{describe(records, *more)}. Percent{spread}."


def _names(records: Sequence[ResultRecord], path: str) -> list[str]:
    return sorted({str(name) for record in records if (name := setting(record, path)) is not None})


def _listed(noun: str, values: Sequence[object]) -> str:
    return f"{noun}{'s' if len(values) > 1 else ''} {', '.join(map(str, values))}"
