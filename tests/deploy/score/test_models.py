"""A model scored on a file: as fine-tuning scored it, and only on a set that fits it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.data.readers.squad import Answer, Question, write_squad
from charbert.deploy.command import main
from charbert.deploy.predict.predictor import Predictor


@pytest.mark.parametrize("task", ["ner", "qnli"])
def test_a_saved_model_scores_what_its_record_says(
    task: str, pretrained_folder: Callable[[], Path], run_experiment: Callable[..., object], tmp_path: Path
) -> None:
    folder = pretrained_folder()
    long = ("finetuning.epochs=20", "finetuning.optimizer.learning_rate=3e-3")
    run_experiment("finetune.py", folder, f"task={task}", "hydra.mode=RUN", "model=charbert", "tracking=off", *long)
    (path,) = folder.glob(f"results/records/{task}-*/record.json")
    recorded = json.loads(path.read_text())["metrics"]
    (model,) = folder.glob(f"outputs/finetune/{task}-*/model")
    (test_set,) = folder.glob(f"outputs/newswire/*/{task}/test*")
    output = tmp_path / "scores.json"
    few = ["--batch-size", "3", "--threads", "1"]
    assert main(["score", str(model), "--task", task, "--set", str(test_set), "--output", str(output), *few]) == 0
    scores = json.loads(output.read_text())["metrics"]
    assert scores == pytest.approx({name: recorded[name] for name in scores}, abs=1e-9)
    assert any(0.1 < score < 1 for score in scores.values())


def test_answers_of_a_model_are_those_that_it_predicts(reader: Path, tmp_path: Path) -> None:
    context = "The keeper counted seven ships before breakfast."
    (output,) = Predictor.load(reader).predict([{"question": "How many ships?", "context": context}])
    asked = [
        Question("q1", "How many ships?", context, (Answer(output.answer, output.start),), "a"),
        Question("q2", "Who answered?", context, (Answer("breakfast.", context.index("breakfast")),), "a"),
    ]
    write_squad(tmp_path / "set.json", asked, version="v1.1")
    assert output.answer != "breakfast."
    arguments = ["--task", "squad1", "--set", str(tmp_path / "set.json"), "--output", str(tmp_path / "scores.json")]
    assert main(["score", str(reader), *arguments]) == 0
    assert json.loads((tmp_path / "scores.json").read_text())["metrics"]["eval/squad1/exact"] == 0.5


def test_a_set_may_have_fewer_labels_than_the_model(save_model: Callable[..., Path], tmp_path: Path) -> None:
    model = save_model("sequence_classification", labels=("bad", "good"))
    (tmp_path / "own.yaml").write_text("{name: own, kind: classification, metric: f1, columns: {first: text}}")
    (tmp_path / "set.tsv").write_text("text\tlabel\nFine ships.\tgood\n")
    arguments = ["--task", str(tmp_path / "own.yaml"), "--set", str(tmp_path / "set.tsv")]
    assert main(["score", str(model), *arguments]) == 0


def test_a_model_without_a_label_of_the_set_or_with_another_head_is_refused(
    tagger: Path, reader: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_conll(tmp_path / "set.conll", [TaggedSentence(("Ada", "left"), ("B-PER", "B-SHIP"))])
    assert main(["score", str(tagger), "--task", "ner", "--set", str(tmp_path / "set.conll")]) == 2
    assert "set.conll: expected labels that" in (error := capsys.readouterr().err) and "got B-SHIP" in error
    assert main(["score", str(reader), "--task", "ner", "--set", str(tmp_path / "set.conll")]) == 2
    assert "expected a model for token_classification" in capsys.readouterr().err
