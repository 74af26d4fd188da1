"""A model that was fine-tuned once is scored on all sets with other noise; they are no part of its key."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.errors import DataError, SettingsError
from charbert.pipelines.analyses.robustness import catalog
from charbert.pipelines.tables.drawing import draw_all
from charbert.pipelines.train import finetune
from charbert.runs.analysis_keys import ROBUSTNESS, finetuned_run
from charbert.runs.run import finetuning_run, fold_run, with_fold

Benchmarks = Callable[..., Settings]
FAMILIES = ("two_edits", "first_letter")
SETS = ("charbert", "released", *FAMILIES, "ocr_tess4", "typos")
OPERATIONS = "s----- n\n--\n--s-- x\n---\n--i- n\n---d\n\n---\n------\n-------\n-----\n--\n------\n\n" * 6


@pytest.fixture
def noisy(entities: Benchmarks, tmp_path: Path) -> Benchmarks:
    """Named entities with noisy copies of the test and the dev set."""
    for name in ("ocr_tess4_01/test_ops.txt", "typos/dev_ops.txt"):
        path = tmp_path / "data" / "noisy_conll2003" / name
        path.parent.mkdir(parents=True)
        path.write_text(OPERATIONS, encoding="utf-8")
    return lambda *overrides: entities(*chosen(*FAMILIES), *overrides)


def chosen(*families: str) -> list[str]:
    """Return the overrides that choose families of ``conf/attack`` under their own names."""
    return [f"+attack@robustness.families.{family}={family}" for family in families]


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
        "task=qnli", "data.sets.qnli.folds.number=3", *chosen(*FAMILIES), *overrides
    )
    for relative in ("glue/QNLI/dev.tsv", "charbert_attack/CharAttack_QNLI/dev.tsv"):
        (tmp_path / "data" / relative).parent.mkdir(parents=True)
        write_glue(tmp_path / "data" / relative, rows, own().task.columns)
    return own


def test_one_model_is_scored_on_all_sets_and_found_again(noisy: Benchmarks) -> None:
    settings = noisy()
    (record,) = catalog.ROBUSTNESS.run(settings)
    finetuned = finetune.run(settings)
    weights = (finetuning_run(settings).model_folder / "model.safetensors").stat().st_mtime_ns
    assert {name.split("/")[2] for name in record.metrics if name.startswith("attack/")} == set(SETS)
    assert all(f"attack/ner/{name}/{score}" in record.metrics for name in SETS for score in ("f1", "changed_words"))
    for name in ("eval/ner/f1", "attack/ner/charbert/f1", "attack/ner/released/f1"):
        assert record.metrics[name] == pytest.approx(finetuned.metrics[name])
    assert record.metrics["dev/ner/f1"] == pytest.approx(finetuned.metrics["dev/ner/f1"])
    assert record.metrics["attack/ner/ocr_tess4/changed_words"] == pytest.approx(4 / 12)
    assert {"noisy_conll2003/typos/dev_ops.txt", "noisy_conll2003/ocr_tess4_01/test_ops.txt"} <= set(
        record.data_checksums
    )
    assert catalog.ROBUSTNESS.run(settings) == [record]
    assert (finetuning_run(settings).model_folder / "model.safetensors").stat().st_mtime_ns == weights
    table = Path(settings.paths.results) / "tables" / "robustness_ner"
    with table.with_suffix(".csv").open(newline="", encoding="utf-8") as stream:
        columns = [row["column"] for row in csv.DictReader(stream)]
    names = ("original", "attack", "two edits", "first letter", "OCR (tess4)", "original, dev set", "typos")
    assert columns == [f"NER F1 {name}" for name in (*names, "mean drop")]
    assert "Words that the attack changed: attack" in table.with_suffix(".md").read_text(encoding="utf-8")
    assert (Path(settings.paths.results) / "figures" / "robustness_ner.png").stat().st_size > 5_000


def test_noisy_copies_are_no_part_of_a_models_key_and_of_the_scores_on_them(noisy: Benchmarks) -> None:
    both, one, other = noisy(), noisy("~data.sets.ner.noisy.typos"), noisy("data.sets.ner.noisy.typos.split=test")
    assert finetuning_run(both).key == finetuning_run(one).key == finetuning_run(other).key
    assert len({finetuned_run(settings, ROBUSTNESS).key for settings in (both, one, other)}) == 3


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
        keys.append((finetuning_run(settings).key, finetuned_run(settings, ROBUSTNESS).key))
    (model, first), (same, second) = keys
    assert model == same and first != second


def test_a_corrector_and_a_baseline_are_rows_too(noisy: Benchmarks, tmp_path: Path) -> None:
    text = tmp_path / "data" / "wikipedia" / "train.txt"
    text.parent.mkdir()
    text.write_text("Nobody in Malmö saw the keeper, who counted ships in Zürich.\n" * 3, encoding="utf-8")
    corpus = "data.corpus.train=wikipedia/train.txt"
    corrected = noisy("model=bert_dictionary", corpus)
    (record,) = catalog.ROBUSTNESS.run(corrected)
    lines = finetuned_run(corrected, ROBUSTNESS).predictions_path("ocr_tess4").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["words"][2] == "Maxmö"
    assert "Malmö" in json.loads(lines[0])["corrected"]
    (baseline,) = catalog.ROBUSTNESS.run(noisy("model=majority", corpus))
    assert baseline.metrics["eval/ner/f1"] > 0
    assert baseline.settings["robustness"]["families"] and "trunk" not in baseline.settings
    table = Path(corrected.paths.results) / "tables" / "robustness_ner.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        assert {row["model"] for row in csv.DictReader(stream)} == {"BERT+Dictionary", "Majority"}
    assert record.metrics.keys() >= {"attack/ner/ocr_tess4/f1", "dev/ner/f1"}


def test_folds_are_scored_together_and_trained_again_only_where_weights_are_missing(pairs: Benchmarks) -> None:
    settings = pairs()
    pooled = finetune.run(settings)
    folders = [fold_run(with_fold(settings, number)).model_folder for number in range(3)]
    times = [folder.stat().st_mtime_ns for folder in folders]
    folders[1].rename(folders[1].with_name("away"))
    records = [finetuning_run(settings).record_path, fold_run(with_fold(settings, 1)).record_path]
    before = [path.read_bytes() for path in records]
    (record,) = catalog.ROBUSTNESS.run(settings)
    assert [folder.stat().st_mtime_ns == time for folder, time in zip(folders, times, strict=True)] == [
        True,
        False,
        True,
    ]
    assert [path.read_bytes() for path in records] == before, "a finished record was written again"
    for name in ("eval/qnli/accuracy", "eval/qnli/roc_auc", "attack/qnli/charbert/macro_recall"):
        assert record.metrics[name] == pytest.approx(pooled.metrics[name])
    assert {"attack/qnli/two_edits/roc_auc", "attack/qnli/first_letter/macro_recall"} <= record.metrics.keys()
    table = (Path(settings.paths.results) / "tables" / "robustness_qnli.csv").read_text(encoding="utf-8")
    assert "QNLI acc. two edits" in table and "QNLI ROC-AUC mean drop" in table


def test_an_example_of_a_subset_has_the_same_noise_and_prediction_as_in_the_whole_set(noisy: Benchmarks) -> None:
    whole, part, less = noisy(), noisy("robustness.max_examples=5"), noisy("robustness.max_examples=3")
    lines = {}
    for settings in (whole, part, less):
        catalog.ROBUSTNESS.run(settings)
        run = finetuned_run(settings, ROBUSTNESS)
        lines[settings.robustness.max_examples] = [
            run.predictions_path(name).read_text(encoding="utf-8").splitlines() for name in (*SETS, "clean", "dev")
        ]
    assert len({finetuned_run(settings, ROBUSTNESS).key for settings in (whole, part, less)}) == 3
    for all_lines, five, three in zip(lines[0], lines[5], lines[3], strict=True):
        assert (len(five), len(three)) == (5, 3)
        assert set(three) <= set(five) <= set(all_lines)
    assert "At most 3 examples" in (Path(less.paths.results) / "tables" / "robustness_ner.md").read_text()


def test_a_subset_of_folds_is_scored_by_the_model_of_each_examples_own_fold(pairs: Benchmarks) -> None:
    settings = pairs("robustness.max_examples=4")
    finetune.run(settings)
    catalog.ROBUSTNESS.run(settings)
    scored, known = (
        {line["first"]: line for line in map(json.loads, run.predictions_path("clean").read_text().splitlines())}
        for run in (finetuned_run(settings, ROBUSTNESS), finetuning_run(settings))
    )
    assert len(scored) == 4 < len(known)
    for text, line in scored.items():
        assert line["probability"] == pytest.approx(known[text]["probability"], abs=1e-5)


def test_a_family_of_a_users_own_is_a_column_and_makes_another_record(noisy: Benchmarks) -> None:
    mine = ("+attack@robustness.families.mine=charbert", "robustness.families.mine.probability=0.3")
    settings = noisy(*mine)
    assert finetuned_run(settings, ROBUSTNESS).key != finetuned_run(noisy(), ROBUSTNESS).key
    assert finetuning_run(settings).key == finetuning_run(noisy()).key
    (record,) = catalog.ROBUSTNESS.run(settings)
    shares = [record.metrics[f"attack/ner/{name}/changed_words"] for name in ("mine", "charbert")]
    assert 0 < shares[0] < shares[1]
    assert "NER F1 mine" in (Path(settings.paths.results) / "tables" / "robustness_ner.csv").read_text()


def test_the_redrawn_table_is_of_the_families_that_were_measured_last(
    noisy: Benchmarks, benchmarks: Benchmarks
) -> None:
    first, last = noisy(), noisy("~robustness.families.first_letter")
    for settings in (first, last):
        catalog.ROBUSTNESS.run(settings)
    table = Path(last.paths.results) / "tables" / "robustness_ner.md"
    drawn = table.read_text(encoding="utf-8")
    catalog.ROBUSTNESS.run(first)
    assert table.read_text(encoding="utf-8") != drawn
    draw_all(benchmarks("task=ner"), catalog.NEWEST.values())
    assert table.read_text(encoding="utf-8") == drawn


def test_noise_in_training_is_a_row_beside_the_model_without(noisy: Benchmarks) -> None:
    for robust in ("none", "adversarial"):
        settings = noisy(f"robust_training={robust}")
        catalog.TRANSFER.run(settings)
    table = Path(settings.paths.results) / "tables" / "transfer_ner.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        rows = dict.fromkeys(row["model"] for row in csv.DictReader(stream))
    assert list(rows) == ["BERT: no noise", "BERT: fine-tuning, adversarial"]
    assert (table.parents[1] / "figures" / "transfer_ner.png").stat().st_size > 5_000
    before = finetuned_run(settings, ROBUSTNESS).record_path.stat().st_mtime_ns
    catalog.ROBUSTNESS.run(settings)
    assert finetuned_run(settings, ROBUSTNESS).record_path.stat().st_mtime_ns == before, "the records are not shared"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["+data.sets.ner.noisy={two_edits:{operations:x}}"],
            r"data\.sets\.ner\.noisy must not use the name of another",
        ),
        (
            ["+attack@robustness.families.released=charbert"],
            r"robustness\.families\.released must not use the name of another .* ~robustness\.families\.released",
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
        catalog.ROBUSTNESS.run(noisy(*overrides))


def test_a_missing_list_of_misspellings_is_one_clear_error_before_a_model_is_trained(
    noisy: Benchmarks, tmp_path: Path
) -> None:
    settings = noisy(*chosen("natural"))
    path = tmp_path / "data" / "misspellings" / "birkbeck_missp.dat"
    with pytest.raises(DataError, match=rf"{path}: .*robustness\.families\.natural.* ~robustness\.families\.natural"):
        catalog.ROBUSTNESS.run(settings)
    assert finetuning_run(settings).finished() is None
    path.parent.mkdir()
    path.write_text("$counted\ncoutned\n$remembered\nrememberd\n", encoding="utf-8")
    (record,) = catalog.ROBUSTNESS.run(settings)
    assert record.metrics["attack/ner/natural/changed_words"] == pytest.approx(1 / 12)
    assert "misspellings/birkbeck_missp.dat" in record.data_checksums
    path.write_text("$counted\ncounteed\n", encoding="utf-8")
    with pytest.raises(DataError, match="birkbeck_missp"):
        catalog.ROBUSTNESS.run(settings)


def test_generated_data_have_no_list_of_misspellings_and_are_scored_without(composed: Benchmarks) -> None:
    settings = composed("recipe=smoke", *chosen("natural", "upper"))
    assert list(catalog.ROBUSTNESS.prepare(settings).robustness.families) == ["upper"]


def test_operations_of_another_file_leave_no_record(noisy: Benchmarks, tmp_path: Path) -> None:
    path = tmp_path / "data" / "noisy_conll2003" / "typos" / "dev_ops.txt"
    path.write_text("------\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=rf"{path}:1: expected a sentence of 6 words, as at conll2003/eng.testa:3, got 1"
    ):
        catalog.ROBUSTNESS.run(noisy())
    assert finetuned_run(noisy(), ROBUSTNESS).finished() is None
    assert finetuning_run(noisy()).finished() is None, "a model was trained before the file was read"
