"""The analyses themselves, one record each; `charbert.pipelines.analyses.base` calls them for what is missing."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import EvalPrediction

from charbert.analysis.char_channel import measure_char_channel
from charbert.analysis.embedding_sources import (
    BiLstmTagger,
    collate_states,
    name_tags,
    predict_tags,
    tagger_features,
)
from charbert.analysis.fragility import find_nouns, measure_fragility
from charbert.analysis.word_vs_subword import find_split_words, score_by_split
from charbert.config.analysis import Stage
from charbert.config.model.encoder import Objective
from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.data.pretraining.wordpiece import read_wordpiece
from charbert.deploy.predict.backends import load_backend
from charbert.evaluation.channels import changed_words, subwords_of, without_characters, without_subwords
from charbert.evaluation.predict import run_logits
from charbert.evaluation.sensitivity import mean_sensitivity, word_sensitivities
from charbert.evaluation.word_states import WordEncoder, WordStates
from charbert.model import CharBertModel
from charbert.model.processing import CharBertProcessor
from charbert.noise.attack import attack_sentences
from charbert.pipelines.build.data import corpus_blocks, corpus_file, data_file, prepare_data, set_files, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.pipelines.train.pretrain import load_encoder, new_encoder, trunk_tokenizer
from charbert.records import ResultRecord
from charbert.runs.analysis_keys import (
    CHANNELS,
    CHAR_CHANNEL,
    EMBEDDING_SOURCES,
    FRAGILITY,
    SENSITIVITY,
    WORD_VS_SUBWORD,
    comparison,
    tokenizer_name,
)
from charbert.runs.recorder import checksums, history, recorded_run, seed_everything, train
from charbert.runs.run import Run
from charbert.seeding import numpy_generator
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.training.tracking import TrackedRun
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)


def word_vs_subword(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of a model's entity scores by split words, from its predictions on the clean test set."""
    finetuned = prepare_finetuned(settings)
    tokenizer = CharBertProcessor.from_pretrained(finetuned.model_folder).tokenizer
    lines = finetuned.predictions_path("clean").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    split = find_split_words([row["words"] for row in rows], tokenizer)
    with _recorded(settings, run, WORD_VS_SUBWORD, set_files(settings)) as (record, _):
        scores = score_by_split([row["gold"] for row in rows], [row["predicted"] for row in rows], split)
        shares = asdict(scores)
        classes = {name: shares[name] for name in ("all_words", "split", "unsplit")}
        record.details["counts"] = classes
        metrics = {
            f"eval/{settings.task.name}/{name}/{key}": scored[key]
            for name, scored in classes.items()
            if scored["gold"]  # without an entity there is nothing to score, which is not the same as a score of 0
            for key in ("f1", "precision", "recall")
        }
        record.finish(metrics | {f"share/{name}": shares[name] for name in shares if name not in classes})
    return record


