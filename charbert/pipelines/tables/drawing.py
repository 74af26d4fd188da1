"""A table and its figures, drawn from records: which records, how the table is built, what it is called."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table, render_text, write_table
from charbert.reporting.render.row_names import with_short_names
from charbert.runs.ending import show_at_end

Figures = Callable[[Table, Sequence[ResultRecord], Path, str], object]
"""Draws figures of a table, from the table itself and its records, into a folder, as files of a stem."""


@dataclass(frozen=True)
class TableSpec:
    """A table that is drawn from records."""

    stem: str | Callable[[Settings], str]
    """Name of its files and of its figures'."""
    records: Callable[[Settings], Sequence[ResultRecord]]
    """Which records belong into the settings' own table; none: it is not drawn."""
    build: Callable[[Settings, Sequence[ResultRecord]], Table | None]
    """Builds the table; None where there is nothing to show."""
    figures: Figures | None = None
    variants: Callable[[Settings], Iterable[Settings]] = lambda settings: (settings,)
    """The settings of each table of this kind that may be drawn, as one for each task."""

    def name(self, settings: Settings) -> str:
        """Return the stem of the settings' own table."""
        return self.stem if isinstance(self.stem, str) else self.stem(settings)


def of_table(figure: Callable[[Table, Path, str], object]) -> Figures:
    """Return a figure that needs the table alone as `Figures`."""
    return lambda table, _, folder, stem: figure(table, folder, stem)


def of_each_task(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with the name of each task that their data have a set for."""
    for name in settings.data.sets:
        yield replace(settings, task=replace(settings.task, name=name))


def draw(settings: Settings, spec: TableSpec) -> Table | None:
    """Write a table and its figures under ``paths.results``, rows under their short names.

    Returns:
        The table with the rows' full names; None where no record belongs into it.

    Raises:
        RecordError: if records cannot be compared in one table, or a file cannot be written.
    """
    records = spec.records(settings)
    table = spec.build(settings, records) if records else None
    if table is None:
        return None
    stem, results = spec.name(settings), Path(settings.paths.results)
    shown = with_short_names(table)
    write_table(shown, results / "tables", stem)
    if spec.figures is not None:
        spec.figures(shown, records, results / "figures", stem)
    show_at_end(stem, f"\n{render_text(shown)}{_files(results, stem)}")
    return table


def _files(results: Path, stem: str) -> str:
    picture = results / "figures" / f"{stem}.png"
    return f"table: {results / 'tables' / stem}.md\n" + (f"picture: {picture}\n" if picture.is_file() else "")


def draw_all(settings: Settings, specs: Iterable[TableSpec]) -> list[str]:
    """Write every variant of the tables that has records, and return the stems of the tables written.

    Raises:
        RecordError: after all others are written, if the records of a table cannot be compared; it names that table.
    """
    drawn: list[str] = []
    refused: dict[str, list[str]] = {}
    for spec in specs:
        for variant in spec.variants(settings):
            try:
                table = draw(variant, spec)
            except RecordError as error:
                refused.setdefault(str(error), []).append(spec.name(variant))
                continue
            drawn += [spec.name(variant)] if table is not None else []
    if refused:
        raise RecordError("; ".join(f"{', '.join(names)} not drawn: {why}" for why, names in refused.items()))
    return drawn
