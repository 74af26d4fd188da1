"""The table of smaller forms: every form once, in its order, with what it kept of the original."""

from pathlib import Path
from typing import Any

import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table, render_markdown
from charbert.reporting.tables.compression import KEPT, compression_dots, compression_table


def record(model: str, form: str, clean: float, attacked: float, size: float, **metrics: float) -> ResultRecord:
    settings: dict[str, Any] = {
        "recipe": "quick",
        "trunk": {"name": "tiny"},
        "data": {"name": "newswire"},
        "task": {"name": "ner", "metric": "f1"},
        "model": {"name": model},
        "compression": {"threads": 1},
    }
    names = {"onnx_int8": "ONNX int8"}
    label = "student" if form == "elsewhere" else f"{model}, {names.get(form, form)}"
    if form == "pruned":
        label += f" {100 * metrics['sparsity/of_matrices']:g} %"
    details = {"form": form, "label": label, "versions": ["clean", "charbert"], "examples": 1200, "generated": True}
    scores = {"eval/ner/f1": clean, "attack/ner/charbert/f1": attacked}
    cost = {"size/stored": size, "size/compressed": size * 0.9, "latency/batch_1": 2.0, "latency/batch_32": 1.0}
    cost |= {f"{name}_cpu": value for name, value in cost.items() if name.startswith("latency/")}
    return ResultRecord("analysis", "compress", label, "k", settings, 1, scores | cost | metrics, details)


@pytest.fixture
def table() -> Table:
    share = {"sparsity/of_matrices": 0.3, "sparsity/of_all": 0.15}
    more = {"sparsity/of_matrices": 0.7, "sparsity/of_all": 0.35}
    return compression_table(
        [
            record("CharBERT", "pruned", 0.2, 0.1, 40, **more),
            record("CharBERT", "elsewhere", 0.7, 0.5, 5),
            record("CharBERT", "onnx_int8", 0.8, 0.45, 10),
            record("CharBERT", "pruned", 0.8, 0.5, 40, **share),
            record("CharBERT", "original", 0.8, 0.6, 40),
            record("BERT", "original", 0.5, 0.25, 20),
        ]
    )


def test_models_and_forms_are_in_order(table: Table) -> None:
    assert [row.label for row in table.rows] == [
        "BERT, original",
        "CharBERT, original",
        "CharBERT, ONNX int8",
        "CharBERT, pruned 30 %",
        "CharBERT, pruned 70 %",
        "student",
    ]


def test_what_is_kept_is_a_share_of_the_same_model_as_it_was(table: Table) -> None:
    int8 = "CharBERT, ONNX int8"
    assert table.cell(int8, f"{KEPT} clean").mean == pytest.approx(100)
    assert table.cell(int8, f"{KEPT} attacked, charbert").mean == pytest.approx(75)
    assert table.cell("BERT, original", f"{KEPT} clean").mean == pytest.approx(100)
    assert table.cell("student", f"{KEPT} clean").mean is None


def test_sizes_and_scores_are_in_their_units_and_zeros_are_of_all_weights(table: Table) -> None:
    assert table.cell("CharBERT, original", "weights, MB").mean == 40
    assert table.cell("CharBERT, original", "NER F1 clean").mean == pytest.approx(80)
    assert table.cell("CharBERT, pruned 70 %", "weights, % zero").mean == pytest.approx(35)
    assert table.cell("CharBERT, original", "weights, % zero").mean is None


def test_the_caption_names_the_examples_the_threads_and_generated_data(table: Table) -> None:
    text = render_markdown(table)
    assert "1,200 test examples; times on 1 CPU thread" in text
    assert "not comparable with the paper" in text


def test_the_figure_has_a_panel_for_each_eval_set(table: Table, tmp_path: Path) -> None:
    png, svg = compression_dots(table, tmp_path, "compress")
    drawn = svg.read_text()
    assert png.stat().st_size > 10_000
    for text in ("clean", "attacked, charbert", "weights, gzipped, MB", "ONNX int8", "student", "30 %"):
        assert f">{text}<" in drawn
