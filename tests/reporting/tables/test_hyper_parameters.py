from typing import Any

import pytest

from charbert.records import ResultRecord, start_record
from charbert.reporting.tables.hyper_parameters import hyper_parameter_table


def tuned(model: str, /, seed: int = 1, *, dev: float, attacked: float = 0.4, **settings: Any) -> ResultRecord:
    objective = "none" if model == "BERT" else "mlm_nlm"
    sections = {name: settings.pop(name) for name in list(settings) if isinstance(settings[name], dict)}
    kept = {
        "recipe": "minilm",
        "trunk": {"name": "minilm"},
        "task": {"name": "ner"},
        "model": {"name": model, "objective": objective, **sections.pop("model", {})},
        "corpus": {"max_words": settings.pop("max_words", 5)},
        "finetuning": {"epochs": 2.0, "num_workers": seed, **settings},
        **sections,
    }
    record = start_record("finetune", "finetune", "a run", settings=kept, seed=seed)
    record.finish({"dev/ner/f1": dev, "eval/ner/f1": dev - 0.02, "attack/ner/released/f1": attacked})
    return record


def test_rows_are_named_by_the_settings_that_differ_and_the_best_of_each_model_on_dev_is_bold() -> None:
    records = [
        tuned("BERT", dev=0.90),
        tuned("BERT", seed=2, dev=0.92),
        tuned("BERT", dev=0.93, epochs=4.0),
        tuned("CharBERT", dev=0.95, attacked=0.6),
        tuned("CharBERT", dev=0.94, attacked=0.7, epochs=4.0),
    ]
    table = hyper_parameter_table(records, "ner", "f1")
    assert table is not None
    rows = {row.label: row.cells for row in table.rows}
    assert list(rows) == ["BERT, epochs 2", "BERT, epochs 4", "CharBERT, epochs 2", "CharBERT, epochs 4"]
    assert rows["BERT, epochs 2"][0].scores == (90.0, 92.0)
    assert [label for label, cells in rows.items() if cells[0].is_best] == ["BERT, epochs 4", "CharBERT, epochs 2"]
    assert table.cell("CharBERT, epochs 4", "NER F1 attack").mean == 70.0


def test_a_precision_that_auto_chose_is_no_other_setting() -> None:
    chosen = tuned("BERT", seed=2, dev=0.92, precision="auto")
    chosen.hardware["precision"] = "bf16"
    of_folds = tuned("BERT", seed=3, dev=0.94, precision="auto")  # says nothing of the trainings it is made of
    records = [tuned("BERT", dev=0.90, precision="bf16"), chosen, of_folds, tuned("BERT", dev=0.91, precision="fp32")]
    table = hyper_parameter_table(records, "ner", "f1")
    assert table is not None
    assert {row.label: len(row.cells[0].scores) for row in table.rows} == {
        "BERT, precision bf16": 3,
        "BERT, precision fp32": 1,
    }


def test_settings_of_pretraining_do_not_separate_models_that_had_none() -> None:
    records = [
        tuned("BERT", dev=0.90, max_words=5),
        tuned("BERT", seed=2, dev=0.92, max_words=7),
        tuned("CharBERT", dev=0.90, max_words=5),
        tuned("CharBERT", dev=0.91, max_words=7),
    ]
    table = hyper_parameter_table(records, "ner", "f1")
    assert table is not None
    assert [row.label for row in table.rows] == [
        "BERT",
        "CharBERT, corpus max_words 5",
        "CharBERT, corpus max_words 7",
    ]


def test_the_text_that_a_trunk_was_pretrained_on_from_scratch_separates_models_without_further_pretraining() -> None:
    records = [tuned("BERT", dev=0.9, max_words=words, trunk={"source": "scratch"}) for words in (5, 7)]
    table = hyper_parameter_table(records, "ner", "f1")
    assert table is not None
    assert [row.label for row in table.rows] == ["BERT, corpus max_words 5", "BERT, corpus max_words 7"]


