"""Smaller forms of fine-tuned models: size, speed and the share of the score they keep, as a table and a figure."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charbert.records import ResultRecord
from charbert.reporting.figures.analyses import COLORS
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.render.plot_style import CYCLE, INK, add_legend, panels, save_figure
from charbert.reporting.tables.scores import changed_words_notes, describe, setting

ORIGINAL = "original"
ORDER = (ORIGINAL, "onnx", "onnx_int8", "half", "pruned", "elsewhere")
MODELS = ("BERT", "AdvBERT", "NLM-BERT", "CharBERT")
SIZE, COMPRESSED, ZEROS = "size/stored", "size/compressed", "sparsity/of_all"
KEPT = "kept of the original, %"
_MARKS = {"original": "o", "ONNX": "s", "ONNX int8": "D", "half": "v", "pruned": "P"}
"""Mark by the form that a row's label names; a model made elsewhere is a star."""


def compression_table(records: Sequence[ResultRecord]) -> Table:
    """Return a row for each form of each model: size, time an example, scores, and their share of the original's.

    Args:
        records: of one task, with ``details.{label,form,versions}`` and metrics ``size/*``, ``latency/*``,
            ``eval/<task>/*`` and ``attack/<task>/<version>/*``.
    """
    first = records[0]
    task, metric = str(setting(first, "task.name")), str(setting(first, "task.metric"))
    attacks = [name for name in first.details["versions"] if name != "clean"]
    paths = {"clean": f"eval/{task}/{metric}"} | {
        f"attacked, {name}": f"attack/{task}/{name}/{metric}" for name in attacks
    }
    columns = [
        Column("weights,", "MB", SIZE, higher_is_better=False),
        Column("weights,", "MB gzipped", COMPRESSED, higher_is_better=False),
        Column("weights,", "% zero", ZEROS),
        *(Column("ms an example,", f"batch {size}", f"latency/batch_{size}") for size in (1, 32)),
        *(Column("CPU ms,", f"batch {size}", f"latency/batch_{size}_cpu") for size in (1, 32)),
        *(Column(f"{task.upper()} {metric.upper()}", name, path) for name, path in paths.items()),
        *(Column(KEPT, name, path) for name, path in paths.items()),
    ]
    originals = {_whose(record): record for record in records if record.details["form"] == ORIGINAL}
    runs: dict[str, list[ResultRecord]] = defaultdict(list)
    for record in sorted(records, key=_rank):
        runs[record.details["label"]].append(record)
    rows = [
        Row(label, tuple(Cell(_values(column, members, originals)) for column in columns))
        for label, members in runs.items()
    ]
    title = f"Smaller forms of fine-tuned models on {task.upper()}: does shrinking cost robustness?"
    notes = changed_words_notes(records, [column for column in columns if column.group != KEPT])
    return Table(title, tuple(columns), tuple(rows), _caption(records), (*_NOTES, *notes))


def compression_dots(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw the clean score, and each attacked one, against the size of the compressed weights.

    Args:
        table: from `compression_table`.
    """
    scores = [
        column for column in table.columns if column.metric.startswith(("eval/", "attack/")) and column.group != KEPT
    ]
    with panels(len(scores), width=4.4 * len(scores), height=4.4) as (figure, axes):
        for axis, column in zip(axes, scores, strict=True):
            for place, row in enumerate(table.rows):
                cells = dict(zip((other.heading for other in table.columns), row.cells, strict=True))
                _draw(axis, row, place, cells, column)
            axis.set_title(column.name, fontsize=10)
            axis.set_xlabel("weights, gzipped, MB")
            axis.set_xlim(left=0)
        axes[0].set_ylabel(f"{scores[0].group} in percent")
        models = list(dict.fromkeys(row.label.partition(", ")[0] for row in table.rows))
        add_legend(figure, axes, [*models, *_MARKS])
        return save_figure(figure, folder, stem, table.caption)


def _draw(axis: Any, row: Row, place: int, cells: dict[str, Cell], column: Column) -> None:
    """Mark a row: the model by color, its form by shape, the share of a pruned one beside it."""
    size, score = cells["weights, MB gzipped"].mean, cells[column.heading].mean
    if size is None or score is None:
        return
    model, _, form = row.label.partition(", ")
    kind, _, share = form.partition(" ") if form.startswith("pruned") else (form, "", "")
    mark = _MARKS.get(kind, "*")
    color = COLORS.get(model, CYCLE[place % len(CYCLE)])
    hollow = (
        {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.6} if kind == "ONNX" else {"markersize": 7}
    )
    axis.plot(size, score, mark, color=color, **hollow)
    axis.plot([], [], "o", color=color, label=model)
    if kind in _MARKS:
        axis.plot([], [], mark, color=INK, label=kind, **hollow)
    if share:
        axis.annotate(share, (size, score), (7, -3), textcoords="offset points", fontsize=7.5, color=INK)


def _values(column: Column, members: Sequence[ResultRecord], originals: dict[Any, ResultRecord]) -> tuple[float, ...]:
    if column.group == KEPT:
        pairs = [(record, originals.get(_whose(record))) for record in members]
        return tuple(
            100 * record.metrics[column.metric] / whole.metrics[column.metric]
            for record, whole in pairs
            if whole is not None and record.details["form"] != "elsewhere" and whole.metrics.get(column.metric)
        )
    factor = 1 if column.metric.startswith(("size/", "latency/")) else 100
    return tuple(factor * record.metrics[column.metric] for record in members if column.metric in record.metrics)


def _whose(record: ResultRecord) -> tuple[str, int]:
    return str(setting(record, "model.name")), record.seed


def _rank(record: ResultRecord) -> tuple[int, int, float, str, int]:
    """Return the place of a record: by model, then by form, pruned ones by their share."""
    name, form = str(setting(record, "model.name")), record.details["form"]
    known = MODELS.index(name) if name in MODELS else len(MODELS)
    share = record.metrics.get("sparsity/of_matrices", 0.0)
    return (
        (len(MODELS) + 1 if form == "elsewhere" else known),
        ORDER.index(form),
        share,
        record.details["label"],
        record.seed,
    )


def _caption(records: Sequence[ResultRecord]) -> str:
    threads = setting(records[0], "compression.threads")
    examples = f"{records[0].details['examples']:,} test examples"
    return f"{describe(records, examples, f'times on {threads} CPU thread' + ('s' if threads != 1 else ''))}."


_NOTES = (
    "Scores in percent. Milliseconds are medians, without the encoding of text: wall-clock time, and CPU time, which "
    "other programs on the machine hardly change. Half is stored in 16 bits and computed in 32. Pruned weights are of "
    "the encoder's matrices, and zeros are counted among all weights; they take less space only once compressed.",
)
