"""Training that is scored on held-out text, saved and recorded: what pretraining and word recognizers share."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.files import replaced_folder
from charbert.runs.recorder import final_scores, history, recorded_run, train
from charbert.runs.run import Run
from charbert.training.distributed.processes import from_first
from charbert.training.trainer import CharBertTrainer


def record_training(
    settings: Settings,
    run: Run,
    build: Callable[[], CharBertTrainer],
    scores: tuple[str, ...],
    *,
    patience: int | None = None,
    details: Mapping[str, Any] | None = None,
    save_more: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Train a model, save it, and write a record with the ``scores`` (endings of their names) on held-out text.

    ``build`` gives the trainer, ``details`` is more for the record; ``save_more`` writes into the model's folder.
    """

    def save() -> None:
        with replaced_folder(run.model_folder) as draft:
            model.save_pretrained(draft)
            save_more(draft)

    with recorded_run(settings, run) as (record, tracked):
        trainer = build()
        train(trainer, record, tracked, patience)
        model: Any = trainer.model  # after training, which puts a sharded model together again
        metrics = {name: score for name, score in final_scores(trainer).items() if name.endswith(scores)}
        from_first(save)
        record.details |= {"history": history(trainer), **(details or {})}
        record.finish({name.replace("eval_", "eval/", 1): score for name, score in metrics.items()})
    from_first(lambda: shutil.rmtree(run.checkpoints_folder, ignore_errors=True))
