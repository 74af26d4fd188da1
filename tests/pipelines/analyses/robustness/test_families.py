"""A model that was fine-tuned once is scored on all sets with other noise; they are no part of its key."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.errors import DataError, SettingsError
from charbert.pipelines.analyses import catalog
from charbert.pipelines.train import finetune
from charbert.runs.analysis_keys import other_noise_run
from charbert.runs.run import finetuning_run, fold_run, with_fold

Benchmarks = Callable[..., Settings]
SETS = ("charbert", "released", "two_edits", "first_letter", "ocr", "typos")
OPERATIONS = "s----- n\n--\n--s-- x\n---\n--i- n\n---d\n\n---\n------\n-------\n-----\n--\n------\n\n" * 6


@pytest.fixture
def noisy(entities: Benchmarks, tmp_path: Path) -> Benchmarks:
    """Named entities with noisy copies of the test and the dev set."""
    for name in ("ocr_tess4_01/test_ops.txt", "typos/dev_ops.txt"):
        path = tmp_path / "data" / "noisy_conll2003" / name
        path.parent.mkdir(parents=True)
        path.write_text(OPERATIONS, encoding="utf-8")
    return entities


@pytest.fixture
def pairs(benchmarks: Benchmarks, tmp_path: Path) -> Benchmarks:
    """Pairs of texts in three folds, clean and attacked by the authors."""
    names = ("harbour", "breakfast", "lighthouse", "captain", "weather", "coffee", "painter", "railway", "garden")
    rows = [
        LabeledText(f"Where is the {name}?", f"The {name} was there.", label, f"{number}{label}")
        for number, name in enumerate(names * 2)
        for label in (("entailment", "not_entailment")[number % 2],)
    ]
    rows = [
        LabeledText(f"{number} {row.first}", f"{number} {row.second}", row.label, row.row_id)
        for number, row in enumerate(rows)
    ]
    own = lambda *overrides: benchmarks(  # noqa: E731
        "task=qnli", "data.sets.qnli.folds.number=3", *overrides
    )
    for relative in ("glue/QNLI/dev.tsv", "charbert_attack/CharAttack_QNLI/dev.tsv"):
        (tmp_path / "data" / relative).parent.mkdir(parents=True)
        write_glue(tmp_path / "data" / relative, rows, own().task.columns)
    return own


def test_one_model_is_scored_on_all_sets_and_found_again(noisy: Benchmarks) -> None:
    settings = noisy()
    (record,) = catalog.OTHER_NOISE.run(settings)
    finetuned = finetune.run(settings)
    weights = (finetuning_run(settings).model_folder / "model.safetensors").stat().st_mtime_ns
    assert {name.split("/")[2] for name in record.metrics if name.startswith("attack/")} == set(SETS)
    assert all(f"attack/ner/{name}/{score}" in record.metrics for name in SETS for score in ("f1", "changed_words"))
    for name in ("eval/ner/f1", "attack/ner/charbert/f1", "attack/ner/released/f1"):
        assert record.metrics[name] == pytest.approx(finetuned.metrics[name])
    assert record.metrics["dev/ner/f1"] == pytest.approx(finetuned.metrics["dev/ner/f1"])
    assert record.metrics["attack/ner/ocr/changed_words"] == pytest.approx(4 / 12)
    assert {"noisy_conll2003/typos/dev_ops.txt", "noisy_conll2003/ocr_tess4_01/test_ops.txt"} <= set(
        record.data_checksums
    )
    assert catalog.OTHER_NOISE.run(settings) == [record]
    assert (finetuning_run(settings).model_folder / "model.safetensors").stat().st_mtime_ns == weights
    table = Path(settings.paths.results) / "tables" / "other_noise_ner"
    with table.with_suffix(".csv").open(newline="", encoding="utf-8") as stream:
        columns = [row["column"] for row in csv.DictReader(stream)]
    names = ("original", "attack", "two edits", "first letter", "OCR", "original, dev set", "typos")
    assert columns == [f"NER F1 {name}" for name in names]
    assert "Words that the attack changed: attack" in table.with_suffix(".md").read_text(encoding="utf-8")


def test_noisy_copies_are_no_part_of_a_models_key_and_of_the_scores_on_them(noisy: Benchmarks) -> None:
    both, one, other = noisy(), noisy("~data.sets.ner.noisy.typos"), noisy("data.sets.ner.noisy.typos.split=test")
    assert finetuning_run(both).key == finetuning_run(one).key == finetuning_run(other).key
    assert len({other_noise_run(settings).key for settings in (both, one, other)}) == 3


def test_operations_of_a_users_own_count_by_their_contents(benchmarks: Benchmarks, tmp_path: Path) -> None:
    path = tmp_path / "my_ops.txt"
    files = [f"+data.own.noisy={{mine:{{operations:{path}}}}}"]
    for split in ("train", "dev", "test"):
        (tmp_path / split).write_text("Riga B-LOC\n\n", encoding="utf-8")
        files.append(f"data.own.{split}={tmp_path / split}")
    keys = []
    for operations in ("--s- x\n", "--s- y\n"):
        path.write_text(operations, encoding="utf-8")
        settings = benchmarks("task=ner", *files)
        keys.append((finetuning_run(settings).key, other_noise_run(settings).key))
    (model, first), (same, second) = keys
    assert model == same and first != second


def test_a_corrector_and_a_baseline_are_rows_too(noisy: Benchmarks, tmp_path: Path) -> None:
    text = tmp_path / "data" / "wikipedia" / "train.txt"
    text.parent.mkdir()
    text.write_text("Nobody in Malmö saw the keeper, who counted ships in Zürich.\n" * 3, encoding="utf-8")
    corpus = "data.corpus.train=wikipedia/train.txt"
    corrected = noisy("model=bert_dictionary", corpus)
    (record,) = catalog.OTHER_NOISE.run(corrected)
    lines = other_noise_run(corrected).predictions_path("ocr").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["words"][2] == "Maxmö"
    assert "Malmö" in json.loads(lines[0])["corrected"]
    (baseline,) = catalog.OTHER_NOISE.run(noisy("model=majority", corpus))
    assert baseline.metrics["eval/ner/f1"] > 0
    table = Path(corrected.paths.results) / "tables" / "other_noise_ner.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        assert {row["model"] for row in csv.DictReader(stream)} == {"BERT+Dictionary", "Majority"}
    assert record.metrics.keys() >= {"attack/ner/ocr/f1", "dev/ner/f1"}


def test_folds_are_scored_together_and_trained_again_only_where_weights_are_missing(pairs: Benchmarks) -> None:
    settings = pairs()
    pooled = finetune.run(settings)
    folders = [fold_run(with_fold(settings, number)).model_folder for number in range(3)]
    times = [folder.stat().st_mtime_ns for folder in folders]
    folders[1].rename(folders[1].with_name("away"))
    (record,) = catalog.OTHER_NOISE.run(settings)
    assert [folder.stat().st_mtime_ns == time for folder, time in zip(folders, times, strict=True)] == [
        True,
        False,
        True,
    ]
    for name in ("eval/qnli/accuracy", "eval/qnli/roc_auc", "attack/qnli/charbert/macro_recall"):
        assert record.metrics[name] == pytest.approx(pooled.metrics[name])
    assert {"attack/qnli/two_edits/roc_auc", "attack/qnli/first_letter/macro_recall"} <= record.metrics.keys()
    table = (Path(settings.paths.results) / "tables" / "other_noise_qnli.csv").read_text(encoding="utf-8")
    assert "QNLI ROC-AUC two edits" in table and "QNLI balanced acc. first letter" in table


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["+data.sets.ner.noisy={two_edits:{operations:x}}"],
            r"data\.sets\.ner\.noisy must not use the name of another",
        ),
        (
            ["+data.sets.qnli.noisy={ocr:{operations:x}}", "task=qnli"],
            r"data\.sets\.qnli\.noisy must be empty for task=qnli",
        ),
        (
            ["data.sets.ner.folds.number=3"],
            r"data\.sets\.ner\.noisy\.typos\.split must be test, since cross-validation",
        ),
        (["model=overlap"], r"model=Overlap compares the two texts of a pair, and task=ner has no pairs"),
    ],
)
def test_settings_that_fit_no_set_or_model_are_refused(noisy: Benchmarks, overrides: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        catalog.OTHER_NOISE.run(noisy(*overrides))


def test_operations_of_another_file_leave_no_record(noisy: Benchmarks, tmp_path: Path) -> None:
    path = tmp_path / "data" / "noisy_conll2003" / "typos" / "dev_ops.txt"
    path.write_text("------\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=rf"{path}:1: expected a sentence of 6 words, as at conll2003/eng.testa:3, got 1"
    ):
        catalog.OTHER_NOISE.run(noisy())
    assert other_noise_run(noisy()).finished() is None
    assert finetuning_run(noisy()).finished() is None, "a model was trained before the file was read"