def test_a_record_older_than_a_setting_had_its_default() -> None:
    old, same = tuned("BERT", dev=0.90), tuned("BERT", seed=2, dev=0.92, robust_training={"method": "none"})
    assert hyper_parameter_table([old, same], "ner", "f1") is None
    other = tuned("BERT", dev=0.80, robust_training={"method": "adversarial"})
    table = hyper_parameter_table([old, same, other], "ner", "f1")
    assert table is not None
    assert table.cell("BERT", "NER F1 dev").scores == (90.0, 92.0)


@pytest.mark.parametrize("section", ["robust_training", "preparation"])
def test_settings_of_what_a_run_does_not_use_do_not_tell_runs_apart(section: str) -> None:
    runs = [tuned("BERT", dev=0.9, **{section: {"edits": edits}}) for edits in (["drop"], ["add"])]
    table = hyper_parameter_table([*runs, tuned("BERT", dev=0.9, epochs=4.0)], "ner", "f1")
    assert table is not None
    assert [row.label for row in table.rows] == ["BERT, epochs 2", "BERT, epochs 4"]


@pytest.mark.parametrize(
    ("settings", "others", "row"),
    [
        ({"noise": {"probability": 0.15}}, {"noise": {"probability": 0.4}}, "noise probability 0.4"),
        (
            {"model": {"share_interaction": False}},
            {"model": {"share_interaction": True}},
            "model share_interaction True",
        ),
        ({"attack": {"rate": 0.5}}, {"attack": {"rate": 1.0}}, "attack rate 1"),
        (
            {"preparation": {"steps": ["cut"], "only": 0}},
            {"preparation": {"steps": ["cut"], "only": 9}},
            "preparation only 9",
        ),
        (
            {"data": {"sets": {"ner": {"train": "a.train"}}}},
            {"data": {"sets": {"ner": {"train": "b.train"}}}},
            "data train b.train",
        ),
        (
            {"data": {"sets": {"ner": {"train": "a.train"}}}},
            {"data": {"sets": {"ner": {"train": "a.train", "epochs_factor": 3.0}}}},
            "epochs 6",
        ),
        (
            {"task": {"name": "ner", "max_length": 64}},
            {"task": {"name": "ner", "max_length": 128}},
            "task max_length 128",
        ),
        (
            {"trunk": {"source": "scratch", "config": {"hidden_size": 32}}},
            {"trunk": {"source": "scratch", "config": {"hidden_size": 64}}},
            "trunk hidden_size 64",
        ),
        (
            {"data": {"generated": True}, "newswire": {"train_sentences": 100}},
            {"data": {"generated": True}, "newswire": {"train_sentences": 200}},
            "newswire train_sentences 200",
        ),
    ],
)
def test_runs_that_are_no_repetitions_are_not_averaged(
    settings: dict[str, Any], others: dict[str, Any], row: str
) -> None:
    table = hyper_parameter_table(
        [tuned("CharBERT", dev=0.90, **settings), tuned("CharBERT", dev=0.94, **others)], "ner", "f1"
    )
    assert table is not None
    assert [cell.scores for cell in (table.cell(f"CharBERT, {row}", "NER F1 dev"),)] == [(94.0,)]


def test_a_setting_that_varies_for_one_model_is_not_in_the_row_of_another() -> None:
    records = [tuned("BERT", dev=0.9), tuned("BERT", dev=0.91, epochs=4.0), tuned("CharBERT", dev=0.95)]
    table = hyper_parameter_table(records, "ner", "f1")
    assert table is not None
    assert [row.label for row in table.rows] == ["BERT, epochs 2", "BERT, epochs 4", "CharBERT"]


def test_recognizer_settings_do_not_separate_models_without_a_recognizer() -> None:
    settings = ({"recognizer": {"enabled": False, "hidden_size": size}} for size in (8, 9))
    assert hyper_parameter_table([tuned("BERT", dev=0.9, model=model) for model in settings], "ner", "f1") is None
