"""Cross-validation of sets made here, with a trunk that nobody has trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock, Timeout

from charbert.config.schema import Settings
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Answer, Question, write_squad
from charbert.errors import SettingsError
from charbert.pipelines.build.eval_sets import read_test_sets
from charbert.pipelines.train import cross_validation, finetune
from charbert.pipelines.train.cross_validation import chosen_folds, fold_sets
from charbert.records import read_records
from charbert.runs.run import finetuning_run, fold_run, with_fold
from charbert.tasks.catalog import build_task

Benchmarks = Callable[..., Settings]
THREE = ("data.sets.qnli.folds.number=3",)
COPY = "charbert_attack/CharAttack_QNLI/dev.tsv"
WORDS = ("harbour", "breakfast", "lighthouse", "captain", "weather", "coffee", "painter", "railway")


def write_questions(path: Path, count: int = 24) -> list[Question]:
    questions = []
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        context = f"Passage {number // 2} tells of the {word} and of nothing else."
        answers = (Answer(word, context.index(word)),) if number % 3 else ()
        question = f"What does passage {number} of the {word} tell?"
        questions.append(Question(f"q{number}", question, context, answers, f"article {number // 4}", number // 4))
    write_squad(path, questions)
    return questions


@pytest.fixture
def data(tmp_path: Path, benchmarks: Benchmarks) -> Path:
    """A QNLI made of a SQuAD file, both below the data folder."""
    settings = benchmarks("data=folds", "task=qnli")
    root = tmp_path / "data"
    questions = write_questions(root / "squad" / "dev-v2.0.json")
    answerable = [question for question in questions if question.answers]
    write_squad(root / "squad" / "dev-v1.1.json", answerable, version="1.1")
    rows = [
        LabeledText(question.question, question.context, ("entailment", "not_entailment")[number % 2], str(number))
        for number, question in enumerate(answerable)
    ]
    for name in ("glue/QNLI/dev.tsv", COPY):
        write_glue(root / name, rows, settings.task.columns)
    return root


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the folds that were trained; the list fills as they are."""
    names: list[str] = []
    fit = cross_validation.fit

    def counted(settings: Settings, run: Any, *rest: Any) -> Any:
        names.append(run.name)
        return fit(settings, run, *rest)

    monkeypatch.setattr(cross_validation, "fit", counted)
    return names


