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


@pytest.mark.parametrize(("draw", "page"), [(benchmark_table, "benchmarks.md"), (scaling_table, "scaling.md")])
def test_the_pages_show_the_record_that_is_kept(draw, page: str) -> None:
    table = draw(read_record(ROOT / "results/bench/record.json"))
    assert table in (ROOT / "docs" / page).read_text(encoding="utf-8")
