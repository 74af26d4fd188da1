"""Pictures of scores under noise: every number and every line is there and can be told apart."""

import re
from itertools import pairwise
from pathlib import Path

from charbert.records import ResultRecord
from charbert.reporting.figures.noise_curves import noise_curves
from charbert.reporting.figures.noise_matrix import noise_matrix
from charbert.reporting.render.plot_style import CYCLE
from charbert.reporting.tables.robustness.curves import curves_table
from charbert.reporting.tables.robustness.families import robustness_table

CURVES = {"words": [[0.0, "clean"], [0.5, "words_50"], [1.0, "words_100"]]}


def record(model: str, seed: int = 1, **metrics: float) -> ResultRecord:
    settings = {"model": {"name": model}, "recipe": "quick", "data": {"name": "d"}, "curves": {"attack": {"name": "a"}}}
    settings["task"] = {"name": "ner", "metric": "f1"}
    named = {f"{name.replace('__', '/')}/f1": value for name, value in metrics.items()}
    clean_of = {"clean": "clean", "charbert": "clean", "upper": "clean", "dev": "dev", "typos": "dev"}
    return ResultRecord("analysis", "e", model, model, settings, seed, named, {"clean_of": clean_of, "curves": CURVES})


def texts(folder: Path, stem: str) -> list[tuple[str, float, str]]:
    """Return style, height and words of each text of a figure; its letters are kept as letters."""
    svg = (folder / f"{stem}.svg").read_text(encoding="utf-8")
    found = re.findall(r'<text style="([^"]*)" [^>]*?y="([-\d.]+)"[^>]*>([^<]*)</text>', svg)
    return [(style, float(height), words) for style, height, words in found]


def test_a_matrix_has_every_number_and_white_ones_where_most_is_lost(tmp_path: Path) -> None:
    scores = {"eval__ner": 0.9, "attack__ner__charbert": 0.5, "attack__ner__upper": 0.85, "dev__ner": 0.95}
    table = robustness_table([record("BERT", **scores, attack__ner__typos=0.15), record("CharBERT", **scores)])
    noise_matrix(table, tmp_path, "matrix", groups={"BERT": "plain trunks"})
    styles = {words: style for style, _, words in texts(tmp_path, "matrix")}
    assert {"90.0", "50.0", "85.0", "95.0", "15.0", "–", "BERT", "CharBERT", "plain trunks", "typos"} <= styles.keys()
    assert "mean drop" not in styles, "it is no score"
    assert {number for number in ("90.0", "85.0", "95.0", "15.0") if "#ffffff" in styles[number]} == {"15.0"}


def test_lines_are_named_at_their_ends_without_an_overlap(tmp_path: Path) -> None:
    names = [f"model {number}" for number in range(len(CYCLE) + 1)]
    records = [
        record(name, seed, eval__ner=0.9, attack__ner__words_50=0.8, attack__ner__words_100=0.7 + seed / 99)
        for name in names
        for seed in (1, 2)
    ]
    noise_curves(curves_table(records, {}), records, tmp_path, "curves")
    heights = sorted(height for _, height, words in texts(tmp_path, "curves") if words in names)
    assert len(heights) == len(names)
    assert min(below - above for above, below in pairwise(heights)) > 8.5, "the letters are as high"
