import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import RecordError, SettingsError
from charbert.pipelines import redraw
from charbert.pipelines.tables import paper
from charbert.pipelines.tables.drawing import draw, draw_all
from charbert.pipelines.train import finetune
from charbert.records import ResultRecord, start_record, write_record
from charbert.reporting.tables.paper import TABLE_SPECS
from charbert.runs.comparability import comparison_keys
from charbert.runs.run import finetuning_run

Composed = Callable[..., Settings]
ROOT = Path(__file__).parents[3]
WITHOUT_TORCH = """
import runpy, sys

class Refuse:
    def find_spec(self, name, *args):
        if name.partition(".")[0] in ("torch", "transformers", "wandb"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_finished_run_ends_with_two_commands_that_use_its_model(
    composed: Composed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "_models", {})
    monkeypatch.setattr(sys, "orig_argv", ["bin/python", "table.py"])
    folders = []
    for model in ("bert", "charbert"):
        settings = replace(composed("task=ner", f"model={model}"), experiment="table2_robustness")
        settings = replace(settings, paths=replace(settings.paths, outputs=f"{settings.paths.outputs}/of Ada's"))
        finish(settings, 0.9)
        folders.append(finetuning_run(settings).model_folder)
        folders[-1].mkdir(parents=True)
        capsys.readouterr()
        paper.run(settings)
    bert, charbert = (shlex.quote(str(folder)) for folder in folders)
    *_, predict, serve = capsys.readouterr().out.splitlines()
    assert predict == f"  bin/python -m charbert predict {charbert} --readable"
    assert serve == f"  bin/python -m charbert serve {charbert} --compare {bert}"


@pytest.fixture
def composed(composed: Composed) -> Composed:
    return lambda *overrides: composed("recipe=minilm", "tracking=off", *overrides)


def finish(settings: Settings, score: float, attacked: float = 0.5) -> ResultRecord:
    """Leave a cell's record behind, as a run of it would, with units of 20 right or wrong answers."""
    run, task = finetuning_run(settings), settings.task
    plain = {
        "model": {"name": settings.model.name},
        "task": {"name": task.name, "metric": task.metric},
        "trunk": {"name": settings.trunk.name},
        "data": {"name": settings.data.name},
        "recipe": settings.recipe,
    }
    record = start_record("finetune", "any", run.name, settings=plain, seed=settings.seed)
    record.key = run.key
    record.details["comparison"] = comparison_keys(settings)
    record.finish({f"eval/{task.name}/{task.metric}": score, f"attack/{task.name}/charbert/{task.metric}": attacked})
    write_record(run.record_path, record)
    units = {"clean": score, "charbert": attacked}
    rows = {name: [[int(number < 20 * share), 1] for number in range(20)] for name, share in units.items()}
    run.record_path.with_name("per_example.json").write_text(json.dumps(rows))
    return record


def drawn(settings: Settings, stem: str) -> str:
    return (Path(settings.paths.results) / "tables" / f"{stem}.md").read_text()


def test_a_finished_run_is_read_and_its_table_drawn_with_marks(composed: Composed) -> None:
    bert, char = (composed("experiment=table2_robustness", "task=qnli", f"model={m}") for m in ("bert", "charbert"))
    finish(bert, 0.8, attacked=0.4)
    record = finish(char, 0.85, attacked=0.9)
    assert paper.run(char).key == record.key
    table = drawn(char, "table2_robustness")
    assert "| BERT | 80.00 [90.7] | 40.00 [63.4] |" in table
    assert "| CharBERT | **85.00** [91.7] | **90.00**\\* [80.1] |" in table
    figures = Path(char.paths.results) / "figures"
    assert {path.name for path in figures.iterdir()} == {
        f"{stem}.{kind}" for stem in ("table2_robustness", "attack_drop", "summary") for kind in ("png", "svg")
    }


def test_a_model_whose_row_another_has_is_refused_before_it_is_trained(
    composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "run", pytest.fail)
    finish(composed("task=qnli"), 0.8)
    options = ("experiment=table2_robustness", "task=qnli", "model.interaction_window=5")
    with pytest.raises(RecordError, match=r"CharBERT has two runs with seed 1 .* model\.name=NAME"):
        paper.run(composed(*options))
    trained: list[str] = []
    monkeypatch.setattr(finetune, "run", lambda settings: trained.append(settings.model.name))
    for other in ("model.name=CharBERT-W5", "seed=2"):
        paper.run(composed(*options, other))
    assert trained == ["CharBERT-W5", "CharBERT"]


def test_rows_of_roberta_are_in_tables_1_and_3_only(composed: Composed) -> None:
    for trunk in ("minilm", "roberta_base"):
        for model in ("bert", "charbert"):
            last = composed(f"trunk={trunk}", f"model={model}")
            finish(last, 0.9 if trunk == "minilm" else 0.95)
    assert draw_all(last, paper.TABLES.values()) == ["table2_robustness", "table3_sequence_labeling", "table4_ablation"]
    table = drawn(last, "table3_sequence_labeling")
    assert "| BERT | 90.00 [91.24] |" in table and "| CharBERT-RoBERTa | **95.00** [92.49] |" in table
    assert "trunks minilm, roberta-base" in table
    robustness_table = drawn(last, "table2_robustness")  # drawn for the trunk that was asked for
    assert "trunk roberta-base" in robustness_table and "| RoBERTa |" in robustness_table


def test_of_two_trunks_of_one_family_the_one_asked_for_is_shown(composed: Composed) -> None:
    finish(composed("model=bert"), 0.9)
    finish(composed("model=bert", "trunk=bert_base_cased"), 0.8)
    settings = composed("trunk=bert_base_cased")
    draw(settings, paper.TABLES["table3_sequence_labeling"])
    assert "| BERT | 80.00 [91.24] |" in drawn(settings, "table3_sequence_labeling")


def test_a_table_without_runs_is_not_drawn(composed: Composed) -> None:
    assert draw_all(composed(), paper.TABLES.values()) == []
    finish(composed("task=cola"), 0.5)
    assert draw_all(composed(), paper.TABLES.values()) == ["table1_qa_classification"]


def test_an_experiment_that_is_no_table_is_refused(composed: Composed) -> None:
    with pytest.raises(SettingsError, match="experiment=pretrain draws none of the tables table1_qa"):
        paper.run(composed())


def test_redrawing_nothing_says_what_to_do(composed: Composed) -> None:
    with pytest.raises(RecordError, match="run an experiment first"):
        redraw.run(composed())


def test_everything_is_redrawn_where_torch_cannot_be_imported(composed: Composed, tmp_path: Path) -> None:
    for task in ("qnli", "pos"):
        finish(composed(f"task={task}", "model=bert"), 0.8)
    folders = [f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}"]
    script = str(ROOT / "experiments" / "tables.py")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, script, "recipe=minilm", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in (tmp_path / "results/tables").iterdir()} == {*TABLE_SPECS, "summary"}
