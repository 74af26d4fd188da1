"""A table as data, and as Markdown, CSV and LaTeX."""

import csv
import io
import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from charbert.files import write_atomically


@dataclass(frozen=True)
class Column:
    """What a column shows."""

    group: str
    """The heading it shares with its neighbors, as ``NER F1``."""
    name: str
    """Its own, as ``attack``; empty: the group says it all."""
    metric: str
    """Path of the score in a record's metrics."""
    published_digits: int = 1
    """Decimals of the paper's scores."""
    higher_is_better: bool = True
    of_all_seeds: bool = False
    """Whether a cell has one number of all seeds together, as a rank."""

    @property
    def heading(self) -> str:
        """Both headings in one line."""
        return f"{self.group} {self.name}".strip()


@dataclass(frozen=True)
class Cell:
    """Our scores over seeds beside the paper's, all in percent."""

    scores: tuple[float, ...] = ()
    published: float | None = None
    mark: str = ""
    """Result of significance tests, as ``*``; the table's notes explain it."""
    is_best: bool = False
    """Whether no other model's mean in the column is better."""
    fold_std: float | None = None
    """Standard deviation of the score over the parts of a cross-validation, a mean over seeds; None without parts."""

    @property
    def mean(self) -> float | None:
        """Mean over seeds; None without a run."""
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def std(self) -> float | None:
        """Sample standard deviation over seeds; None for fewer than two."""
        if len(self.scores) < 2 or not all(map(math.isfinite, self.scores)):
            return None
        return statistics.stdev(self.scores)


@dataclass(frozen=True)
class Row:
    """One model."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Rows of models, columns of scores, and the caption and notes that explain them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str
    """Recipe, data, seeds, and what the numbers are."""
    notes: tuple[str, ...] = ()
    row_legend: str = ""
    """What the short names of rows mean."""

    @property
    def footnotes(self) -> tuple[str, ...]:
        """The notes, and the legend of the rows if there is one."""
        return (*self.notes, self.row_legend) if self.row_legend else self.notes

    def cell(self, label: str, heading: str) -> Cell:
        """Return the cell of a row and a column, by their text.

        Raises:
            KeyError: if the table has no such row or column.
        """
        cells = {
            (row.label, column.heading): cell
            for row in self.rows
            for column, cell in zip(self.columns, row.cells, strict=True)
        }
        return cells[label, heading]

    @property
    def legend(self) -> str:
        """The caption, and what the brackets of a rendered cell are."""
        shown = any(cell.published is not None for row in self.rows for cell in row.cells)
        return self.caption + (" In brackets: the paper." if shown else "")

    @property
    def most_seeds(self) -> int:
        """The largest number of seeds behind a cell."""
        return max((len(cell.scores) for row in self.rows for cell in row.cells), default=0)


def best_marked(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the best mean of each column flagged, where it has two or more."""
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


@dataclass(frozen=True)
class _Style:
    bold: str
    plus_minus: str
    missing: str
    mark: str
    star: str = "*"

    def text(self, cell: Cell, column: Column, most_seeds: int) -> str:
        """Return ours, then the paper's in brackets."""
        published = "" if cell.published is None else f" [{cell.published:.{column.published_digits}f}]"
        if cell.mean is None:
            return self.missing + published
        ours = f"{cell.mean:.2f}" + ("" if cell.std is None else f"{self.plus_minus}{cell.std:.2f}")
        ours = self.bold.format(ours) if cell.is_best else ours
        mark = self.mark.format(cell.mark.replace("*", self.star)) if cell.mark else ""
        fewer = f" (n={len(cell.scores)})" if len(cell.scores) < most_seeds and not column.of_all_seeds else ""
        folds = "" if cell.fold_std is None else f" (folds{self.plus_minus}{cell.fold_std:.2f})"
        return ours + mark + fewer + folds + published

    def texts(self, table: Table, row: Row) -> list[str]:
        """Return the texts of a row's cells."""
        pairs = zip(row.cells, table.columns, strict=True)
        return [self.text(cell, column, table.most_seeds) for cell, column in pairs]


