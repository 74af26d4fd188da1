"""What characters tell encoders beside how robust they are, from records made by hand."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Table, render_markdown
from charbert.reporting.tables.char_channel import AttackedScores, char_channel_table, robustness_dots

MOVE = "characters shuffled: token channel pretrained"
ATTACKED = Column("NER F1", "attack", "attack/ner/released/f1")
PRETRAINED = {"CharBERT": 0.01, "w/o GRU": 0.15, "w/o NLM": 0.1, "char start": 0.3}


def record(model: str, metrics: dict[str, float]) -> ResultRecord:
    settings = {"recipe": "quick", "trunk": {"name": "tiny"}, "model": {"name": model}}
    prefixed = {f"char_channel/{name}": value for name, value in metrics.items()}
    return ResultRecord("analysis", "x", model, model, settings, 1, metrics=prefixed, details={"texts": 9})


def attacked_table(scores: dict[str, float]) -> Table:
    records = [record(model, {"pretrained/token_change": move}) for model, move in PRETRAINED.items()]
    cells = {model: Cell((score,), published=99.0, mark="*") for model, score in scores.items()}
    return char_channel_table(records, attacked=AttackedScores(ATTACKED, cells))


def test_an_encoder_that_was_not_pretrained_has_a_row_of_its_start_alone() -> None:
    start = {f"start/{name}": 0.0123 for name in ("token_deviation", "char_deviation", "char_change")}
    omit_default = {"pretrained/char_deviation": 0.5}
    table = char_channel_table([record("w/o", start), record("CharBERT", start | omit_default)])
    assert [row.label for row in table.rows] == ["CharBERT", "w/o"]
    assert table.cell("w/o", "between subwords: char channel at first").mean == pytest.approx(1.23)
    assert table.cell("w/o", "between subwords: char channel pretrained").mean is None
    assert table.cell("CharBERT", "between subwords: char channel pretrained").mean == pytest.approx(50)
    assert "9 blocks of held-out text." in render_markdown(table)


def test_scores_under_attack_have_a_column_and_their_ranks_are_correlated() -> None:
    table = attacked_table({"CharBERT": 40.0, "w/o GRU": 50.0, "w/o NLM": 45.0, "char start": 49.0, "other": 70.0})
    assert [row.label for row in table.rows] == ["CharBERT", "char start", "w/o GRU", "w/o NLM"]
    assert table.cell("w/o GRU", "NER F1 attack") == Cell((50.0,))
    note = "of NER F1 attack with characters shuffled: token channel pretrained: 0.80, over 4 encoders."
    assert table.notes[1].endswith(note)  # one pair of neighbours in the wrong order, of four


def pretraining(model: str, perplexity: float, **others: object) -> ResultRecord:
    settings = {**record(model, {}).settings, **others}
    return ResultRecord("pretrain", "x", model, model, settings, 1, metrics={"eval/mlm_perplexity": perplexity})


def test_scores_of_an_encoders_pretraining_have_columns_and_are_correlated() -> None:
    other_trunk = pretraining("CharBERT", 7.0, trunk={"name": "large"})
    pretrained = [pretraining(model, 100 - 50 * move) for model, move in PRETRAINED.items()]
    cells = {model: Cell((40 + move,)) for model, move in PRETRAINED.items()}
    moves = [record(model, {"pretrained/token_change": move}) for model, move in PRETRAINED.items()]
    table = char_channel_table(moves, [*pretrained, other_trunk], AttackedScores(ATTACKED, cells))
    assert table.cell("CharBERT", "MLM perplexity").scores == (99.5,)
    assert table.cell("CharBERT", "NLM accuracy, known words").scores == ()
    assert table.columns[-1] == ATTACKED
    _, moved, learnt = table.notes
    assert moved.endswith("with characters shuffled: token channel pretrained: 1.00, over 4 encoders.")
    assert learnt.endswith("with MLM perplexity: -1.00, over 4 encoders.")


@pytest.mark.parametrize("other", [{"later": 0}, {"recognizer": {"epochs": 2}}])
def test_a_pretraining_is_found_despite_newer_settings_and_those_of_the_recognizer(other: dict[str, object]) -> None:
    measured, pretrained = record("CharBERT", {"pretrained/token_change": 0.1}), pretraining("CharBERT", 50.0)
    measured.settings["model"] = {"name": "CharBERT", "recognizer": {"epochs": 1}}
    pretrained.settings["model"] = {"name": "CharBERT", **other}
    table = char_channel_table([measured], [pretrained])
    assert table.cell("CharBERT", "MLM perplexity").mean == 50


def test_encoders_without_a_score_count_for_no_correlation(tmp_path: Path) -> None:
    table = attacked_table({"CharBERT": 40.0, "w/o GRU": 50.0})
    assert table.cell("w/o NLM", "NER F1 attack").mean is None and table.cell("w/o NLM", MOVE).mean == pytest.approx(10)
    assert len(table.notes) == 1
    assert robustness_dots(table, tmp_path, "dots") == [] and not list(tmp_path.iterdir())


def test_a_table_without_scores_has_no_figure(tmp_path: Path) -> None:
    records = [record(model, {"pretrained/token_change": move}) for model, move in PRETRAINED.items()]
    assert robustness_dots(char_channel_table(records), tmp_path, "dots") == []


def test_the_figure_names_each_encoder_without_overlaps(tmp_path: Path) -> None:
    scores = {"CharBERT": 40.0, "w/o GRU": 50.0, "w/o NLM": 49.8, "char start": 55.0}
    png, svg = robustness_dots(attacked_table(scores), tmp_path, "dots")
    assert png.read_bytes().startswith(b"\x89PNG")
    nodes = [node for node in ElementTree.parse(svg).iter() if node.tag.endswith("}text")]
    lines = {"".join(node.itertext()).strip(): node for node in nodes}
    assert {*scores, "NER F1 attack in percent"} <= lines.keys()
    heights = {name: _height(lines[name]) for name in ("w/o GRU", "w/o NLM")}
    assert heights["w/o NLM"] - heights["w/o GRU"] > 8  # SVG counts from the top; a line is about nine high


def test_scores_of_several_seeds_have_a_bar_of_their_deviation(tmp_path: Path) -> None:
    one, several = (attacked_table({"CharBERT": 40.0, "w/o GRU": 50.0, "w/o NLM": 49.8}) for _ in range(2))
    rows = [replace(row, cells=(*row.cells[:-1], Cell((45.0, 50.0, 52.0)))) for row in several.rows[:1]]
    several = replace(several, rows=(*rows, *several.rows[1:]))
    texts = [robustness_dots(table, tmp_path, "dots")[1].read_text() for table in (one, several)]
    assert ["Bars: standard deviation over seeds." in text for text in texts] == [False, True]
    assert ["LineCollection" in text for text in texts] == [False, True]


def _height(text: ElementTree.Element) -> float:
    moves = text.get("transform", "").split("translate(")
    return float(moves[1].split(")")[0].split()[1]) if len(moves) > 1 else float(text.get("y", "nan"))
