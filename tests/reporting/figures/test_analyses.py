"""Tables and pictures of the analyses, from records made by hand."""

import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from charbert.records import ResultRecord
from charbert.reporting.figures import analyses as figures
from charbert.reporting.tables import analyses as tables

SENTENCE = {"clean": ["Heavy", "storms"], "noisy": ["Haevy", "storms"], "values": {"concat": [0.2, math.nan]}}


def record(model: str, seed: int, metrics: dict[str, float], details: dict[str, Any], chars: str) -> ResultRecord:
    settings = {
        "recipe": "quick",
        "data": {"name": "benchmarks"},
        "trunk": {"name": "tiny"},
        "task": {"name": "ner"},
        "model": {"name": model, "char_encoder": chars},
        "analysis": {"sensitivity": {"stage": "finetuned"}},
    }
    key = f"{model}{seed}{details.get('source', '')}"
    return ResultRecord("analysis", "x", key, key, settings, seed, metrics=metrics, details=details)


def split_record(model: str, seed: int, f1: float) -> ResultRecord:
    scores = {f"eval/ner/{name}/f1": f1 for name in ("all_words", "split", "unsplit")}
    shares = {"share/split_words": 0.2, "share/split_entity_words": 0.4, "share/split_entities": 0.5}
    return record(model, seed, scores | shares, {}, "gru")


def sensitivity_record(model: str, seed: int) -> ResultRecord:
    metrics = {f"sensitivity/ner/concat/{which}": 0.05 for which in ("all_words", "attacked", "others")}
    if model == "CharBERT":
        metrics |= {f"sensitivity/ner/{channel}/all_words": 0.04 for channel in ("token", "char")}
    return record(model, seed, metrics, {"sentence": SENTENCE}, "gru")


def source_record(model: str, source: str, chars: str, f1: float) -> ResultRecord:
    return record(model, 1, {"eval/ner/f1": f1}, {"source": source}, chars)


SOURCES = [
    source_record("CharBERT", "char", "gru", 0.8),
    source_record("CharBERT", "concat", "gru", 0.9),
    source_record("BERT", "concat", "none", 0.85),
]


def fragility_record(tokenizer: str) -> ResultRecord:
    shares = {"share/split": 0.25, "share/new_subwords": 0.8, "share/new_length": 0.7}
    return record("CharBERT", 1, shares, {"tokenizer": tokenizer, "counts": {"nouns": 1200}}, "gru")


def texts(path: Path) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]


def test_fig4_shows_our_score_of_each_class_and_the_papers() -> None:
    table = tables.fig4_word_vs_subword([split_record("BERT", 1, 0.8), split_record("BERT", 2, 0.9)])
    cell = table.cell("BERT", "NER F1 split")
    assert cell.mean == pytest.approx(85) and cell.published == 90.28
    assert "of the words (paper: 17.8 %), 40.0 % of the words in entities (paper: 45.3 %); 50.0 %" in table.notes[0]
    assert table.cell("CharBERT", "NER F1 unsplit").published == 93.39


def test_fig5_is_times_a_hundred_and_has_no_best() -> None:
    table = tables.fig5_sensitivity([sensitivity_record("BERT", 1), sensitivity_record("CharBERT", 1)])
    cell = table.cell("CharBERT", "S x 100, all words")
    assert cell.mean == pytest.approx(5) and cell.published == pytest.approx(9.86)
    assert table.cell("CharBERT", "S x 100, char channel").mean == pytest.approx(4)
    assert table.cell("BERT", "S x 100, char channel").mean is None
    assert not any(cell.is_best for row in table.rows for cell in row.cells)


def test_fig6_has_a_row_for_each_kind_of_states_in_the_papers_order() -> None:
    table = tables.fig6_embedding_sources(SOURCES)
    assert [row.label for row in table.rows] == ["char", "sum", "token", "BERT", "concat"]
    assert table.cell("concat", "NER F1").is_best and table.cell("BERT", "NER F1").mean == pytest.approx(85)
    assert table.cell("sum", "NER F1").mean is None


def test_fig6_names_the_model_of_states_that_the_paper_does_not_have() -> None:
    labels = [row.label for row in tables.fig6_embedding_sources([source_record("Ours", "char", "gru", 0.5)]).rows]
    assert "Ours, char" in labels


def test_sec1_has_the_papers_numbers_at_its_own_tokenizer() -> None:
    table = tables.intro_fragility([fragility_record("minilm"), fragility_record("bert-base-cased")])
    assert [row.label for row in table.rows] == ["bert-base-cased", "minilm"]
    assert table.cell("bert-base-cased", "nouns, split").published == pytest.approx(28)
    assert table.cell("minilm", "nouns, split").published is None
    assert table.caption.startswith("1,200 nouns")


def test_the_sentence_is_that_of_the_lowest_seed() -> None:
    late, early = sensitivity_record("BERT", 2), sensitivity_record("BERT", 1)
    late.details["sentence"] = {}
    assert tables.shown_sentences([early, late]) == {"BERT": SENTENCE}


def test_the_figures_show_names_numbers_and_words(tmp_path) -> None:
    split = tables.fig4_word_vs_subword([split_record("BERT", 1, 0.8)])
    moved = [sensitivity_record("BERT", 1), sensitivity_record("CharBERT", 1)]
    drawn = {
        "fig4": figures.split_dots(split, tmp_path, "fig4"),
        "fig5": figures.sensitivity_bars(
            tables.fig5_sensitivity(moved), tables.shown_sentences(moved), tmp_path, "fig5"
        ),
        "fig6": figures.source_dots(tables.fig6_embedding_sources(SOURCES), tmp_path, "fig6"),
        "intro": figures.share_bars(tables.intro_fragility([fragility_record("minilm")]), tmp_path, "intro"),
    }
    written = {name: set(texts(paths[1])) for name, paths in drawn.items()}
    assert {"80.00", "90.28", "split", "BERT", "paper"} <= written["fig4"]
    assert {"Heavy", "Haevy", "storms", "char channel alone", "5.00"} <= written["fig5"]
    assert {"char", "concat", "90.00", "90.39"} <= written["fig6"]
    assert {"ours, minilm", "paper, bert-base-cased", "25.0"} <= written["intro"]
    assert all(paths[0].read_bytes().startswith(b"\x89PNG") for paths in drawn.values())


def test_sources_of_an_encoder_with_a_long_name_are_broken_into_lines(tmp_path) -> None:
    long = [source_record("CharBERT (pretrained)", source, "gru", 0.8) for source in ("char", "token")]
    _, drawn = figures.source_dots(tables.fig6_embedding_sources([*SOURCES, *long]), tmp_path, "fig6")
    written = texts(drawn)
    assert not any("CharBERT (pretrained)" in text for text in written)
    assert {"(pretrained),", "token"} <= set(written)


def test_redrawing_needs_no_torch() -> None:
    code = "import sys; import charbert.pipelines.redraw; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
