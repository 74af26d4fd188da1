import csv
import subprocess
import sys

import pytest

from charbert.errors import RecordError
from charbert.records import ResultRecord
from charbert.reporting.layout import Cell, Column, render_csv, render_latex, render_markdown
from charbert.reporting.tables import build_table, table2_robustness, write_table

F1 = Column("NER F1", "original", "eval/ner/f1", published_digits=2)
ATTACKED = Column("NER F1", "attack", "attack/ner/charbert/f1", published_digits=2)


def record(model: str, seed: int = 1, *, generated: bool = True, **changes) -> ResultRecord:
    settings = {
        "model": {"name": model},
        "recipe": "quick",
        "data": {"name": "newswire"},
        "trunk": {"name": "tiny_bert"},
    }
    return ResultRecord(
        kind=changes.get("kind", "finetune"),
        experiment="table2_robustness",
        name=f"ner-{model}-s{seed}",
        key=changes.get("key", model),
        settings={**settings, **changes.get("settings", {})},
        seed=seed,
        metrics=changes.get("metrics", {}),
        details={"generated": generated},
        finished=changes.get("finished", ""),
    )


def small_table(records: list[ResultRecord]):
    return build_table(
        records,
        title="NER",
        columns=[F1, ATTACKED],
        published={("BERT", "NER F1 original"): 91.24, ("Flair", "NER F1 original"): 93.09},
        order=["BERT"],
        p_values={("CharBERT", "NER F1 attack"): 0.01, ("CharBERT", "NER F1 original"): 0.2},
    )


@pytest.fixture
def records() -> list[ResultRecord]:
    return [
        record("BERT", 1, metrics={"eval/ner/f1": 0.80, "attack/ner/charbert/f1": 0.50}),
        record("BERT", 2, metrics={"eval/ner/f1": 0.82, "attack/ner/charbert/f1": 0.60}),
        record("CharBERT", 1, metrics={"eval/ner/f1": 0.79, "attack/ner/charbert/f1": 0.70}),
        record("CharBERT", 2, metrics={"attack/ner/charbert/f1": 0.70}),
    ]


def test_markdown_is_exact(records) -> None:
    assert render_markdown(small_table(records)) == (
        "**NER**\n"
        "\n"
        "| Model | NER F1 original | NER F1 attack |\n"
        "|---|---:|---:|\n"
        "| BERT | **81.00 ± 1.41** [91.24] | 55.00 ± 7.07 |\n"
        "| CharBERT | 79.00 (n=1) | **70.00 ± 0.00**\\* |\n"
        "| Flair | – [93.09] | – |\n"
        "\n"
        "Recipe quick; trunk tiny_bert; data newswire (generated newswire: not comparable with the paper); "
        "seeds 1, 2. Percent, mean ± standard deviation. In brackets: the paper.\n"
        "\n"
        "\\* p < 0.05 against BERT.\n"
    )


def test_latex_is_exact(records) -> None:
    assert render_latex(small_table(records)) == (
        "\\begin{table}\n"
        "\\centering\n"
        "\\caption{NER. Recipe quick; trunk tiny\\_bert; data newswire (generated newswire: not comparable "
        "with the paper); seeds 1, 2. Percent, mean $\\pm$ standard deviation. In brackets: the paper.}\n"
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        "Model & \\multicolumn{2}{c}{NER F1} \\\\\n"
        "\\cmidrule(lr){2-3}\n"
        "& original & attack \\\\\n"
        "\\midrule\n"
        "BERT & \\textbf{81.00 $\\pm$ 1.41} [91.24] & 55.00 $\\pm$ 7.07 \\\\\n"
        "CharBERT & 79.00 (n=1) & \\textbf{70.00 $\\pm$ 0.00}\\textsuperscript{*} \\\\\n"
        "Flair & -- [93.09] & -- \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
        "\\par\\smallskip\\footnotesize * p $<$ 0.05 against BERT.\n"
        "\\end{table}\n"
    )


def test_csv_holds_one_cell_a_line(records) -> None:
    lines = render_csv(small_table(records)).splitlines()
    assert lines[0] == "model,column,metric,mean,std,seeds,published,mark,best"
    assert lines[1] == "BERT,NER F1 original,eval/ner/f1,81.0000,1.4142,2,91.24,,1"
    assert lines[4] == "CharBERT,NER F1 attack,attack/ner/charbert/f1,70.0000,0.0000,2,,*,1"
    assert lines[5] == "Flair,NER F1 original,eval/ner/f1,,,0,93.09,,0"
    assert len(lines) == 7


def test_a_lone_model_is_not_called_best(records) -> None:
    table = small_table(records[:2])
    assert not any(cell.is_best for row in table.rows for cell in row.cells)


def test_a_diverged_run_shows_and_is_never_best(records) -> None:
    table = small_table([*records[:2], record("CharBERT", 1, metrics={"eval/ner/f1": float("nan")})])
    assert "| nan (n=1) |" in render_markdown(table)
    assert not table.cell("CharBERT", "NER F1 original").is_best


