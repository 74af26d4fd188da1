import csv
import subprocess
import sys

import pytest

from charbert.errors import RecordError
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, render_csv, render_latex, render_markdown, write_table
from charbert.reporting.tables.scores import ON_MARKS, build_table, changed_words_notes

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
        p_values={("CharBERT", "NER F1 attack"): 0.05, ("CharBERT", "NER F1 original"): 0.2},
    )


@pytest.fixture
def records() -> list[ResultRecord]:
    return [
        record("BERT", 1, metrics={"eval/ner/f1": 0.80, "attack/ner/charbert/f1": 0.50}),
        record("BERT", 2, metrics={"eval/ner/f1": 0.82, "attack/ner/charbert/f1": 0.60}),
        record("CharBERT", 1, metrics={"eval/ner/f1": 0.79, "attack/ner/charbert/f1": 0.70}),
        record("CharBERT", 2, metrics={"attack/ner/charbert/f1": 0.70}),
    ]


def test_a_difference_from_the_second_baseline_has_its_own_mark(records: list[ResultRecord]) -> None:
    table = build_table(
        records,
        title="NER",
        columns=[F1, ATTACKED],
        p_values={("CharBERT", "NER F1 attack"): 0.01},
        second_baseline="AdvBERT",
        second_baseline_p_values={("CharBERT", "NER F1 attack"): 0.05, ("CharBERT", "NER F1 original"): 0.06},
    )
    assert table.cell("CharBERT", "NER F1 attack").mark == "*†"
    assert table.cell("CharBERT", "NER F1 original").mark == ""
    assert table.notes[-2] == "† differs from AdvBERT, p ≤ 0.05 (the same test)."
    assert r"**70.00 ± 0.00**\*† |" in render_markdown(table)


def test_a_note_counts_the_marks_and_those_that_holms_correction_leaves(records: list[ResultRecord]) -> None:
    heading = {F1: "NER F1 original", ATTACKED: "NER F1 attack"}
    table = build_table(
        records,
        title="NER",
        columns=list(heading),
        p_values={
            ("CharBERT", heading[F1]): 0.02,
            ("NLM-BERT", heading[F1]): 0.3,
            ("CharBERT", heading[ATTACKED]): 0.04,
        },
        second_baseline="AdvBERT",
        second_baseline_p_values={("CharBERT", heading[F1]): 0.01, ("CharBERT", heading[ATTACKED]): 0.03},
    )
    assert all(note.startswith(ON_MARKS) for note in table.notes)
    # by hand: original 0.01 * 3 and 0.02 * 2 stay below 0.05, attack 0.03 * 2 does not; of all only 0.01 * 5 does
    assert table.notes[-1] == (
        "Marked in the whole table: 4 of 5 tests. Holm's correction for their number leaves "
        "2 within each column, 1 over all tests."
    )


def test_a_table_without_marks_has_no_note_on_their_number(records: list[ResultRecord]) -> None:
    table = build_table(records, title="NER", columns=[F1, ATTACKED], p_values={("CharBERT", "NER F1 original"): 0.06})
    assert table.notes == ()


def test_the_share_of_changed_words_stands_in_a_note(records: list[ResultRecord]) -> None:
    assert not any("changed" in note for note in small_table(records).notes)  # records of earlier versions
    for one in records[:2]:
        one.metrics["attack/ner/charbert/changed_words"] = 0.4218
    (note,) = [note for note in small_table(records).notes if "changed" in note]
    assert note == "Words that the attack changed: NER F1 42.2 %."


def test_several_attacks_in_one_group_of_columns_are_named_apart(records: list[ResultRecord]) -> None:
    for one in records[:2]:
        one.metrics |= {"attack/ner/charbert/changed_words": 0.4, "attack/ner/ocr/changed_words": 0.2}
    paths = {"attack": "charbert/f1", "OCR": "ocr/f1", "attack, recall": "charbert/recall"}
    columns = [Column("NER", name, f"attack/ner/{path}") for name, path in paths.items()]
    assert changed_words_notes(records, columns) == ["Words that the attack changed: attack 40.0 %, OCR 20.0 %."]


