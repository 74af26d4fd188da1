"""A fine-tuned model of each kind of task on the edits that hurt it most; an interrupted search goes on."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.errors import DataError, SettingsError
from charbert.pipelines.analyses.robustness import catalog, worst_case
from charbert.pipelines.train import finetune
from charbert.runs.analysis_keys import WORST_CASE, finetuned_run
from charbert.runs.run import finetuning_run
from charbert.tasks.catalog import build_task

Benchmarks = Callable[..., Settings]
SETS = ["clean", "random_1", "worst_1", "random_2", "worst_2"]
LEARN = ("finetuning.max_steps=60", "finetuning.optimizer.learning_rate=1e-2", "finetuning.batch_size=8")
SEARCH = ("worst_case.budget=8", "worst_case.beam=2", "worst_case.max_examples=5")
TASKS = {
    "ner": ("task=ner", "~data.sets.ner.attacked.released"),
    "rte": ("task=rte",),
    "squad1": ("task=squad1", *(f"data.sets.squad1.{split}=squad/one.json" for split in ("train", "dev", "test"))),
}


def found_lines(settings: Settings) -> list[dict[str, Any]]:
    path = finetuned_run(settings, WORST_CASE).folder / worst_case.FOUND
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("task", TASKS)
def test_worst_edits_hurt_more_than_random_ones(task: str, head_data: Path, benchmarks: Benchmarks) -> None:
    settings = benchmarks(*TASKS[task], *LEARN, *SEARCH)
    (record,) = catalog.WORST_CASE.run(settings)
    metric = settings.task.metric
    paths = [f"eval/{task}", *(f"attack/{task}/{name}" for name in SETS[1:])]
    clean, *attacked = (record.metrics[f"right/{path}/{metric}"] for path in paths)
    random, worst, two_random, two_worst = attacked
    assert clean == 1 and record.metrics[f"right/{task}"] > 0
    assert two_worst <= worst <= random <= clean and two_worst <= two_random
    assert worst < clean, "no edit hurts: the test says nothing"
    lines = found_lines(settings)
    effort = record.details["search"]
    assert len(lines) == len(effort["test_examples"]) == 5
    attacked_lines = [line for line in lines if line["clean"][0] > 0]
    assert effort["attacked"] == len(attacked_lines) == sum("found" in line for line in lines)
    assert all(1 <= of["calls"] <= 8 for line in attacked_lines for of in line["found"].values())
    assert effort["calls"] == sum(of["calls"] for line in attacked_lines for of in line["found"].values())
    table = Path(settings.paths.results) / "tables" / f"worst_case_{task}.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        assert [row["column"].rsplit(" ", 2)[-2:] for row in csv.DictReader(stream)][1:3] == [
            ["random", "1"],
            ["worst", "1"],
        ]
    assert catalog.WORST_CASE.run(settings) == [record]


def is_right(line: dict[str, Any]) -> bool:
    """Return whether a line of the predictions file has the right answer, whatever the kind of task."""
    gold, predicted = line["gold"], line["predicted"]
    return predicted == gold or (isinstance(predicted, str) and isinstance(gold, list) and predicted in gold)


def predicted_lines(settings: Settings, name: str) -> list[dict[str, Any]]:
    path = finetuned_run(settings, WORST_CASE).predictions_path(name)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def tagged(head_data: Path, benchmarks: Benchmarks) -> Callable[..., Settings]:
    return lambda *overrides: benchmarks(*TASKS["ner"], *LEARN, *SEARCH, *overrides)


def test_the_worst_texts_are_stored_and_replay_to_the_scores_of_the_search(tagged: Benchmarks) -> None:
    settings = tagged()
    (record,) = catalog.WORST_CASE.run(settings)
    lines, task = found_lines(settings), build_task(settings.task)
    for name in SETS[1:]:
        kind, number = name.split("_")
        for line, predicted in zip(lines, predicted_lines(settings, name), strict=True):
            if "found" in line:
                found = line["found"][number][kind]
                assert is_right(predicted) == (found["score"][0] == 1)
                assert all(predicted["words"][index] == after for index, _, _, _, after in found["edits"])
        sentences = task.read(finetuned_run(settings, WORST_CASE).folder / "sets" / f"{name}.conll")
        assert [list(sentence.words) for sentence in sentences] == [
            line["words"] for line in predicted_lines(settings, name)
        ]
        assert [list(sentence.tags) for sentence in sentences] == [
            line["gold"] for line in predicted_lines(settings, "clean")
        ]
    assert record.metrics["attack/ner/worst_2/changed_words"] <= 2 / 6
    page = (
        (finetuned_run(settings, WORST_CASE).folder / worst_case.FOUND).with_suffix(".md").read_text(encoding="utf-8")
    )
    hurt = [line["found"]["1"]["worst"] for line in lines if line["found"]["1"]["worst"]["score"] < line["clean"]]
    (_, _, _, old, new), *_ = min(hurt, key=lambda worst: worst["score"][0])["edits"]
    assert "## At most 1" in page and f"| {old} → {new} |" in page


def test_an_interrupted_search_goes_on_to_the_same_result(tagged: Benchmarks, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tagged("worst_case.max_examples=7")
    monkeypatch.setattr(worst_case, "GROUP", 2)
    (whole,) = catalog.WORST_CASE.run(settings)
    lines, run = found_lines(settings), finetuned_run(settings, WORST_CASE)
    run.record_path.unlink()
    groups = []
    original = worst_case._search_group

    def stop_at_the_third(*arguments: Any) -> Any:
        groups.append(arguments)
        if len(groups) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(worst_case, "_search_group", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        catalog.WORST_CASE.run(settings)
    assert run.finished() is None
    (resumed,) = catalog.WORST_CASE.run(settings)
    assert len(groups) == 3 + 2, "finished groups were searched again"
    assert resumed.metrics == whole.metrics
    seconds = {"seconds": 0.0}
    assert [line | seconds for line in found_lines(settings)] == [line | seconds for line in lines]
    assert not run.checkpoints_folder.exists()


def test_a_file_that_was_exchanged_meanwhile_is_an_error(
    tagged: Benchmarks, head_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tagged("model=majority")
    monkeypatch.setattr(worst_case, "attacked_sets", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        catalog.WORST_CASE.run(settings)
    path = head_data / "conll2003" / "eng.testb"
    path.write_text(path.read_text(encoding="utf-8").replace("Malmö", "Lund"), encoding="utf-8")
    with pytest.raises(DataError, match=r"eng\.testb was exchanged"):
        catalog.WORST_CASE.run(settings)


def test_examples_are_the_same_for_all_models_and_baselines_are_rows_too(tagged: Benchmarks) -> None:
    (majority,) = catalog.WORST_CASE.run(tagged("model=majority"))
    (tfidf,) = catalog.WORST_CASE.run(tagged("model=char_tfidf"))
    assert majority.details["search"]["test_examples"] == tfidf.details["search"]["test_examples"]
    assert majority.metrics["attack/ner/worst_1/f1"] < majority.metrics["eval/ner/f1"]
    table = Path(tagged().paths.results) / "tables" / "worst_case_ner.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        assert {row["model"] for row in csv.DictReader(stream)} == {"Majority", "char TF-IDF"}


def test_a_corrector_is_part_of_the_model_that_is_attacked(tagged: Benchmarks, tmp_path: Path) -> None:
    text = tmp_path / "data" / "wikipedia" / "train.txt"
    text.parent.mkdir()
    text.write_text("Nobody in Malmö remembered the keeper, who counted ships in Zürich.\n" * 3, encoding="utf-8")
    settings = tagged("model=bert_dictionary", "data.corpus.train=wikipedia/train.txt")
    catalog.WORST_CASE.run(settings)
    undone = [
        line["corrected"] == " ".join(clean["words"]) != " ".join(line["words"])
        for line, clean in zip(predicted_lines(settings, "random_1"), predicted_lines(settings, "clean"), strict=True)
    ]
    assert any(undone), "the dictionary undoes no random edit: the test says nothing"
    for line, of_example in zip(predicted_lines(settings, "worst_1"), found_lines(settings), strict=True):
        if "found" in of_example:
            assert is_right(line) == (of_example["found"]["1"]["worst"]["score"][0] == 1)


def test_every_example_is_searched_with_the_model_that_did_not_learn_from_it(
    head_data: Path, benchmarks: Benchmarks
) -> None:
    settings = benchmarks("task=rte", "data.sets.rte.folds.number=3", *SEARCH, "worst_case.max_examples=null")
    (record,) = catalog.WORST_CASE.run(settings)
    pooled = finetune.run(settings)
    assert record.metrics["eval/rte/accuracy"] == pytest.approx(pooled.metrics["eval/rte/accuracy"])
    lines = found_lines(settings)
    assert len(lines) == len(predicted_lines(settings, "clean")) == 8
    assert [line["clean"][0] == 1 for line in lines] == [is_right(line) for line in predicted_lines(settings, "clean")]


def test_how_edits_are_searched_is_part_of_the_key_and_not_of_the_models(benchmarks: Benchmarks) -> None:
    usual, other = benchmarks("task=ner"), benchmarks("task=ner", "worst_case.budget=7")
    assert finetuned_run(usual, WORST_CASE).key != finetuned_run(other, WORST_CASE).key
    assert finetuning_run(usual).key == finetuning_run(other).key


def test_another_family_of_noise_has_no_edits_to_search(benchmarks: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"attack\.family must be charbert, got leet; leave out attack=leet"):
        catalog.WORST_CASE.run(benchmarks("task=ner", "attack=leet"))