def test_all_folds_make_one_record_in_the_order_of_the_file(
    data: Path, benchmarks: Benchmarks, tiny_trunk: Path
) -> None:
    settings = benchmarks("data=folds", "task=qnli", *THREE)
    record = finetune.run(settings)
    run = finetuning_run(settings)
    lines = [json.loads(line) for line in run.predictions_path("clean").read_text().splitlines()]
    source = (data / "glue/QNLI/dev.tsv").read_text().splitlines()[1:]
    assert [line["first"] for line in lines] == [row.split("\t")[1] for row in source]
    right = np.mean([line["gold"] == line["predicted"] for line in lines])
    assert record.metrics["eval/qnli/accuracy"] == pytest.approx(right)
    assert record.metrics["attack/qnli/released/accuracy"] == record.metrics["eval/qnli/accuracy"]  # an exact copy
    spread = record.details["folds"]["attack/qnli/charbert/accuracy"]
    assert len(spread["values"]) == 3
    assert spread["mean"] == pytest.approx(np.mean(spread["values"]))
    assert spread["sd"] == pytest.approx(np.std(spread["values"], ddof=1))
    trunk = f"{tiny_trunk.name}/model.safetensors"
    assert set(record.data_checksums) == {"glue/QNLI/dev.tsv", "squad/dev-v1.1.json", COPY, trunk}
    records = read_records(Path(settings.paths.results) / "records", kind="fold")
    assert record.training_tokens == sum(fold_record.training_tokens for fold_record in records) > 0
    units = json.loads(run.record_path.with_name("per_example.json").read_text())
    assert len(units["clean"]) == len(units["charbert"]) == len(source)
    assert units["clean/groups"] == [number // 4 for number in range(24) if number % 3]  # articles of the SQuAD file
    assert (run.predictions_path("clean").parent / "charbert.mistakes.csv").is_file()


def test_a_killed_run_repeats_no_finished_fold(
    data: Path, benchmarks: Benchmarks, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = benchmarks("data=folds", "task=qnli", *THREE)
    whole = cross_validation.fit

    def killed(settings: Settings, run: Any, *rest: Any) -> Any:
        if run.name.endswith("fold2"):
            raise KeyboardInterrupt
        return whole(settings, run, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(cross_validation, "fit", killed)
        finetune.run(settings)
    assert finetuning_run(settings).finished() is None
    assert trained == ["qnli-bert-s1-fold0", "qnli-bert-s1-fold1"]
    resumed = finetune.run(settings)
    assert trained[2:] == ["qnli-bert-s1-fold2"]
    again = finetune.run(settings)
    assert (again.metrics, len(trained)) == (resumed.metrics, 3)


def test_another_process_waits_for_a_fold_that_both_runs_have(
    data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*unused: Any) -> None:
        (lock,) = (tmp_path / "outputs" / "locks").glob("fold-qnli-bert-s1-fold0-*.lock")
        with pytest.raises(Timeout):
            FileLock(lock).acquire(timeout=0)
        raise KeyboardInterrupt

    monkeypatch.setattr(cross_validation, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        finetune.run(benchmarks("data=folds", "task=qnli", *THREE, "data.sets.qnli.folds.run_first=1"))


def test_each_fold_has_its_own_word_recognizer_and_predictions_show_the_corrected_text(
    data: Path, benchmarks: Benchmarks
) -> None:
    recognizer = ("enabled=true", "backoff=pass_through", "training.max_steps=2", "vocab_size=50")
    chosen = [f"model.recognizer.{setting}" for setting in recognizer]
    settings = benchmarks("data=folds", "task=qnli", *THREE, *chosen)
    finetune.run(settings)
    assert len(read_records(Path(settings.paths.results) / "records", kind="word_recognizer")) == 3
    lines = finetuning_run(settings).predictions_path("charbert").read_text().splitlines()
    assert all(json.loads(line)["corrected"] for line in lines)


def test_answers_of_folds_share_one_search_for_the_threshold(data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks("data=folds", "task=squad2", "task.max_length=64", "data.sets.squad2.folds.number=3")
    record = finetune.run(settings)
    scores = {name.rsplit("/", 1)[1]: value for name, value in record.metrics.items() if name.startswith("eval/")}
    assert scores["best_f1"] >= scores["f1_at_zero"]
    assert scores["best_f1"] <= record.details["folds"]["eval/squad2/best_f1"]["mean"] + 1e-9
    assert "squad/dev-v2.0.json" in record.data_checksums and "squad/dev-v1.1.json" not in record.data_checksums


def test_the_first_folds_can_be_scored_alone_and_are_not_trained_again_later(
    data: Path, benchmarks: Benchmarks, trained: list[str]
) -> None:
    settings = benchmarks("data=folds", "task=qnli", *THREE, "data.sets.qnli.folds.run_first=2")
    first = finetune.run(settings)
    assert trained == ["qnli-bert-s1-fold0", "qnli-bert-s1-fold1"]
    run = finetuning_run(settings)
    lines = [json.loads(line) for line in run.predictions_path("clean").read_text().splitlines()]
    source = [row.split("\t")[1] for row in (data / "glue/QNLI/dev.tsv").read_text().splitlines()[1:]]
    tested = [line["first"] for line in lines]
    assert tested == [text for text in source if text in set(tested)] != source
    units = json.loads(run.record_path.with_name("per_example.json").read_text())
    assert len(units["clean"]) == len(units["released"]) == len(tested)
    whole = finetune.run(benchmarks("data=folds", "task=qnli", *THREE))
    assert trained[2:] == ["qnli-bert-s1-fold2"]
    name = "eval/qnli/accuracy"
    assert whole.details["folds"][name]["values"][:2] == first.details["folds"][name]["values"]
    assert whole.key != first.key


def test_a_single_fold_has_no_deviation(data: Path, benchmarks: Benchmarks) -> None:
    record = finetune.run(benchmarks("data=folds", "task=qnli", *THREE, "data.sets.qnli.folds.run_first=1"))
    assert {statistics["sd"] for statistics in record.details["folds"].values()} == {None}


def test_all_folds_together_are_one_run_and_each_fold_is_another(benchmarks: Benchmarks) -> None:
    settings = benchmarks("data=folds", "task=qnli")
    assert finetuning_run(with_fold(settings, 3)).key == finetuning_run(settings).key
    keys = {fold_run(with_fold(settings, fold)).folder for fold in range(5)}
    assert len(keys) == 5


def test_a_model_of_all_folds_is_refused(benchmarks: Benchmarks) -> None:
    with pytest.raises(SettingsError, match="data=folds gives task=qnli a model for each fold"):
        finetune.prepare_finetuned(benchmarks("data=folds", "task=qnli"))


def test_probabilities_of_a_file_belong_to_the_same_examples_in_every_fold(
    data: Path, benchmarks: Benchmarks, tmp_path: Path
) -> None:
    probabilities = tmp_path / "probabilities.jsonl"
    given = ("preparation.steps=[suspicious]", f"preparation.suspicious.probabilities={probabilities}")
    dropping = ("preparation.suspicious.method=predicted_neq_given", "preparation.suspicious.action=drop")
    settings = benchmarks("data=folds", "task=qnli", *THREE, *given, *dropping)
    task = build_task(settings.task)
    examples = read_test_sets(settings, task, learn=True)["test"]
    wrong = examples[5]
    confidences = [0.1 if example is wrong else 0.9 for example in examples]
    lines = [
        json.dumps({"probabilities": {label: share if label == example.label else 1 - share for label in task.labels}})
        for example, share in zip(examples, confidences, strict=True)
    ]
    probabilities.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for number, fold in enumerate(chosen_folds(settings, task, examples)):
        sets, _ = fold_sets(with_fold(settings, number), task, fold, {"clean": examples})
        assert sets["train"] == [examples[index] for index in fold.train if examples[index] is not wrong]