def test_an_attack_in_many_groups_of_columns_is_not_named_after_a_score(records: list[ResultRecord]) -> None:
    records[0].metrics["attack/ner/charbert/changed_words"] = 0.4
    columns = [Column(score, "attack", f"attack/ner/charbert/token/{score}") for score in ("accuracy", "ece")]
    assert changed_words_notes(records, columns) == ["Words that the attack changed: attack 40.0 %."]


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
        "\\* differs from BERT, p ≤ 0.05 (paired test over whole articles and documents).\n"
        "\n"
        "Marked in the whole table: 1 of 2 tests. Holm's correction for their number "
        "leaves 1 within each column, 0 over all tests.\n"
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
        "\\par\\smallskip\\footnotesize * differs from BERT, p $\\le$ 0.05 "
        "(paired test over whole articles and documents).\n"
        "\\par\\smallskip\\footnotesize Marked in the whole table: 1 of 2 tests. Holm's correction for their number "
        "leaves 1 within each column, 0 over all tests.\n"
        "\\end{table}\n"
    )


def test_csv_holds_one_cell_a_line(records) -> None:
    lines = render_csv(small_table(records)).splitlines()
    assert lines[0] == "model,column,metric,mean,std,seeds,published,mark,best,fold_std"
    assert lines[1] == "BERT,NER F1 original,eval/ner/f1,81.0000,1.4142,2,91.24,,1,"
    assert lines[4] == "CharBERT,NER F1 attack,attack/ner/charbert/f1,70.0000,0.0000,2,,*,1,"
    assert lines[5] == "Flair,NER F1 original,eval/ner/f1,,,0,93.09,,0,"
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
        record("BERT", finished=f"2026-01-0{day}T00:00:00+00:00", metrics={"eval/ner/f1": day / 10}) for day in (1, 2)
    )
    assert small_table([late, early]).cell("BERT", "NER F1 original").scores == (20.0,)


def test_runs_that_do_not_belong_together_are_refused(records) -> None:
    with pytest.raises(RecordError, match=r"one settings\.recipe, got paper, quick; choose one"):
        small_table([*records, record("AdvBERT", settings={"recipe": "paper"})])
    with pytest.raises(RecordError, match=r"one settings\.data\.generated, got False, True"):
        small_table([of_set("BERT", "ner", generated=True), of_set("AdvBERT", "qnli", generated=False)])
    with pytest.raises(RecordError, match=r"one settings\.data\.sets\.ner\.test, got eng\.testb, other"):
        small_table([of_set("BERT", "ner"), of_set("AdvBERT", "ner", test="other")])
    other = record("BERT", key="other", finished="z", metrics={"eval/ner/f1": 0.1})
    for run, window in ((records[0], 3), (other, 5)):
        run.settings["model"]["interaction_window"] = window
    with pytest.raises(RecordError, match=r"BERT has two runs with seed 1.*\(BERT, other, model\.interaction_window\)"):
        small_table([*records, other])


def of_set(model: str, task: str, data: str = "benchmarks", test: str = "eng.testb", **more) -> ResultRecord:
    settings = {"task": {"name": task}, "data": {"name": data, "sets": {task: {"test": test}}, **more}}
    return record(model, key=f"{model}-{task}", generated=False, settings=settings, metrics={f"eval/{task}/f1": 0.8})


def test_each_task_may_have_data_of_its_own() -> None:
    table = small_table([of_set("BERT", "ner"), of_set("BERT", "qnli", data="folds", test="dev.tsv")])
    assert table.caption == "Recipe quick; trunk tiny_bert; data benchmarks, folds; seed 1. Percent."


def test_a_score_already_in_percent_is_refused() -> None:
    with pytest.raises(RecordError, match=r"ner-BERT-s1: expected eval/ner/f1 in \[0, 1\], got 91\.24"):
        small_table([record("BERT", metrics={"eval/ner/f1": 91.24})])


def test_real_data_carry_no_warning() -> None:
    real = record("BERT", generated=False, settings={"data": {"name": "benchmarks"}}, metrics={"eval/ner/f1": 0.9})
    assert small_table([real]).caption == ("Recipe quick; trunk tiny_bert; data benchmarks; seed 1. Percent.")


def on_trunk(trunk: str, model: str, score: float, seed: int = 1) -> ResultRecord:
    trunk_record = record(model, seed, key=f"{trunk}-{model}", metrics={"eval/ner/f1": score})
    trunk_record.settings["trunk"] = {"name": trunk}
    return trunk_record