def sensitivity(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of how far the attack moves a model's states, over the test set and in one sentence.

    The encoder alone is looked at: a word recogniser in front of it is left out.
    """
    prepare_data(settings)
    task = build_task(settings.task)
    examples = read_sets(settings, task)["test"]
    encode = _word_encoder(settings, *_model_of_stage(settings))
    attack, seed = build_attack(settings.attack), settings.attack.seed
    clean = task.sentences(examples)
    noisy = task.sentences(task.attack(examples, attack, seed)[0])
    shown = settings.analysis.sensitivity.sentence.split()
    noised = attack_sentences([shown], attack, seed, stream="sensitivity")[0].words
    with _recorded(settings, run, SENSITIVITY, set_files(settings)) as (record, _):
        log.info("sensitivity of %s on %d sentences", settings.model.name, len(clean))
        metrics: dict[str, float] = {}
        for source, rows in word_sensitivities(encode, clean, noisy).items():
            means = asdict(mean_sensitivity(rows, clean, noisy))
            metrics |= {_sensitivity_path(settings, source, which): value for which, value in means.items()}
        values = {source: rows[0].tolist() for source, rows in word_sensitivities(encode, [shown], [noised]).items()}
        record.details["sentence"] = {"clean": shown, "noisy": noised, "values": values}
        record.finish(metrics)
    return record


def channels(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of a tagger's scores with what one channel sees of the attacked words hidden.

    A word recogniser in front of the model is left out.
    """
    folder = prepare_finetuned(settings).model_folder
    processor, backend = CharBertProcessor.from_pretrained(folder), load_backend(folder)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    eval_sets = build_eval_sets(settings, task, sets)
    attack = "released" if "released" in eval_sets else settings.attack.name
    clean, noisy = eval_sets["clean"], eval_sets[attack]
    changed = changed_words([example.words for example in clean], [example.words for example in noisy])
    collate = PadCollator(processor.pad_values, processor.row_length)
    metrics: dict[str, float] = {}
    with _recorded(settings, run, CHANNELS, set_files(settings)) as (record, _):
        for name, examples in (("clean", clean), (attack, noisy)):
            encoded = task.encode(examples, processor, settings.finetuning_length)
            hidden = subwords_of(encoded.origin, changed)
            views = {"all": encoded.features}
            views["no_subwords"] = without_subwords(encoded.features, hidden, processor.tokenizer.mask_token_id)
            if processor.char_vocab is not None:
                views["no_characters"] = without_characters(encoded.features, hidden, processor)
            for view, features in views.items():
                logits = run_logits(backend, features, collate, settings.finetuning.eval_batch_size)
                score = task.score(examples, task.decode(logits, encoded))[task.metric]
                metrics[f"channels/{task.name}/{'clean' if name == 'clean' else 'attacked'}/{view}"] = score
        record.details["attack"] = attack
        record.details["changed"] = float(np.concatenate(changed).mean())
        record.finish(metrics)
    return record


def embedding_sources(settings: Settings, runs: Mapping[str, Run]) -> list[ResultRecord]:
    """Return the records of taggers on frozen states, one for each kind of states that ``cells`` names."""
    prepare_data(settings)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    encode = _word_encoder(settings, *load_encoder(settings))
    log.info("reading the words' states in %s", settings.model.name)
    states = {split: encode([example.words for example in sets[split]]) for split in ("train", "dev", "test")}
    return [_train_tagger(settings, run, task, sets, states, source) for source, run in runs.items()]


def fragility(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of what a typo does to the subwords of nouns; needs a tokenizer and no model."""
    prepare_data(settings)
    path = data_file(settings, task_files(settings).dev, "the dev set")
    nouns = find_nouns(build_task(settings.task).read(path), str(path))
    chosen = settings.analysis.fragility
    if chosen.vocabulary is None:
        tokenizer = trunk_tokenizer(settings)
    else:
        tokenizer = read_wordpiece(chosen.vocabulary, lower_case=chosen.lower_case)

    def subwords(words: Sequence[str]) -> list[list[str]]:
        # the space is what a word inside a text has before it; byte-level tokenizers tell the difference
        encoding = tokenizer([f" {word}" for word in words], add_special_tokens=False)
        return [tokenizer.convert_ids_to_tokens(ids) for ids in encoding["input_ids"]]

    with _recorded(settings, run, FRAGILITY, [path]) as (record, _):
        shares = asdict(measure_fragility(nouns, subwords, numpy_generator(settings.seed, "fragility")))
        record.details["tokenizer"] = tokenizer_name(settings)
        record.details["counts"] = {name: shares[name] for name in ("nouns", "edited")}
        record.finish({f"share/{name}": shares[name] for name in ("split", "new_subwords", "new_length")})
    return record


def char_channel(settings: Settings, run: Run) -> ResultRecord:
    """Return the record of how much an encoder's characters tell, at its start and after any pretraining."""
    fresh, processor, _ = new_encoder(settings)
    encoders = {"start": fresh.charbert}
    if settings.model.objective is not Objective.none:
        encoders["pretrained"] = load_encoder(settings)[0]
    texts = list(islice(corpus_blocks(settings, "dev"), settings.analysis.char_channel.texts))
    with _recorded(settings, run, CHAR_CHANNEL, [corpus_file(settings, "dev")]) as (record, _):
        metrics: dict[str, float] = {}
        for stage, model in encoders.items():
            log.info("reading %d texts by %s, %s", len(texts), settings.model.name, stage)
            rng = numpy_generator(settings.seed, "char_channel")
            changes = measure_char_channel(model, processor, texts, rng, max_length=settings.pretraining.max_length)
            metrics |= {f"char_channel/{stage}/{name}": value for name, value in changes._asdict().items()}
        record.details["texts"] = len(texts)
        record.finish(metrics)
    return record


@contextmanager
def _recorded(
    settings: Settings, run: Run, analysis: str, files: Sequence[Path]
) -> Iterator[tuple[ResultRecord, TrackedRun]]:
    """Open the record of an analysis; it says which figure it belongs to and what it may stand beside."""
    with recorded_run(settings, run) as (record, tracked):
        record.details["analysis"] = analysis
        record.details["compared"] = comparison(settings, analysis)
        record.data_checksums = checksums(files, Path(settings.data.root))
        yield record, tracked


def _model_of_stage(settings: Settings) -> tuple[CharBertModel, CharBertProcessor]:
    if settings.analysis.sensitivity.stage is Stage.pretrained:
        return load_encoder(settings)
    folder = prepare_finetuned(settings).model_folder
    return CharBertModel.from_pretrained(folder), CharBertProcessor.from_pretrained(folder)


def _word_encoder(settings: Settings, model: CharBertModel, processor: CharBertProcessor) -> WordEncoder:
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    batch_size = settings.finetuning.eval_batch_size
    return WordEncoder(model.to(device or "cpu"), processor, settings.finetuning_length, batch_size)


def _sensitivity_path(settings: Settings, source: str, which: str) -> str:
    return f"sensitivity/{settings.task.name}/{source}/{which}"


def _train_tagger(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    states: Mapping[str, list[WordStates]],
    source: str,
) -> ResultRecord:
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
    with _recorded(settings, run, EMBEDDING_SOURCES, set_files(settings)) as (record, tracked):
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
    return record
