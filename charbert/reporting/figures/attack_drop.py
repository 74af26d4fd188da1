"""Share of its score that each model loses under attack. Paper: Sec. 4.5, BERT above 30 % on QNLI, CharBERT 12 %."""

from pathlib import Path

from charbert.reporting.render.layout import Cell, Table
from charbert.reporting.render.plot_style import CYCLE, add_legend, draw_cell, name_rows, row_panels, save_figure
from charbert.reporting.tables.published import ATTACK, ORIGINAL

COLOR = CYCLE[1]


def attack_drops(table: Table) -> dict[str, dict[str, Cell]]:
    """Return the share of its score that each model loses, in percent: ours and the paper's by task, then by row.

    Of ours the mean and the deviation are over the seeds' own losses. Tasks without a run of ours are left out as
    long as another has one, and so are rows with nothing to show.

    Args:
        table: with an original and an attacked column for each task, as Table 2.
    """
    groups = {group: _group_drops(table, group) for group in dict.fromkeys(column.group for column in table.columns)}
    run = {group: drops for group, drops in groups.items() if any(cell.scores for cell in drops.values())}
    return run or groups


def attack_drop_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw the loss of each model under attack as bars, the paper's as hollow diamonds.

    Args:
        table: with an original and an attacked column for each task, as Table 2.
    """
    drops = {group: rows for group, rows in attack_drops(table).items() if rows}
    labels = [row.label for row in table.rows if any(row.label in rows for rows in drops.values())]
    cells = [cell for rows in drops.values() for cell in rows.values()]
    largest = max([1.0, *(share for cell in cells for share in (cell.mean, cell.published) if share is not None)])
    with row_panels(len(drops), len(labels), marks=1) as (figure, axes):
        for axis, (group, rows) in zip(axes, drops.items(), strict=True):
            for label, cell in rows.items():
                draw_cell(axis, cell, labels.index(label), 0.7, COLOR, horizontal=True)
            name_rows(axis, labels)
            axis.set_title(group, fontsize=11)
            axis.set_xlabel("percent of the score lost")
            axis.set_xlim(0, 1.1 * largest)
        add_legend(figure, axes, ["ours", "paper"])
        notes = [note for note in table.notes if "attacked" in note]
        return save_figure(figure, folder, stem, " ".join(filter(None, (table.caption, *notes, table.row_legend))))


def _group_drops(table: Table, group: str) -> dict[str, Cell]:
    places = {column.name: at for at, column in enumerate(table.columns) if column.group == group}
    if not {ORIGINAL, ATTACK} <= places.keys():
        return {}
    drops = {}
    for row in table.rows:
        original, attacked = row.cells[places[ORIGINAL]], row.cells[places[ATTACK]]
        ours: tuple[float, ...] = ()
        if len(original.scores) == len(attacked.scores):  # of the same seeds, in the same order
            ours = tuple(
                _drop(score, attacked_score)
                for score, attacked_score in zip(original.scores, attacked.scores, strict=True)
                if score
            )
        paper = None
        if original.published and attacked.published is not None:
            paper = _drop(original.published, attacked.published)
        if ours or paper is not None:
            drops[row.label] = Cell(ours, paper)
    return drops


def _drop(original: float, attacked: float) -> float:
    return 100 * (original - attacked) / original
