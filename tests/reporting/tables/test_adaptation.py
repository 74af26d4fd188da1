from typing import Any

import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown
from charbert.reporting.tables.adaptation import adaptation_label, adaptation_table


def record(model: str, seed: int = 1, f1: float = 0.5, finished: str = "1", **settings: Any) -> ResultRecord:
    about = {"recipe": "quick", "trunk": {"name": "tiny-bert"}, "data": {"name": "newswire"}, "model": {"name": model}}
    return ResultRecord(
        kind="finetune",
        experiment="adaptation",
        name="ner",
        key=f"{model}{settings}{finished}",
        settings=about | settings,
        seed=seed,
        metrics={"eval/ner/f1": f1, "attack/ner/charbert/f1": f1 / 2},
        details={"parameters": {"total": 4_000_000, "trainable": 2_500_000}, "generated": True},
        wall_seconds=90.0,
        finished=finished,
    )


LORA = {"strategy": {"name": "lora"}}


def test_rows_are_models_and_strategies_with_full_fine_tuning_first() -> None:
    table = adaptation_table(
        [record("CharBERT", **LORA), record("BERT", **LORA), record("BERT")], "ner", "f1", "charbert"
    )
    assert [row.label for row in table.rows] == ["BERT, full", "BERT, lora", "CharBERT, lora"]
    assert "| BERT, full | 2500.00 | 1.50 | 50.00 | 25.00 |" in render_markdown(table)
    assert "not comparable" in table.caption


def test_seeds_are_in_one_row_and_of_one_seed_the_later_run_counts() -> None:
    runs = [record("BERT", f1=0.6, finished="2"), record("BERT", f1=0.1), record("BERT", seed=2, f1=0.8)]
    (row,) = adaptation_table(runs, "ner", "f1", "charbert").rows
    assert row.cells[2].scores == pytest.approx((60.0, 80.0))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"finetuning": {"optimizer": {"learning_rate": 0.001}}}, "learning_rate 0.001"),
        ({"preparation": {"steps": ["balance"]}}, "preparation steps ['balance']"),
    ],
)
def test_runs_of_a_strategy_with_other_settings_are_in_no_mean_together(other: dict[str, Any], named: str) -> None:
    plain = {"finetuning": {"optimizer": {"learning_rate": 5e-5}}}
    runs = [record("BERT", f1=0.6, **plain), record("BERT", seed=2, f1=0.8, **(plain | other))]
    rows = {row.label: row.cells[2].scores for row in adaptation_table(runs, "ner", "f1", "charbert").rows}
    assert len(rows) == 2
    assert rows[f"BERT, full, {named}"] == pytest.approx((80.0,))


def test_a_row_names_distillation_and_training_on_typos_after_the_strategy() -> None:
    both = record("BERT", **LORA, distillation={"enabled": True}, robust_training={"method": "consistency"})
    assert adaptation_label(both) == "lora + distillation + consistency"
    assert (
        adaptation_label(record("BERT", distillation={"enabled": False}, robust_training={"method": "none"})) == "full"
    )