_MARKDOWN = _Style(bold="**{}**", plus_minus=" ± ", missing="–", mark="{}", star=r"\*")
_PLAIN = _Style(bold="{}", plus_minus=" ± ", missing="–", mark="{}")
_LATEX = _Style(bold=r"\textbf{{{}}}", plus_minus=r" $\pm$ ", missing="--", mark=r"\textsuperscript{{{}}}")


def render_markdown(table: Table) -> str:
    """Return the table for a README: best means bold, the paper's scores in brackets."""
    lines = [f"**{table.title}**", "", markdown_line(["Model", *(column.heading for column in table.columns)])]
    lines.append("|---" + "|---:" * len(table.columns) + "|")
    lines += [markdown_line([row.label, *_MARKDOWN.texts(table, row)]) for row in table.rows]
    for paragraph in (table.legend, *table.footnotes):
        lines += ["", paragraph.replace("*", "\\*")]
    return "\n".join(lines) + "\n"


def render_text(table: Table) -> str:
    """Return the rows and columns that have runs, aligned for a terminal; the files have the others, too."""
    columns = [index for index in range(len(table.columns)) if any(row.cells[index].scores for row in table.rows)]
    lines = [["", *(table.columns[index].heading for index in columns)]]
    for row in table.rows:
        if any(cell.scores for cell in row.cells):
            texts = cell_texts(table, row)
            lines.append([row.label, *(texts[index] for index in columns)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join([table.title, *rows, table.legend, *table.footnotes]) + "\n"


def cell_texts(table: Table, row: Row) -> list[str]:
    """Return the texts of a row's cells without markup."""
    return _PLAIN.texts(table, row)


def markdown_line(texts: Iterable[str]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def render_csv(table: Table) -> str:
    """Return one line per cell, scores in percent: easy to read back, sort and plot."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", "column", "metric", "mean", "std", "seeds", "published", "mark", "best", "fold_std"])
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            ours = ["" if value is None else f"{value:.4f}" for value in (cell.mean, cell.std)]
            published = "" if cell.published is None else f"{cell.published:.{column.published_digits}f}"
            folds = "" if cell.fold_std is None else f"{cell.fold_std:.4f}"
            values = [*ours, len(cell.scores), published, cell.mark, int(cell.is_best), folds]
            writer.writerow([row.label, column.heading, column.metric, *values])
    return out.getvalue()


def render_latex(table: Table) -> str:
    """Return a ``table`` environment that needs no package but booktabs."""
    headings, rules, first = [], [], 2
    for group, columns in itertools.groupby(table.columns, key=lambda column: column.group):
        size = len(list(columns))
        headings.append(rf"\multicolumn{{{size}}}{{c}}{{{_latex(group)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{first + size - 1}}}")
        first += size
    body = [[_latex(row.label), *_LATEX.texts(table, row)] for row in table.rows]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(f'{table.title}. {table.legend}')}}}",
        rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule",
        " & ".join(["Model", *headings]) + r" \\",
        " ".join(rules),
        " & ".join(["", *(_latex(column.name) for column in table.columns)]).lstrip() + r" \\",
        r"\midrule",
        *(" & ".join(texts) + r" \\" for texts in body),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {_latex(note)}" for note in table.footnotes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


_LATEX_SPECIAL = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "–": "--", "<": "$<$", ">": "$>$", "≤": r"$\le$"}
)


def _latex(text: str) -> str:
    return text.translate(_LATEX_SPECIAL)


def write_table(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Write ``stem.md``, ``stem.csv`` and ``stem.tex``, each whole or not at all, and return their paths.

    Raises:
        RecordError: if one cannot be written.
    """
    renderers = {".md": render_markdown, ".csv": render_csv, ".tex": render_latex}
    paths = [Path(folder) / f"{stem}{suffix}" for suffix in renderers]
    for path, render in zip(paths, renderers.values(), strict=True):
        write_atomically(path, render(table))
    return paths