def test_of_a_repeated_run_the_later_one_counts() -> None:
    early, late = (
        record("BERT", finished=f"2026-01-0{day}T00:00:00+00:00", metrics={"eval/ner/f1": day / 10})
        for day in (1, 2)
    )
    assert small_table([late, early]).cell("BERT", "NER F1 original").scores == (20.0,)


def test_runs_that_do_not_belong_together_are_refused(records) -> None:
    with pytest.raises(RecordError, match=r"one settings\.recipe, got paper, quick; choose one"):
        small_table([*records, record("AdvBERT", settings={"recipe": "paper"})])
    with pytest.raises(RecordError, match=r"one settings\.data\.name, got benchmarks, newswire"):
        small_table([*records, record("AdvBERT", settings={"data": {"name": "benchmarks"}})])
    with pytest.raises(RecordError, match=r"BERT has two runs with seed 1.*\(BERT, other\)"):
        small_table([*records, record("BERT", key="other", finished="z", metrics={"eval/ner/f1": 0.1})])


def test_a_score_already_in_percent_is_refused() -> None:
    with pytest.raises(RecordError, match=r"ner-BERT-s1: expected eval/ner/f1 in \[0, 1\], got 91\.24"):
        small_table([record("BERT", metrics={"eval/ner/f1": 91.24})])


def test_real_data_carry_no_warning() -> None:
    real = record(
        "BERT", generated=False, settings={"data": {"name": "benchmarks"}}, metrics={"eval/ner/f1": 0.9}
    )
    assert small_table([real]).caption == ("Recipe quick; trunk tiny_bert; data benchmarks; seed 1. Percent.")


def test_table_2_shows_the_paper_before_any_run() -> None:
    table = table2_robustness([])
    assert [row.label for row in table.rows] == ["BERT", "AdvBERT", "BERT+WordRec", "CharBERT"]
    assert [column.heading for column in table.columns] == [
        "QNLI acc. original",
        "QNLI acc. attack",
        "NER F1 original",
        "NER F1 attack",
        "SQuAD 2.0 F1 original",
        "SQuAD 2.0 F1 attack",
    ]
    assert (
        "| CharBERT | – [91.7] | – [80.1] | – [91.81] | – [76.14] | – [78.6] | – [56.3] |"
        in render_markdown(table)
    )
    assert (table.caption, table.notes) == ("No runs yet.", ())


def test_table_2_prefers_the_authors_set_and_says_which_it_shows(records) -> None:
    plain = table2_robustness(records)
    assert plain.cell("BERT", "NER F1 attack") == Cell(scores=(50.0, 60.0), published=60.79)
    assert plain.notes == (
        "NER F1 attacked with charbert: our generator, after the authors' rule (Sec. 4.5).",
    )
    released = record("BERT", 1, metrics={"eval/ner/f1": 0.8, "attack/ner/released/f1": 0.4})
    both = table2_robustness([*records[1:], released])
    assert both.cell("BERT", "NER F1 attack").scores == (40.0,)
    assert both.notes == ("NER F1 attacked with released: the authors' attacked set.",)
    asked = table2_robustness([*records[1:], released], attacks={"ner": "charbert"})
    assert asked.cell("BERT", "NER F1 attack").scores == (60.0,)


def test_table_2_keeps_the_papers_order_and_leaves_pretraining_out(records) -> None:
    extra = [record("NLM-BERT"), record("Another"), record("Unseen", kind="pretrain")]
    extra[0].metrics = extra[1].metrics = {"eval/ner/f1": 0.5}
    labels = [row.label for row in table2_robustness([*records, *extra]).rows]
    assert labels == ["BERT", "AdvBERT", "NLM-BERT", "BERT+WordRec", "CharBERT", "Another"]


def test_text_that_a_format_would_read_as_its_own_is_escaped(records) -> None:
    records[2].settings["model"]["name"] = records[3].settings["model"]["name"] = "w/o {GRU} & 100% | a_b"
    table = small_table(records)
    assert "w/o \\{GRU\\} \\& 100\\% | a\\_b & " in render_latex(table)
    assert "| w/o {GRU} & 100% \\| a_b |" in render_markdown(table)
    assert next(csv.reader([render_csv(table).splitlines()[5]]))[0] == "w/o {GRU} & 100% | a_b"


def test_a_table_is_written_in_three_formats(records, tmp_path) -> None:
    paths = write_table(small_table(records), tmp_path / "tables", "ner")
    assert [path.name for path in paths] == ["ner.md", "ner.csv", "ner.tex"]
    assert paths[0].read_text(encoding="utf-8") == render_markdown(small_table(records))
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["ner.csv", "ner.md", "ner.tex"]


def test_tables_need_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, charbert.reporting.tables, charbert.reporting.figures; "
        "sys.exit(bool({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
