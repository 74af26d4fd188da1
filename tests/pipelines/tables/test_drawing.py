from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.pipelines.tables.drawing import TableSpec, draw, draw_all
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Row, Table

Composed = Callable[..., Settings]
RECORD = ResultRecord("finetune", "any", "a-run", "a1", {}, 1)
TABLE = Table(
    "A table",
    (Column("NER F1", "", "eval/ner/f1"),),
    (Row("CharBERT, dense noise", (Cell((50.0,)),)),),
    "Recipe quick.",
)


def spec(records: Sequence[ResultRecord] = (RECORD,), table: Table | None = TABLE) -> TableSpec:
    return TableSpec(lambda settings: f"of_{settings.task.name}", lambda _: records, lambda _, __: table)


def test_files_and_figures_have_short_names_and_the_table_returned_has_full_ones(composed: Composed) -> None:
    settings = composed("recipe=quick")
    seen = []

    def figure(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
        seen.append((table.rows[0].label, list(records), folder, stem))

    drawn = draw(settings, replace(spec(), figures=figure))
    results = Path(settings.paths.results)
    assert drawn == TABLE
    assert "| CharBERT-D | 50.00 |" in (results / "tables" / "of_ner.md").read_text()
    assert seen == [("CharBERT-D", [RECORD], results / "figures", "of_ner")]


def test_the_rows_that_ran_and_the_paths_of_the_files_are_shown(
    composed: Composed, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = composed("recipe=quick")
    empty = Row("AdvBERT", (Cell((), 90.0),))
    results = Path(settings.paths.results)

    def figure(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
        folder.mkdir(parents=True)
        (folder / f"{stem}.png").touch()

    draw(settings, replace(spec(table=replace(TABLE, rows=(*TABLE.rows, empty))), figures=figure))
    shown = capsys.readouterr().out
    assert "CharBERT-D  50.00" in shown and "AdvBERT" not in shown
    assert f"table: {results}/tables/of_ner.md\npicture: {results}/figures/of_ner.png\n" in shown


def test_a_table_that_cannot_be_built_leaves_the_others_and_is_named_at_the_end(composed: Composed) -> None:
    def refuse(settings: Settings, records: Sequence[ResultRecord]) -> Table:
        raise RecordError("CharBERT has two runs")

    settings = composed("recipe=quick")
    with pytest.raises(RecordError, match=r"^first, second not drawn: CharBERT has two runs$"):
        draw_all(settings, [*(replace(spec(), stem=stem, build=refuse) for stem in ("first", "second")), spec()])
    assert (Path(settings.paths.results) / "tables" / "of_ner.md").is_file()


def test_a_table_without_records_or_rows_is_not_written(composed: Composed) -> None:
    settings = composed("recipe=quick")
    assert draw(settings, spec(records=())) is None
    assert draw(settings, spec(table=None)) is None
    assert not (Path(settings.paths.results) / "tables").exists()


def test_every_variant_is_drawn_under_its_own_name(composed: Composed) -> None:
    settings = composed("recipe=quick")

    def of_two_tasks(settings: Settings) -> list[Settings]:
        return [replace(settings, task=replace(settings.task, name=name)) for name in ("ner", "pos")]

    stems = draw_all(settings, [replace(spec(), variants=of_two_tasks), spec(records=())])
    assert stems == ["of_ner", "of_pos"]
    assert {path.stem for path in (Path(settings.paths.results) / "tables").iterdir()} == set(stems)
