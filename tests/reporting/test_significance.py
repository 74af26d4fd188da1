import json
from pathlib import Path

import numpy as np
import pytest

from charbert.errors import RecordError
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column
from charbert.reporting.significance import row_p_values

ACCURACY = Column("QNLI acc.", "original", "eval/qnli/accuracy")
ATTACKED = Column("QNLI acc.", "attack", "attack/qnli/charbert/accuracy")


class Folder:
    """Records with what each example scored, written beside them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[ResultRecord] = []

    def add(self, model: str, units: np.ndarray, *, seed: int = 1, fold: int = 0, metric: str = "accuracy") -> None:
        record = ResultRecord(
            kind="finetune",
            experiment="any",
            name=f"qnli-{model.lower()}-s{seed}",
            key=f"{model}{seed}{fold}",
            settings={
                "model": {"name": model},
                "task": {"name": "qnli", "metric": metric},
                "data": {"sets": {"qnli": {"folds": {"fold": fold}}}},
            },
            seed=seed,
            metrics={f"eval/qnli/{metric}": 0.5, f"attack/qnli/charbert/{metric}": 0.5},
        )
        folder = self.path / f"{record.name}-{record.key}"
        folder.mkdir(parents=True)
        (folder / "per_example.json").write_text(json.dumps({"clean": units.tolist(), "charbert": units.tolist()}))
        self.records.append(record)

    def p_values(self, *columns: Column, second_baseline: str = "") -> dict[tuple[str, str], float]:
        return row_p_values(
            self.records, columns or (ACCURACY,), self.path, second_baseline=second_baseline, rounds=500
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def answers(right: int, examples: int = 100) -> np.ndarray:
    return np.array([[int(number < right), 1] for number in range(examples)])


def test_a_clear_difference_from_bert_is_found_and_bert_itself_has_none(folder: Folder) -> None:
    for model, right in (("BERT", 50), ("CharBERT", 80), ("AdvBERT", 51)):
        folder.add(model, answers(right))
    p_values = folder.p_values(ACCURACY, ATTACKED)
    assert set(p_values) == {(m, f"QNLI acc. {c}") for m in ("CharBERT", "AdvBERT") for c in ("original", "attack")}
    assert p_values["CharBERT", "QNLI acc. original"] == pytest.approx(2 / 2**30)  # McNemar: 30 examples, all one way
    assert p_values["AdvBERT", "QNLI acc. original"] == 1.0


def test_a_second_baseline_replaces_the_plain_trunk_which_is_not_tested_twice(folder: Folder) -> None:
    for model, right in (("BERT", 50), ("CharBERT", 80), ("AdvBERT", 51)):
        folder.add(model, answers(right))
    heading = "QNLI acc. original"
    assert folder.p_values(second_baseline="AdvBERT") == {("CharBERT", heading): pytest.approx(2 / 2**29)}
    assert folder.p_values(second_baseline="NLM-BERT") == {}


def test_the_same_records_give_the_same_p_values(folder: Folder) -> None:
    rng = np.random.default_rng(0)
    for model in ("BERT", "CharBERT"):
        for seed in (1, 2):
            folder.add(model, np.stack([rng.integers(0, 2, 60), np.ones(60)], axis=1), seed=seed)
    assert folder.p_values() == folder.p_values()
    assert 0.01 < folder.p_values()["CharBERT", "QNLI acc. original"] <= 1


def test_seeds_that_only_one_model_has_are_left_out(folder: Folder) -> None:
    folder.add("BERT", answers(50), seed=1)
    folder.add("CharBERT", answers(50), seed=1)
    folder.add("CharBERT", answers(99), seed=2)
    assert folder.p_values()["CharBERT", "QNLI acc. original"] == 1.0


def test_an_example_seen_with_two_seeds_counts_once(folder: Folder) -> None:
    """Copies of one outcome are no new evidence: two equal seeds are as significant as one."""
    for seed in (1, 2):
        folder.add("BERT", answers(50), seed=seed)
        folder.add("CharBERT", answers(55), seed=seed)
    assert folder.p_values()["CharBERT", "QNLI acc. original"] == pytest.approx(2 / 2**5, abs=0.03)


def test_folds_add_examples(folder: Folder) -> None:
    for fold in (0, 1):
        folder.add("BERT", answers(50, 100 + fold), fold=fold)
        folder.add("CharBERT", answers(54, 100 + fold), fold=fold)
    assert folder.p_values()["CharBERT", "QNLI acc. original"] == pytest.approx(2 / 2**8)


@pytest.mark.parametrize(
    ("metric", "units"),
    [
        ("f1", np.array([[1, 0, 1]] * 40)),
        ("matthews", np.array([[1, 0, 0, 0], [0, 0, 0, 1]] * 20)),
        ("best_f1", np.array([[0.4, 1]] * 40)),
        ("macro_f1", np.array([[1, 0, 0] * 3] * 40)),
    ],
)
def test_every_metric_has_its_test(folder: Folder, metric: str, units: np.ndarray) -> None:
    worse = units.copy()
    worse[:, 0], worse[:, 1] = 0, 1
    folder.add("BERT", worse, metric=metric)
    folder.add("CharBERT", units, metric=metric)
    column = Column("QNLI", "", f"eval/qnli/{metric}")
    assert folder.p_values(column)["CharBERT", "QNLI"] < 0.05


def test_examples_of_one_article_count_as_one_outcome(folder: Folder) -> None:
    for model, right in (("BERT", 50), ("CharBERT", 80)):
        folder.add(model, answers(right))
    heading = "QNLI acc. original"
    alone = folder.p_values()["CharBERT", heading]
    path = folder.path / "qnli-bert-s1-BERT10" / "per_example.json"  # groups of one of the two are enough
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"clean/groups": [number // 30 for number in range(100)]}))
    together = folder.p_values()["CharBERT", heading]
    assert alone < 0.001 and together > 0.2  # the 30 examples that differ lie in 2 of 4 articles
    path.write_text(json.dumps(stored | {"clean/groups": list(range(100))}))
    assert folder.p_values()["CharBERT", heading] == alone


def test_a_column_without_stored_counts_has_no_p_value(folder: Folder) -> None:
    for model in ("BERT", "CharBERT"):
        folder.add(model, answers(50))
        folder.records[-1].metrics["eval/qnli/f1"] = 0.5
    assert folder.p_values(Column("QNLI F1", "", "eval/qnli/f1")) == {}
    (folder.path / "qnli-bert-s1-BERT10" / "per_example.json").unlink()
    assert folder.p_values() == {}


def test_other_test_sets_are_not_compared(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    folder.add("BERT", answers(50, 100))
    folder.add("CharBERT", answers(50, 90))
    assert folder.p_values() == {}
    assert "the test sets have 100 and 90 examples" in caplog.text


def test_a_damaged_file_is_named(folder: Folder) -> None:
    for model in ("BERT", "CharBERT"):
        folder.add(model, answers(50))
    (folder.path / "qnli-bert-s1-BERT10" / "per_example.json").write_text('{"clean": [[1')
    with pytest.raises(RecordError, match=r"per_example\.json: expected counts of each example"):
        folder.p_values()


def test_a_second_metric_is_tested_on_its_own_counts(folder: Folder) -> None:
    exact = Column("QNLI exact", "original", "eval/qnli/exact")
    for model, right in (("BERT", 50), ("CharBERT", 80)):
        folder.add(model, answers(60))
        record = folder.records[-1]
        record.metrics["eval/qnli/exact"] = right / 100
        path = folder.path / f"{record.name}-{record.key}" / "per_example.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"clean/exact": answers(right).tolist()}))
    p_values = folder.p_values(ACCURACY, exact)
    assert p_values["CharBERT", "QNLI acc. original"] == 1.0
    assert p_values["CharBERT", "QNLI exact original"] == pytest.approx(2 / 2**30)
