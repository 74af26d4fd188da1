"""Every analysis, run as a user runs it, at the smallest scale; all share the models of one folder."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
FIGURES = ("fig4_word_vs_subword", "fig5_sensitivity", "fig6_embedding_sources", "intro_fragility")


@pytest.fixture(scope="module")
def run(run_experiment: Run) -> Run:
    """Run an experiment by its stem, without tracking."""
    return lambda stem, folder, *overrides, **options: run_experiment(
        f"{stem}.py", folder, "tracking=off", *overrides, **options
    )


def models_with_a_score(folder: Path, stem: str) -> set[str]:
    rows = csv.DictReader((folder / f"results/tables/{stem}.csv").open())
    return {row["model"] for row in rows if row["mean"]}


def records(folder: Path, analysis: str) -> dict[str, dict]:
    contents = [json.loads(path.read_text()) for path in (folder / "results/records").rglob("record.json")]
    return {record["name"]: record for record in contents if record["details"].get("analysis") == analysis}


@pytest.fixture(scope="module")
def drawn(pretrained_folder: Callable[[], Path], run: Run) -> Path:
    folder = pretrained_folder()
    for stem in FIGURES:
        run(stem, folder)
    return folder


@pytest.mark.parametrize("stem", FIGURES)
def test_the_bare_command_draws_the_figure_and_its_table(drawn: Path, stem: str) -> None:
    for suffix in ("png", "svg"):
        assert (drawn / f"results/figures/{stem}.{suffix}").stat().st_size > 5_000
    assert "In brackets: the paper." in (drawn / f"results/tables/{stem}.md").read_text()


def test_fig4_scores_every_entity_once(drawn: Path) -> None:
    assert models_with_a_score(drawn, FIGURES[0]) == {"BERT", "CharBERT"}
    record = records(drawn, FIGURES[0])["fig4-word-vs-subword-ner-charbert-s1"]
    counts = record["details"]["counts"]
    assert counts["all_words"]["gold"] == counts["split"]["gold"] + counts["unsplit"]["gold"] > 0
    finetuned = next((drawn / "results/records").glob("ner-charbert-s1-*/record.json"))
    assert record["metrics"]["eval/ner/all_words/f1"] == json.loads(finetuned.read_text())["metrics"]["eval/ner/f1"]


def test_fig5_compares_each_word_of_a_text_with_the_same_word_under_any_attack(
    pretrained_folder: Callable[[], Path], run: Run
) -> None:
    folder = pretrained_folder()
    run(FIGURES[1], folder, "hydra.mode=RUN", "model=bert", "task=qnli", "attack=invisible")
    (record,) = records(folder, FIGURES[1]).values()
    assert record["metrics"]["sensitivity/qnli/concat/attacked"] >= 0


def test_channels_hides_what_the_attack_changed_in_every_model(drawn: Path, run: Run) -> None:
    run("channels", drawn, "model=bert,charbert")
    assert models_with_a_score(drawn, "channels") == {"BERT", "CharBERT"}
    (bert,) = [record for name, record in records(drawn, "channels").items() if "-bert-" in name]
    (charbert,) = [record for name, record in records(drawn, "channels").items() if "-charbert-" in name]
    finetuned = next((drawn / "results/records").glob("ner-charbert-s1-*/record.json"))
    scores = json.loads(finetuned.read_text())["metrics"]
    assert charbert["metrics"]["channels/ner/clean/all"] == pytest.approx(scores["eval/ner/f1"], abs=0.02)
    assert charbert["metrics"].keys() - bert["metrics"].keys() == {
        "channels/ner/clean/no_characters",
        "channels/ner/attacked/no_characters",
    }


def test_char_channel_looks_at_encoders_before_and_after_pretraining(drawn: Path, run: Run) -> None:
    run("char_channel", drawn, "model=charbert,charbert_unpretrained")
    assert models_with_a_score(drawn, "char_channel") == {"CharBERT", "CharBERT w/o pretraining"}
    by_name = records(drawn, "char_channel")
    both, fresh = (by_name[f"char-channel-{name}-s1"]["metrics"] for name in ("charbert", "charbert-w-o-pretraining"))
    start = {name: value for name, value in both.items() if "/start/" in name}
    assert fresh == start and len(both) == 2 * len(start)
    refused = run("char_channel", drawn, "hydra.mode=RUN", "model=adv_bert", expect=2)
    assert "encoders with a char channel" in refused.stderr and "model=AdvBERT" in refused.stderr


def test_fig5_measures_all_models_of_the_sweep_on_one_sentence(drawn: Path) -> None:
    assert models_with_a_score(drawn, FIGURES[1]) == {"BERT", "AdvBERT", "CharBERT"}
    measured = records(drawn, FIGURES[1]).values()
    assert len({tuple(record["details"]["sentence"]["noisy"]) for record in measured}) == 1
    assert all(0 < record["metrics"]["sensitivity/ner/concat/all_words"] < 1 for record in measured)


def test_fig5_can_look_at_models_before_fine_tuning(drawn: Path, run: Run) -> None:
    run("fig5_sensitivity", drawn, "hydra.mode=RUN", "model=bert", "analysis.sensitivity.stage=pretrained")
    assert models_with_a_score(drawn, "fig5_sensitivity_pretrained") == {"BERT"}
    assert models_with_a_score(drawn, "fig5_sensitivity") == {"BERT", "AdvBERT", "CharBERT"}


def test_fig6_trains_a_tagger_for_each_kind_of_states(drawn: Path) -> None:
    assert models_with_a_score(drawn, FIGURES[2]) == {"char", "sum", "token", "BERT", "concat"}


def test_sec1_takes_any_wordpiece_vocabulary(drawn: Path, tmp_path: Path, run: Run) -> None:
    vocabulary = tmp_path / "letters-vocab.txt"
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    vocabulary.write_text("\n".join(pieces) + "\n")
    options = (f"analysis.fragility.vocabulary={vocabulary}", "analysis.fragility.lower_case=true")
    run("intro_fragility", drawn, *options)
    assert models_with_a_score(drawn, FIGURES[3]) == {"tiny-bert", "letters"}


@pytest.mark.slow
def test_figures_are_redrawn_from_records_alone(drawn: Path, run: Run) -> None:
    paths = [drawn / f"results/tables/{stem}.md" for stem in FIGURES]
    before = [path.read_text() for path in paths]
    for path in paths:
        path.unlink()
    run("tables", drawn)
    assert [path.read_text() for path in paths] == before


def test_what_was_deleted_is_made_again_with_the_same_result(drawn: Path, tmp_path: Path, run: Run) -> None:
    shutil.copytree(drawn / "results", tmp_path / "results")
    name = "fig4-word-vs-subword-ner-bert-s1"
    before = records(tmp_path, FIGURES[0])[name]["metrics"]
    shutil.rmtree(next((tmp_path / "results/records").glob(f"{name}-*")))
    run(FIGURES[0], tmp_path, "hydra.mode=RUN", "model=bert")  # neither weights nor predictions are there
    assert records(tmp_path, FIGURES[0])[name]["metrics"] == before


def test_a_task_without_entities_is_refused_by_name(tmp_path: Path, run: Run) -> None:
    done = run(FIGURES[0], tmp_path, "hydra.mode=RUN", "task=qnli", expect=2)
    assert "task.kind must be tagging" in done.stderr and "Traceback" not in done.stderr
