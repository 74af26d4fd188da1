"""The explanation of a decision as files: of a text or of an example, as written and with typos."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.deploy.predict.usage import read_usage, write_usage
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.model.loading.configurations import read_config
from charbert.pipelines.analyses import explain
from charbert.pipelines.train import finetune
from charbert.runs.run import finetuning_run
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules

Benchmarks = Callable[..., Settings]


@pytest.fixture
def settings(entities: Benchmarks) -> Benchmarks:
    return lambda *more: entities("explain.steps=8", "explain.max_targets=1", *more)


def numbers(folder: Path) -> list[dict]:
    return json.loads((folder / "explanation.json").read_text())


def test_an_example_is_explained_as_written_and_with_typos(settings: Benchmarks) -> None:
    folder = explain.run(settings("explain.example=1"))
    names = [
        "attention.png",
        "attention.svg",
        "attributions.png",
        "attributions.svg",
        "explanation.html",
        "explanation.json",
    ]
    assert sorted(path.name for path in folder.iterdir()) == names
    clean, noisy = numbers(folder)
    assert (clean["heading"], noisy["heading"]) == ("as written", "with typos")
    assert clean["subwords"][0] == "[CLS]"
    assert "".join(clean["letters"]) == "ThekeepercountedshipsinZürich" != "".join(noisy["letters"])
    for text in (clean, noisy):
        for output in text["outputs"]:
            added = sum(output["subwords"]) + sum(map(sum, output["letters"]))
            assert added == pytest.approx(output["sum"], abs=1e-4)
            assert output["gap"] <= 0.02
    page = (folder / "explanation.html").read_text()
    assert "as written" in page and "with typos" in page


def test_a_text_and_a_folder_are_enough(settings: Benchmarks, tmp_path: Path) -> None:
    finetune.run(settings())
    run = finetuning_run(settings())
    run.folder.rename(tmp_path / "mine")
    given = (f"explain.model={tmp_path / 'mine'}", "explain.text='Ada <Lind> left.'", "explain.attacked=false")
    chosen = settings(*given, "explain.word=1")
    folder = explain.run(chosen)
    (text,) = numbers(folder)
    assert "".join(text["letters"]) == "Ada<Lind>left."
    assert text["outputs"][0]["title"].endswith(" of <")
    assert "&lt;" in (folder / "explanation.html").read_text()
    record = next((Path(chosen.paths.results) / "records").glob("explain-mine-*/record.json"))
    assert json.loads(record.read_text())["metrics"]["explain/largest_gap"] <= 0.02
    assert not run.folder.exists()  # nothing was fine-tuned again


def test_behind_a_corrector_the_words_that_the_model_reads_are_explained(settings: Benchmarks) -> None:
    finetune.run(settings())
    folder = finetuning_run(settings()).model_folder
    usage = read_usage(folder, read_config(folder))
    write_usage(folder, replace(usage, corrected=True))
    DictionaryCorrector({"counted": 9, "ships": 9}, DictionaryRules()).save(folder)
    explained = explain.run(settings("explain.text='Ada cuonted shpis.'", "explain.attacked=false"))
    (text,) = numbers(explained)
    assert text["heading"] == "as written, corrected"
    assert "".join(text["letters"]) == "Adacountedships."


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["explain.example=99"], DataError, "expected an example 99, got 12 examples"),
        (["explain.text=' '"], DataError, "has no words"),
        (["explain.label=B-RIVER"], SettingsError, "explain.label must be one of O, B-LOC"),
        (["explain.tolerance=0"], SettingsError, r"explain.tolerance must be in \(0, 1\)"),
        (["explain.text_pair=Who?"], SettingsError, "explain.text_pair needs explain.text"),
        (["explain.text=Ada", "explain.text_pair=Who?"], SettingsError, "a tagger reads explain.text alone"),
        (["explain.model=nowhere"], CheckpointError, "nowhere: expected the folder of a fine-tuned model"),
    ],
)
def test_what_cannot_be_explained_is_named_and_nothing_is_written(
    settings: Benchmarks, overrides: list[str], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        explain.run(settings(*overrides))
    assert not (tmp_path / "results" / "explanations").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("task", "model"), [("qnli", "charbert"), ("squad2", "bert")])
def test_the_experiment_explains_every_head(
    task: str, model: str, tmp_path: Path, run_experiment: Callable[..., object]
) -> None:
    options = ("explain.steps=4", "explain.max_steps=4", "tracking=off")
    run_experiment("explain.py", tmp_path, f"task={task}", f"model={model}", *options)
    (folder,) = (tmp_path / "results/explanations").iterdir()
    titles = [output["title"] for text in numbers(folder) for output in text["outputs"]]
    assert titles and all(title.startswith(("label ", "answer ")) for title in titles)
    assert (folder / "attributions.png").stat().st_size > 5_000
