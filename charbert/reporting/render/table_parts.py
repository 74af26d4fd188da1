"""A part of a written table that fits a page: chosen columns and rows, one number a cell.

A page asks for it in a comment; ``;`` separates, ``=`` gives another name, an indented line continues the one before::

    <!-- table results/minilm/tables/table2_robustness.csv
    columns: NER F1 original = clean; NER F1 attack = attacked
    rows: BERT; CharBERT-T
    beside: paper, folds
    notes: QNLI acc.
    -->
    <!-- end -->
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from charbert.errors import RecordError
from charbert.reporting.render.layout import markdown_line
from charbert.reporting.render.row_names import short_label

MISSING = "–"
FULL_SPREAD = 3
"""Seeds from which on a cell shows its standard deviation."""
BESIDE = {"paper": "published", "folds": "fold_std"}
"""What may have a column of its own right of a score, and its field: the paper's score, and ± over folds."""
HEADINGS = {"paper": "paper", "folds": "± folds"}

Score = dict[str, str]


@dataclass(frozen=True)
class Part:
    """What a page shows of a table; pairs are (name in the table, name on the page)."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str], ...] = ()
    """All that have a score in one of the columns if empty."""
    beside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """First words of the paragraphs below the whole table that the part keeps; those of its marks it keeps anyway."""


def read_part(text: str, *, shown: bool = True) -> Part:
    """Return what the lines of a page's comment ask for; one that shows nothing needs no columns.

    Raises:
        RecordError: if a line is not ``columns:``, ``rows:``, ``beside:`` or ``notes:``, or there are no columns.
    """
    options = {}
    for line in filter(None, map(str.strip, re.sub(r"\n\s+", " ", text.rstrip()).splitlines())):
        name, colon, value = line.partition(": ")
        if not colon or name not in ("columns", "rows", "beside", "notes"):
            raise RecordError(
                f"expected 'columns: ', 'rows: ', 'beside: ' or 'notes: ' in a table's comment, got {line!r}"
            )
        options[name] = value
    beside = tuple(part.strip() for part in options.get("beside", "").split(",") if part.strip())
    if (shown and "columns" not in options) or not set(beside) <= set(BESIDE):
        raise RecordError(f"expected columns, and beside them only {', '.join(BESIDE)}, got {text.strip()!r}")
    notes = tuple(note.strip() for note in options.get("notes", "").split(";") if note.strip())
    return Part(_pairs(options.get("columns", "")), _pairs(options.get("rows", "")), beside, notes)


def read_scores(source: Path) -> dict[tuple[str, str], Score]:
    """Return the cells of a table's CSV file, by row and column.

    Raises:
        RecordError: if the file is no CSV file.
    """
    if source.suffix != ".csv":
        raise RecordError(f"{source}: expected the CSV file of a table whose part is asked for")
    with source.open(encoding="utf-8", newline="") as file:
        return {(row["model"], row["column"]): row for row in csv.DictReader(file)}


def render_part(source: Path, part: Part) -> str:
    """Return a part of a table that `charbert.reporting.render.layout.write_table` wrote, as Markdown.

    A cell has its mean and marks, and from three seeds on ±. Seeds, marks and bold scores are explained below.

    Args:
        source: the table's CSV file; its notes are read from the Markdown file beside it.

    Raises:
        RecordError: if the file is no CSV file, or the table has no such column, row or note.
    """
    scores = read_scores(source)
    page = source.with_suffix(".md").read_text(encoding="utf-8")
    _round(scores, page)
    columns = _known(part.columns, {column for _, column in scores}, f"{source}: column")
    rows = _rows(scores, columns, part.rows, source)
    shown = {(row, column): scores[row, column] for row, _ in rows for column, _ in columns}
    wide = [
        (column, name, [kind for kind in part.beside if any(shown[row, column][BESIDE[kind]] for row, _ in rows)])
        for column, name in columns
    ]
    heads = ["Model", *(head for _, name, kinds in wide for head in [name, *(HEADINGS[kind] for kind in kinds)])]
    lines = [markdown_line(heads), "|---" + "|---:" * (len(heads) - 1) + "|"]
    for row, name in rows:
        texts = [name]
        for column, _, kinds in wide:
            score = shown[row, column]
            texts += [_score(score), *(_number(score[BESIDE[kind]], kind) for kind in kinds)]
        lines.append(markdown_line(texts))
    paragraphs = _notes(page, part.notes, shown.values(), source)
    legend = [_seeds(shown, dict(rows))]
    if any("folds" in kinds for _, _, kinds in wide):
        legend.append("± folds: standard deviation over the folds of the cross-validation.")
    if any(score["best"] == "1" for score in shown.values()) and "Bold:" not in " ".join(paragraphs):
        legend.append("Bold: best of the column.")
    return "\n".join([*lines, "", " ".join([*paragraphs, *legend])])


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    names = [[side.strip() for side in item.split(" = ")] for item in text.split(";") if item.strip()]
    return tuple((name[0], name[-1]) for name in names)


def _known(pairs: Iterable[tuple[str, str]], names: set[str], what: str) -> list[tuple[str, str]]:
    for name, _ in pairs:
        if name not in names:
            raise RecordError(f"{what} {name!r} is not in the table; it has {', '.join(sorted(names))}")
    return list(pairs)


def _rows(
    scores: Mapping[tuple[str, str], Score],
    columns: Sequence[tuple[str, str]],
    asked: Sequence[tuple[str, str]],
    source: Path,
) -> list[tuple[str, str]]:
    """Return the rows to show, by the names of the file and of the page; a page may ask by short names."""
    labels = list(dict.fromkeys(row for row, _ in scores))
    if asked:
        long = {short_label(label): label for label in labels}
        return _known(
            [(long.get(short_label(name), name), shown) for name, shown in asked], set(labels), f"{source}: row"
        )
    return [
        (label, short_label(label)) for label in labels if any(scores[label, column]["mean"] for column, _ in columns)
    ]


def _round(scores: Mapping[tuple[str, str], Score], page: str) -> None:
    """Take the means as the whole table rounds them: its file has lost the decimals to round 58.9550 by."""
    labels, columns = (dict.fromkeys(names) for names in zip(*scores, strict=True))
    lines = [line for line in page.splitlines() if line.startswith("| ")][1:]
    for label, line in zip(labels, lines, strict=True):
        for column, cell in zip(columns, line.strip("| ").split(" | ")[1:], strict=True):
            if mean := re.match(r"\**(-?\d+\.\d+)", cell):
                scores[label, column]["mean"] = mean[1]


def _score(score: Score) -> str:
    if not score["mean"]:
        return MISSING
    text = _number(score["mean"])
    text = f"**{text}**" if score["best"] == "1" else text
    text += score["mark"].replace("*", "\\*")
    return f"{text} ± {_number(score['std'])}" if score["std"] and int(score["seeds"]) >= FULL_SPREAD else text


def _number(text: str, kind: str = "") -> str:
    if not text:
        return MISSING
    if kind == "paper":
        return text
    return f"{float(text):,.0f}" if abs(float(text)) >= 1000 else f"{float(text):.2f}"


def _seeds(scores: Mapping[tuple[str, str], Score], names: Mapping[str, str]) -> str:
    counts = {int(score["seeds"]) for score in scores.values() if score["mean"]}
    text = "".join(f"±: mean and standard deviation over {seeds} seeds. " for seeds in sorted(counts) if seeds > 2)
    two = dict.fromkeys(names[row] for (row, _), score in scores.items() if int(score["seeds"] or 0) == 2)
    text += f"Means of two seeds: {'; '.join(two)}. " if two else ""
    return (text + ("All others: one seed." if text else "One seed.") if 1 in counts else text).strip()


def _notes(page: str, asked: Sequence[str], scores: Iterable[Score], source: Path) -> list[str]:
    """Return the paragraphs below the whole table that explain a part's marks, and those that it asks for."""
    marks = {mark for score in scores for mark in score["mark"]}
    paragraphs = [text.strip() for text in page.split("\n\n") if text.strip() and not text.startswith("|")]
    for note in asked:
        if not any(text.startswith(note) for text in paragraphs):
            raise RecordError(f"{source}: expected a note of the table that begins with {note!r}, found none")
    wanted = (*asked, *("\\*" if mark == "*" else mark for mark in sorted(marks)))
    return [text for text in paragraphs if text.startswith(wanted)]
