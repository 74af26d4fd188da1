"""BiLSTM taggers on each kind of a model's frozen states. Paper: Sec. 5.3, Fig. 6."""

import logging
import shutil
from collections.abc import Mapping
from typing import Any

from transformers import EvalPrediction

from charbert.analysis.embedding_sources import BiLstmTagger, collate_states, name_tags, predict_tags, tagger_features
from charbert.config.schema import Settings
from charbert.evaluation.word_states import WordStates
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import prepare_data, set_files
from charbert.pipelines.build.eval_sets import read_sets
from charbert.pipelines.evaluate.finetuned import word_encoder
from charbert.pipelines.train.pretrain import load_encoder
from charbert.runs.analysis_keys import EMBEDDING_SOURCES
from charbert.runs.recorder import history, seed_everything, train
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Train a tagger on each of the sources named, char, sum, token or concat, and record its scores."""
    prepare_data(settings)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    encode = word_encoder(settings, *load_encoder(settings))
    log.info("reading the words' states in %s", settings.model.name)
    states = {split: encode([example.words for example in sets[split]]) for split in ("train", "dev", "test")}
    for source, run in runs.items():
        _train_tagger(settings, run, task, sets, states, source)


def _train_tagger(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    states: Mapping[str, list[WordStates]],
    source: str,
) -> None:
    log.info("training a tagger on the %s states of %s, seed %d", source, settings.model.name, settings.seed)
    label_ids = {label: position for position, label in enumerate(task.labels)}
    features = {
        split: tagger_features([row.of(source) for row in rows], [example.tags for example in sets[split]], label_ids)
        for split, rows in states.items()
    }

    def score_dev(prediction: EvalPrediction) -> dict[str, float]:
        return task.score(sets["dev"], name_tags(prediction.predictions, features["dev"], task.labels))

    chosen = settings.analysis.tagger
    seed_everything(settings.seed, "tagger")
    tagger = BiLstmTagger(
        features["train"][0]["states"].shape[-1],
        chosen.hidden_size,
        len(task.labels),
        num_layers=chosen.num_layers,
        dropout=chosen.dropout,
    )
    tagger.fit_scale([feature["states"] for feature in features["train"]])
    with recorded_analysis(settings, run, EMBEDDING_SOURCES, set_files(settings)) as (record, tracked):
        trainer = build_trainer(
            chosen.training,
            tagger,
            features["train"],
            features["dev"],
            collate_states,
            folder=run.checkpoints_folder,
            seed=settings.seed,
            best_metric=f"eval_{task.metric}",
            label_names=["labels"],
            compute_metrics=score_dev,
        )
        train(trainer, record, tracked)
        scores = task.score(sets["test"], predict_tags(trainer, features["test"], task.labels))
        record.details["source"] = source
        record.details["history"] = history(trainer)
        record.finish({f"eval/{task.name}/{key}": float(value) for key, value in scores.items()})
    shutil.rmtree(run.folder, ignore_errors=True)