def test_rows_of_two_trunks_have_the_papers_names_in_one_table() -> None:
    trunks = {"bert-base-cased": 0.8, "roberta-base": 0.85}
    models = {"BERT": 0.0, "CharBERT": 0.01}
    runs = [on_trunk(trunk, model, base + two) for trunk, base in trunks.items() for model, two in models.items()]
    table = build_table(
        runs,
        title="NER",
        columns=[F1],
        p_values={("CharBERT-RoBERTa", "NER F1 original"): 0.01},
    )
    scores = {row.label: pytest.approx(row.cells[0].mean) for row in table.rows}
    assert scores == {"BERT": 80.0, "CharBERT": 81.0, "RoBERTa": 85.0, "CharBERT-RoBERTa": 86.0}
    assert table.caption.startswith("Recipe quick; trunks bert-base-cased, roberta-base; ")
    assert table.notes[0] == "* differs from RoBERTa, p ≤ 0.05 (paired test over whole articles and documents)."


def test_two_trunks_of_one_family_are_refused() -> None:
    with pytest.raises(RecordError, match=r"one settings\.trunk\.name, got bert-base-cased, minilm"):
        build_table(
            [on_trunk("bert-base-cased", "BERT", 0.8), on_trunk("minilm", "CharBERT", 0.8)], title="", columns=[F1]
        )


def test_folds_are_repetitions_like_seeds() -> None:
    runs = []
    for fold, score in enumerate((0.7, 0.8, 0.9)):
        fold_record = record("BERT", 1, key=f"fold{fold}", metrics={"eval/ner/f1": score})
        fold_record.settings |= {
            "task": {"name": "ner"},
            "data": {"name": "folds", "sets": {"ner": {"folds": {"fold": fold}}}},
        }
        runs.append(fold_record)
    table = small_table(runs)
    assert table.cell("BERT", "NER F1 original").scores == pytest.approx((70.0, 80.0, 90.0))
    assert "seed 1; folds 0, 1, 2. Percent, mean ± standard deviation." in table.caption


def test_the_deviation_over_pooled_folds_is_shown_with_their_score(records) -> None:
    records[0].details["folds"] = {"eval/ner/f1": {"mean": 0.8, "sd": 0.02, "values": [0.78, 0.82]}}
    records[1].details["folds"] = {"eval/ner/f1": {"mean": 0.8, "sd": 0.03, "values": [0.77, 0.83]}}
    table = small_table(records)
    assert table.cell("BERT", "NER F1 original").fold_std == pytest.approx(2.5)
    assert "| **81.00 ± 1.41** (folds ± 2.50) [91.24] |" in render_markdown(table)
    assert render_csv(table).splitlines()[1].endswith(",91.24,,1,2.5000")
    assert "folds ±: standard deviation of the parts' own" in render_markdown(table)
    assert "folds ±" not in render_markdown(small_table(records[2:]))


def test_a_note_names_a_column_that_was_cross_validated_in_part(records) -> None:
    for fold_record in records:
        fold_record.settings |= {
            "task": {"name": "ner"},
            "data": {"sets": {"ner": {"folds": {"number": 5, "run_first": 1}}}},
        }
        fold_record.details["folds"] = {"eval/ner/f1": {"mean": 0.8, "sd": None, "values": [0.8]}}
    text = render_markdown(small_table(records))
    assert "NER F1: the first part of 5 of the cross-validation alone." in text
    assert "folds ±" not in text
    records[0].settings["data"]["sets"]["ner"]["folds"]["run_first"] = 0
    assert "alone" not in render_markdown(small_table(records[:1]))


def test_a_baseline_is_compared_with_any_trunk_and_names_none(records) -> None:
    baseline = record("Majority", kind="baseline", metrics={"eval/ner/f1": 0.1})
    del baseline.settings["trunk"]
    table = small_table([*records, baseline])
    assert table.cell("Majority", "NER F1 original").mean == pytest.approx(10)
    assert "trunk tiny_bert;" in table.caption
    assert "trunk" not in small_table([baseline]).caption


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
        "import sys, charbert.reporting.tables.scores, charbert.reporting.figures.paper; "
        "sys.exit(bool({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
