import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from charbert.reporting.figures.paper import loss_curves, robustness_bars
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.render.plot_style import add_legend, on_short_lines, panels

COLUMNS = tuple(
    Column(group, condition, f"{condition}/{group}")
    for group in ("QNLI acc.", "NER F1")
    for condition in ("original", "attack")
)


def table(*rows: Row) -> Table:
    notes = ("* differs from BERT.", "Marked in the whole table: 1 of 2 tests.", "Attacked with ours.")
    return Table("Table 2", COLUMNS, rows, caption="Recipe quick; seeds 1, 2.", notes=notes)


@pytest.fixture
def robustness() -> Table:
    nothing = Cell(published=63.4)
    return table(
        Row("BERT", (nothing, nothing, Cell((80.0, 82.0), 91.24), Cell((50.0,), 60.79))),
        Row("CharBERT", (nothing, nothing, Cell((81.0,)), Cell((math.nan,), 76.14))),
        Row("BERT+WordRec", (nothing, nothing, Cell(), Cell(published=67.79))),
    )


def texts(path) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]


def test_bars_are_drawn_for_the_tasks_that_were_run(robustness, tmp_path) -> None:
    png, svg = robustness_bars(robustness, tmp_path, "table2")
    assert png.read_bytes().startswith(b"\x89PNG") and svg.suffix == ".svg"
    written = texts(svg)
    assert "NER F1" in written and "QNLI acc." not in written
    assert [word for word in written if word[0].isdigit() and "." in word] == ["81.0", "81.0", "50.0"]
    assert {"ours, original", "paper, attack", "BERT", "CharBERT"} <= set(written)
    assert "Recipe quick; seeds 1, 2. Attacked with ours." in written


def test_each_model_with_a_score_is_named_once_for_all_tasks(tmp_path) -> None:
    both, ner = Cell((80.0,)), (Cell(), Cell(), Cell((81.0,)), Cell((60.0,)))
    rows = table(Row("BERT", (both,) * 4), Row("char TF-IDF", ner), Row("AdvBERT", (Cell(),) * 4))
    written = texts(robustness_bars(rows, tmp_path, "table2")[1])
    assert [written.count(name) for name in ("BERT", "char TF-IDF", "AdvBERT")] == [1, 1, 0]


def test_many_models_make_a_figure_longer_not_wider(tmp_path) -> None:
    def size(models: int) -> tuple[int, int]:
        rows = [Row(f"model {number}", (Cell((80.0,)),) * 4) for number in range(models)]
        png = robustness_bars(table(*rows), tmp_path, "table2")[0].read_bytes()
        return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")

    (few_wide, few_high), (many_wide, many_high) = size(3), size(15)
    assert many_wide == few_wide and many_high > few_high


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("CharBERT", "CharBERT"),
        ("BERT+WordRec", "BERT\n+WordRec"),
        ("CharBERT (pretrained)", "CharBERT\n(pretrained)"),
        ("CharBERT, dense noise, shared interaction", "CharBERT,\ndense noise,\nshared\ninteraction"),
    ],
)
def test_long_names_are_broken_between_words(label: str, lines: str) -> None:
    assert on_short_lines(label) == lines


def test_the_paper_alone_can_be_drawn(tmp_path) -> None:
    paper = table(Row("BERT", tuple(Cell(published=score) for score in (90.7, 63.4, 91.24, 60.79))))
    written = texts(robustness_bars(paper, tmp_path, "paper")[1])
    assert {"QNLI acc.", "NER F1", "paper, original"} <= set(written) and "ours, original" not in written


def test_the_same_numbers_give_the_same_bytes(robustness, tmp_path) -> None:
    first = [path.read_bytes() for path in robustness_bars(robustness, tmp_path / "a", "table2")]
    again = [path.read_bytes() for path in robustness_bars(robustness, tmp_path / "b", "table2")]
    assert first == again


HISTORY = [
    {"num_input_tokens_seen": 1_000_000, "step": 10, "mlm_loss": 5.0, "nlm_loss": 6.0, "nlm_accuracy": 0.1},
    {"num_input_tokens_seen": 2_000_000, "step": 20, "mlm_loss": 4.0, "nlm_loss": "nan", "nlm_accuracy": 0.2},
    {"num_input_tokens_seen": 2_000_000, "step": 20, "eval_mlm_loss": 4.5},
]


def test_loss_curves_show_what_the_histories_hold(tmp_path) -> None:
    _, svg = loss_curves({"CharBERT": HISTORY}, tmp_path, "loss", caption="Recipe quick")
    assert {"MLM loss", "NLM loss", "NLM accuracy", "subwords seen, millions", "Recipe quick"} <= set(texts(svg))
    assert [texts(svg).count(label) for label in ("CharBERT", "held out", "in training")] == [1, 1, 1]


def test_scores_in_training_are_behind_the_held_out_scores_within_their_range(tmp_path) -> None:
    held_out = [{"step": step, "eval_mlm_loss": 4.0 + 1 / step} for step in (1, 2)]
    training = [{"step": step, "mlm_loss": 900.0 / step} for step in (1, 2)]
    alone, both = (
        loss_curves({"CharBERT": run}, tmp_path, name)[1]
        for name, run in (("alone", held_out), ("both", [*training, *held_out]))
    )
    assert texts(alone) == texts(both)  # the same scale
    pale = [both.read_text().count("opacity: 0.35"), alone.read_text().count("opacity: 0.35")]
    assert pale == [2, 1]  # one of them in the legend


def test_runs_are_told_apart_in_gray(tmp_path) -> None:
    held_out = [{"step": step, "eval_mlm_loss": 4.0 + 1 / step} for step in (1, 2)]
    _, svg = loss_curves({"CharBERT": held_out, "AdvBERT": held_out}, tmp_path, "loss")
    assert "stroke-dasharray" in svg.read_text()


def test_a_legend_of_long_names_stays_within_the_figure() -> None:
    with panels(4, width=13.2, height=4.0) as (figure, axes):
        for number in range(8):
            axes[0].plot([0, 1], label=f"CharBERT, corpus max_words {number},400,000")
        add_legend(figure, axes)
        figure.draw_without_rendering()
        extent = figure.legends[0].get_window_extent()
        assert 0 <= extent.x0 < extent.x1 <= figure.bbox.width


def test_loss_curves_fall_back_to_steps_and_leave_empty_panels_out(tmp_path) -> None:
    bert = [{"step": entry["step"], "mlm_loss": 1.0} for entry in HISTORY]
    written = texts(loss_curves({"AdvBERT": bert}, tmp_path, "loss")[1])
    assert "steps" in written and "NLM loss" not in written


def test_drawing_needs_no_screen_and_no_pyplot(tmp_path) -> None:
    code = (
        "import sys; from charbert.reporting.figures.paper import loss_curves; "
        f"loss_curves({{'a': [{{'step': 1, 'mlm_loss': 1.0}}]}}, {str(tmp_path)!r}, 'loss'); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
