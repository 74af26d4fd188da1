import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.pipelines import redraw
from charbert.pipelines.tables import pretraining
from charbert.pipelines.tables.drawing import draw
from charbert.records import start_record, write_record


def test_runs_of_pretraining_that_differ_in_nothing_named_keep_a_row_each(
    composed: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = composed("recipe=minilm", f"paths.results={tmp_path}")
    for key, seed in (("a1", 1), ("b2", 1), ("c3", 2)):
        kept: dict[str, Any] = {
            "recipe": "minilm",
            "trunk": {"name": settings.trunk.name},
            "model": {"name": "CharBERT", "objective": "mlm_nlm"},
            "pretraining_seed": seed,
        }
        record = start_record("pretrain", "pretrain", f"a run {key}", settings=kept, seed=seed)
        record.key = key
        record.finish({"eval/mlm_loss": 4.0})
        write_record(tmp_path / "records" / key / "record.json", record)
    draw(settings, pretraining.TABLE)
    rows = (tmp_path / "tables" / "pretraining.md").read_text(encoding="utf-8")
    for row in ("CharBERT, pretraining_seed 1, a1", "CharBERT, pretraining_seed 1, b2", "CharBERT, pretraining_seed 2"):
        assert f"| {row} |" in rows


def test_a_table_of_the_first_folds_is_drawn_again_without_naming_their_number(
    composed: Callable[..., Settings], tmp_path: Path
) -> None:
    for record in Path("results/minilm/records").glob("robustness-qnli-*"):
        shutil.copytree(record, tmp_path / "records" / record.name)
    redraw.run(composed("recipe=minilm", f"paths.results={tmp_path}"))
    drawn = (tmp_path / "tables" / "robustness_qnli.csv").read_bytes()
    assert drawn == Path("results/minilm/tables/robustness_qnli.csv").read_bytes()
    assert not (tmp_path / "tables" / "transfer_qnli.csv").exists()  # each family has one training noise
    board = json.loads((tmp_path / "leaderboard.json").read_text(encoding="utf-8"))
    assert [own["title"] for own in board["boards"]] == ["QNLI acc."]
