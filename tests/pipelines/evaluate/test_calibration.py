"""What calibration adds to a run: metrics and files; ensembles, baselines and scoring again without a model."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Answer, Question, write_squad
from charbert.errors import RecordError, SettingsError
from charbert.evaluation.logits import read_scores
from charbert.pipelines.analyses import ensembles
from charbert.pipelines.tables import calibration, paper
from charbert.pipelines.train import cross_validation, finetune, pretrain
from charbert.pipelines.train.pretrain import load_encoder
from charbert.records import ResultRecord, read_record, read_records, write_record
from charbert.runs.run import Run, finetuning_run
from tests.tolerance import tolerance

Benchmarks = Callable[..., Settings]
TABLE = "experiment=table2_robustness"
NAMES = ("Malmö", "Zürich", "Kraków", "Bergen", "Porto", "Bilbao")
COPY = "charbert_attack/CharAttack_NER/test.txt"
RTE = ("task=rte",)
NER = ("task=ner",)
QA = (
    "task=squad2",
    "task.max_length=48",
    "data.sets.squad2.train=squad/dev-v2.0.json",
    "data.sets.squad2.dev=squad/dev-v2.0.json",
)


@pytest.fixture
def data(tmp_path: Path, benchmarks: Benchmarks) -> Path:
    root = tmp_path / "data"
    sentences = [TaggedSentence((f"Nobody in {name} answered").split(), ("O", "O", "B-LOC", "O")) for name in NAMES * 4]
    sentences = [TaggedSentence(tuple(sentence.words), sentence.tags) for sentence in sentences]
    for name in ("conll2003/eng.train", "conll2003/eng.testa", "conll2003/eng.testb", COPY):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_conll(root / name, sentences)
    rows = [
        LabeledText(
            f"A ship left {first}.", f"It left {second}.", "entailment" if first == second else "not_entailment", f"{n}"
        )
        for n, (first, second) in enumerate((first, other) for first in NAMES for other in NAMES[:4])
    ]
    for split in ("train", "dev"):
        write_glue(root / f"glue/RTE/{split}.tsv", rows, benchmarks("task=rte").task.columns)
    questions = []
    for number, name in enumerate(NAMES * 2):
        context = f"The keeper of {name} counted ships. Nobody answered."
        answers = (Answer(name, context.index(name)),) if number % 3 else ()
        asked = "Where does the keeper count ships?" if answers else "Which king wrote?"
        questions.append(Question(f"q{number}", asked, context, answers, f"article {number}", number))
    write_squad(root / "squad/dev-v2.0.json", questions)
    return root


def last_names(record: ResultRecord, prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in record.metrics if name.startswith(prefix)}


def folder_of(settings: Settings) -> Path:
    return finetuning_run(settings).predictions_path("clean").parent


SCORES = {
    "accuracy",
    "matthews",
    "macro_f1",
    "micro_precision",
    "weighted_recall",
    "ece",
    "brier",
    "nll",
    "confidence",
}
SCALED = {"temperature", "scaled_ece", "scaled_brier", "scaled_nll"}


def test_a_classifier_has_calibration_scores_clean_and_attacked(data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks(*RTE)
    record = finetune.run(settings)
    wanted = SCORES | SCALED | {"precision", "recall", "f1", "roc_auc", "pr_auc"}
    assert wanted <= last_names(record, "eval/rte/")
    assert wanted <= last_names(record, "attack/rte/charbert/")
    assert all(map(math.isfinite, record.metrics.values()))
    folder = folder_of(settings)
    names = {path.name for path in folder.iterdir()}
    assert "dev.scores.npz" in names and "reliability.png" not in names
    assert {f"{name}.{kind}" for name in ("clean", "charbert") for kind in ("scores.npz", "judging.json")} <= names
    lines = [json.loads(line) for line in (folder / "clean.jsonl").read_text().splitlines()]
    scores = read_scores(folder / "clean.scores.npz")
    assert scores is not None
    assert [scores.labels[label] for label in scores.logits.argmax(1)] == [line["predicted"] for line in lines]
    assert [scores.labels[label] for label in scores.gold] == [line["gold"] for line in lines]
    assert record.details["judging"]["temperature"] == record.metrics["eval/rte/temperature"]


def test_taggers_have_calibration_scores_of_words_besides_entity_scores(data: Path, benchmarks: Benchmarks) -> None:
    record = finetune.run(benchmarks(*NER, "calibration.temperature=false"))
    assert SCORES | {"roc_auc", "pr_auc"} <= last_names(record, "attack/ner/charbert/token/")
    assert not SCALED & last_names(record, "eval/ner/token/")
    assert {"f1", "macro_f1", "weighted_precision"} <= last_names(record, "eval/ner/")
    assert record.metrics["eval/ner/token/accuracy"] == pytest.approx(record.metrics["eval/ner/token_accuracy"])


def test_answerability_has_calibration_scores(data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks(*QA)
    record = finetune.run(settings)
    assert SCORES | {"roc_auc", "pr_auc"} <= last_names(record, "eval/squad2/answerability/")
    lines = [json.loads(line) for line in (folder_of(settings) / "clean.jsonl").read_text().splitlines()]
    scores = read_scores(folder_of(settings) / "clean.scores.npz")
    assert scores is not None
    differences = scores.logits[:, 0] - scores.logits[:, 1]
    assert differences == pytest.approx([line["null_difference"] for line in lines], abs=1e-4)


@pytest.mark.parametrize(
    ("model", "task"),
    [("majority", RTE), ("tfidf", RTE), ("overlap", RTE), ("majority", NER), ("char_tfidf", NER), ("tfidf", QA)],
)
def test_a_baseline_is_scored_like_a_model_and_reads_no_trunk(
    data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch, model: str, task: tuple[str, ...]
) -> None:
    monkeypatch.setattr(pretrain, "prepare_trunk", lambda settings: pytest.fail("a baseline has no trunk"))
    settings = benchmarks(*task, f"model={model}", TABLE)
    record = paper.run(settings)
    assert record.kind == "baseline"
    assert "trunk" not in record.settings
    name = settings.task.name
    assert f"attack/{name}/charbert/{settings.task.metric}" in record.metrics
    assert any(metric.endswith("/ece") for metric in record.metrics)
    assert (folder_of(settings) / "clean.mistakes.csv").is_file()
    if name != "rte":
        assert (
            f"| {settings.model.name} |" in (Path(settings.paths.results) / "tables/table2_robustness.md").read_text()
        )
    if model != "majority" and name != "squad2":
        assert record.metrics[f"eval/{name}/{settings.task.metric}"] > 0.8  # what it was fitted on


@pytest.mark.parametrize("task", [NER, QA])
def test_overlap_is_refused_for_a_task_without_pairs(data: Path, benchmarks: Benchmarks, task: tuple[str, ...]) -> None:
    settings = benchmarks(*task, "model=overlap")
    with pytest.raises(SettingsError, match=rf"model=Overlap compares .* task={settings.task.name} has no pairs"):
        finetune.run(settings)
    assert not list(Path(settings.paths.results).rglob("record.json"))


def test_a_baseline_on_prepared_examples_is_another_run_and_has_no_class_weights(
    data: Path, benchmarks: Benchmarks
) -> None:
    plain, balanced = benchmarks(*RTE, "model=tfidf"), benchmarks(*RTE, "model=tfidf", "preparation=balanced")
    assert finetuning_run(plain).key != finetuning_run(balanced).key
    assert finetune.run(balanced).settings["preparation"]["name"] == "balanced"
    with pytest.raises(SettingsError, match=r"preparation\.class_weights=balanced weights the loss"):
        finetune.run(benchmarks(*RTE, "model=tfidf", "preparation=weighted"))


def test_a_baseline_is_the_same_run_on_every_trunk_and_has_no_encoder(benchmarks: Benchmarks) -> None:
    settings = benchmarks(*RTE, "model=tfidf")
    other = benchmarks(*RTE, "model=tfidf", "finetuning.epochs=9", "trunk=bert_base_cased")
    assert finetuning_run(settings).key == finetuning_run(other).key
    assert finetuning_run(settings).key != finetuning_run(benchmarks(*RTE, "model=char_tfidf")).key
    for refuse in (finetune.prepare_finetuned, load_encoder):
        with pytest.raises(SettingsError, match="model=TF-IDF is a baseline"):
            refuse(settings)


@pytest.fixture
def members(data: Path, benchmarks: Benchmarks) -> Benchmarks:
    """Settings of NER with two seeds of a baseline finished, whose seeds differ a little."""
    for seed in (1, 2):
        finetune.run(benchmarks(*NER, "model=char_tfidf", f"seed={seed}"))
    return lambda *overrides: benchmarks(*NER, "model=char_tfidf", *overrides)


def test_an_ensemble_of_seeds_is_one_more_row(members: Benchmarks) -> None:
    single = finetuning_run(members()).finished()
    assert single is not None
    for rule, words in (("mean_probabilities", "mean of probabilities"), ("majority", "majority vote")):
        settings = members(f"ensemble.rule={rule}")
        record = ensembles.run(settings)
        assert record.kind == "ensemble"
        assert len(record.details["members"]) == 2
        assert record.metrics.keys() == single.metrics.keys()
        label = f"2 × char TF-IDF ({words})"
        assert record.settings["model"]["name"] == label
        assert f"| {label} |" in (Path(settings.paths.results) / "tables/table2_robustness.md").read_text()
    assert ensembles.run(settings).finished == record.finished  # found again


def test_an_ensemble_of_one_model_taken_twice_is_that_model(members: Benchmarks) -> None:
    settings = members()
    first, second = (finetuning_run(members(f"seed={seed}")) for seed in (1, 2))
    shutil.rmtree(second.folder)
    shutil.copytree(first.folder, second.folder)
    record, single = ensembles.run(settings), first.finished()
    assert single is not None
    for name, value in single.metrics.items():
        assert record.metrics[name] == pytest.approx(value, abs=tolerance()), name


def test_an_ensemble_answers_questions(data: Path, benchmarks: Benchmarks) -> None:
    for model in ("tfidf", "char_tfidf"):
        finetune.run(benchmarks(*QA, f"model={model}"))
    record = ensembles.run(benchmarks(*QA, "ensemble.models=[TF-IDF,char TF-IDF]", "ensemble.rule=majority"))
    assert record.settings["model"]["name"] == "2 × TF-IDF+char TF-IDF (majority vote)"
    assert 0 <= record.metrics["eval/squad2/best_f1"] <= 1


def test_bags_leave_out_another_part_of_the_training_set_each(
    data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    fit = ensembles.fit_baseline

    def watched(settings: Settings, run: Run, task: object, sets: dict, eval_sets: dict) -> object:
        seen.append({id(example) for example in sets["train"]})
        return fit(settings, run, task, sets, eval_sets)

    monkeypatch.setattr(ensembles, "fit_baseline", watched)
    settings = benchmarks(*RTE, "model=char_tfidf", "ensemble.bags=3")
    record = ensembles.run(settings)
    assert record.settings["model"]["name"] == "3 bags of char TF-IDF (mean of logits)"
    every = set.union(*seen)
    assert [len(every - bag) for bag in seen] == [8, 8, 8]
    assert not set.intersection(*[every - bag for bag in seen])
    records = read_records(Path(settings.paths.results) / "records", kind="bag")
    assert [f"{bag_record.name}-{bag_record.key}" for bag_record in records] == sorted(record.details["members"])
    ensembles.run(benchmarks(*RTE, "model=char_tfidf", "ensemble.bags=3", "ensemble.rule=majority"))
    assert len(seen) == 3  # finished bags are not trained again


def test_missing_members_are_named(members: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"two members or more, got \['ner-char-tf-idf-s1"):
        ensembles.run(members("ensemble.seeds=[1]"))
    with pytest.raises(RecordError, match="no finished run nothing of task=ner"):
        ensembles.run(members("ensemble.records=[nothing]"))
    finetune.run(members("model.baseline.C=3"))
    with pytest.raises(RecordError, match=r"two runs with seed 1.*ensemble\.records"):
        ensembles.run(members())
    finetuning_run(members("model.baseline.C=3")).record_path.unlink()
    run = finetuning_run(members("seed=2"))
    run.predictions_path("clean").with_name("clean.scores.npz").unlink()
    with pytest.raises(RecordError, match=r"expected clean\.scores\.npz with the logits of a member"):
        ensembles.run(members())
    shutil.rmtree(run.folder)
    with pytest.raises(RecordError, match="run the member again"):
        ensembles.run(members())


def test_bags_need_a_training_file(data: Path, benchmarks: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"ensemble\.bags needs a training file"):
        ensembles.run(benchmarks("data=folds", "task=squad2", "data.sets.squad2.folds.number=3", "ensemble.bags=3"))


def test_members_of_which_the_first_folds_were_run_are_combined_on_those(data: Path, benchmarks: Benchmarks) -> None:
    chosen = [f"data.sets.squad2.folds.{option}" for option in ("number=3", "run_first=1")]
    first = ("data=folds", "task=squad2", *chosen, "model=char_tfidf", TABLE)
    for seed in (1, 2):
        paper.run(benchmarks(*first, f"seed={seed}"))
    settings = benchmarks(*first)
    record = ensembles.run(settings)
    folder = Path(settings.paths.results) / "records" / f"{record.name}-{record.key}"
    units = json.loads((folder / "per_example.json").read_text())
    assert 0 < len(units["clean"]) == len(units["charbert"]) < 12


def test_finished_runs_are_calibrated_again_from_stored_logits(members: Benchmarks) -> None:
    settings = members()
    run = finetuning_run(settings)
    before = run.finished()
    calibration.run(members("calibration.bins=3", "calibration.temperature=false"))
    after = run.finished()
    assert before is not None and after is not None
    assert after.details["judging"]["bins"] == 3
    figure = run.predictions_path("clean").with_name("reliability.svg")
    assert "over 3 bins" in figure.read_text() and "at the fitted temperature" not in figure.read_text()
    assert not SCALED & last_names(after, "eval/ner/token/")
    calibrated = {name for name in before.metrics if "ece" in name or "scaled" in name or "temperature" in name}
    assert {k: v for k, v in before.metrics.items() if k not in calibrated} == {
        k: v for k, v in after.metrics.items() if k not in calibrated
    }
    calibration.run(settings)
    again = run.finished()
    assert again is not None and again.metrics == before.metrics
    assert "at the fitted temperature" in figure.read_text()
    table = (Path(settings.paths.results) / "tables/calibration_ner.md").read_text()
    assert "| char TF-IDF |" in table and "ECE scaled attack" in table
    record = read_record(run.record_path)  # as one without calibration scores, whose predictions were deleted
    record.metrics = {name: value for name, value in record.metrics.items() if "token/" not in name}
    del record.details["judging"]
    write_record(run.record_path, record)
    shutil.rmtree(run.folder)
    calibration.run(settings)
    assert read_record(run.record_path) == record


def test_a_task_without_finished_runs_is_an_error(data: Path, benchmarks: Benchmarks) -> None:
    with pytest.raises(RecordError, match="expected finished runs of task=ner, got none"):
        calibration.run(benchmarks(*NER))


def test_folds_are_calibrated_together_from_their_stored_logits(
    data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = ("data=folds", "task=squad2", "data.sets.squad2.folds.number=3", "model=char_tfidf", TABLE)
    settings = benchmarks(*three)
    record = paper.run(settings)
    scores = read_scores(folder_of(settings) / "clean.scores.npz")
    dev = read_scores(folder_of(settings) / "dev.scores.npz")
    assert scores is not None and dev is not None
    assert len(scores.gold) == len(dev.gold) == 12
    gold = [json.loads(line)["gold"] for line in (folder_of(settings) / "clean.jsonl").read_text().splitlines()]
    assert scores.gold.tolist() == [int(bool(answers)) for answers in gold]
    spread = record.details["folds"]["eval/squad2/best_f1"]["sd"]
    table = (Path(settings.paths.results) / "tables/table2_robustness.md").read_text()
    assert f"(folds ± {100 * spread:.2f})" in table
    finetuning_run(settings).record_path.unlink()
    monkeypatch.setattr(cross_validation, "fit_baseline", lambda *_: pytest.fail("all folds are finished"))
    again = paper.run(settings)
    assert again.metrics == record.metrics
    assert np.isclose(again.details["judging"]["temperature"], record.details["judging"]["temperature"])
