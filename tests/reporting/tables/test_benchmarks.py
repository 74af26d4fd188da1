from pathlib import Path

import pytest

from charbert.records import read_record, start_record
from charbert.reporting.tables.benchmarks import FIGURES, benchmark_table, scaling_table

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_is_met_or_missed_in_its_own_direction(figure) -> None:
    for factor, met in ((1.1, figure.at_least), (0.9, not figure.at_least)):
        record = start_record("bench", "bench", "bench", settings={}, seed=0)
        record.metrics = {f"bench/{figure.name}": factor * figure.target}
        record.details = {"seconds": {}, "megabytes": {}}
        rows = [line for line in benchmark_table(record).splitlines() if figure.text in line]
        assert len(rows) == 1 and rows[0].endswith("| met |" if met else "| missed |")


@pytest.mark.parametrize(
    ("draw", "page", "whole"),
    [(benchmark_table, "benchmarks.md", "table.md"), (scaling_table, "scaling.md", "scaling.md")],
)
def test_the_pages_show_rows_of_the_record_that_is_kept(draw, page: str, whole: str) -> None:
    table = draw(read_record(ROOT / "results/bench/record.json"))
    assert table.strip() in (ROOT / "results/bench" / whole).read_text(encoding="utf-8")
    header, *rows = table.splitlines()
    shown = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"{header}\n")[2].partition("\n\n")[0]
    assert len(shown.splitlines()) > 5
    assert set(shown.splitlines()) <= set(rows)
