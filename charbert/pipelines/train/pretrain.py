"""Pretraining: a trunk from scratch where the settings ask for it, then MLM and NLM on noised text (Sec. 3.5)."""

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from charbert.batch import TEACHER
from charbert.config.model.encoder import Objective, Start, TrunkSource
from charbert.config.schema import LENGTH_SETTINGS, Settings
from charbert.config.training.trainer import TrainingSettings
from charbert.data.collate import PadCollator, PairedCollator, paired_collator
from charbert.data.pretraining.batches import PretrainingDataset, count_subwords
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.model import CharBertForPreTraining, CharBertModel, CharBertPreTrainedModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length
from charbert.model.word_start import start_words_at_subwords
from charbert.pipelines.build.data import corpus_blocks, corpus_file, prepare_data, refuse_baseline, trunk_location
from charbert.pipelines.build.encoder import build_processor, check_positions, model_overrides, trunk_tokenizer
from charbert.pipelines.build.noise import build_nlm_noise
from charbert.pipelines.build.released import released_model, released_processor
from charbert.pipelines.build.vocabularies import load_word_vocab
from charbert.pipelines.train.recorded_training import record_training
from charbert.runs.recorder import seed_everything
from charbert.runs.released_files import pretrained_identity
from charbert.runs.run import Run, pretraining_run, trunk_run
from charbert.text.word_spaces import with_word_spaces
from charbert.training.losses.paired_losses import TrunkTeacher
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)

_WIDTHS = 16
"""Batches are padded to a multiple of this, in subwords."""

_MUCH_CUT = 0.25
"""Share of the subwords that training never reads from which on it is warned of."""

Model = TypeVar("Model", bound=CharBertPreTrainedModel)


def prepare_trunk(settings: Settings) -> str:
    """Return the model id or folder of the trunk, after pretraining it if its source is scratch."""
    if settings.trunk.source is not TrunkSource.scratch:
        return trunk_location(settings.trunk)
    run = trunk_run(settings)
    run.make_once(lambda: _pretrain_trunk(settings, run))
    return str(run.model_folder)


def prepare_encoder(settings: Settings) -> str | None:
    """Return the folder of the pretrained encoder, after pretraining it if it is missing.

    None if the model is fine-tuned without further pretraining.

    Raises:
        CheckpointError: if ``model.pretrained`` names a folder without an encoder.
    """
    if settings.model.pretrained:
        pretrained_identity(settings.model)
        return settings.model.pretrained
    if settings.model.objective is Objective.none:
        return None
    run = pretraining_run(settings)
    run.make_once(lambda: _pretrain_encoder(settings, run))
    return str(run.model_folder)


def build_start(settings: Settings, model_class: type[Model], **labels: Any) -> tuple[CharBertTokenizer, Model]:
    """Return processor and model that fine-tuning starts from: the pretrained encoder, or without one the trunk.

    New weights, e.g. of a head, are drawn from torch's global generator, seeded here.

    Args:
        **labels: ``id2label`` and ``label2id`` of its head.
    """
    check_positions(settings, LENGTH_SETTINGS, settings.finetuning_length)
    encoder = prepare_encoder(settings)
    if encoder is None:
        trunk = prepare_trunk(settings)
        processor = build_processor(settings, trunk)
        overrides = model_overrides(settings, processor)
        seed_everything(settings.seed, "head")
        return processor, model_class.from_trunk(trunk, **overrides, **labels)
    processor = CharBertTokenizer.from_pretrained(encoder)
    processor.correct_by(None)  # a fine-tuned model brings its dictionary along; the settings say whether there is one
    processor = with_word_spaces(processor)  # an encoder of an earlier version may lack them
    changes = {"head_channels": model_overrides(settings, processor)["head_channels"]}
    if settings.model.pretrained and settings.model.lower_case_chars and processor.char_vocab is not None:
        processor.char_vocab = replace(processor.char_vocab, lower_case=True)
        changes["char_vocab"] = processor.char_vocab.to_dict()
    seed_everything(settings.seed, "head")
    # It may be saved in half precision to be small; it is trained in float32.
    return processor, model_class.from_pretrained(encoder, **changes, dtype=torch.float32, **labels)


def load_encoder(settings: Settings) -> tuple[CharBertModel, CharBertTokenizer]:
    """Return the encoder that fine-tuning starts from, after pretraining it if it is missing, and its processor."""
    if settings.model.released:
        processor = released_processor(settings)
        return released_model(settings, processor, CharBertModel), processor
    refuse_baseline(settings)
    processor, model = build_start(settings, CharBertModel)
    return model, processor


def _pretrain_trunk(settings: Settings, run: Run) -> None:
    """Train MLM on clean text with the trunk's Hugging Face class, so that the checkpoint is an ordinary one."""
    log.info("pretraining the trunk %s from scratch (MLM), which all models start from", settings.trunk.name)
    prepare_data(settings)
    run.will_read(_corpus_files(settings))
    tokenizer = trunk_tokenizer(settings)
    seed_everything(settings.pretraining_seed, "trunk")
    special = {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
    config = AutoConfig.for_model(**settings.trunk.config, vocab_size=len(tokenizer), **special)
    check_length("trunk.pretraining.max_length", settings.trunk.pretraining.max_length, config)
    processor = CharBertTokenizer(tokenizer, None)
    _run(
        settings,
        run,
        settings.trunk.pretraining,
        AutoModelForMaskedLM.from_config(config),
        processor,
        mlm_labels="labels",
    )


def new_encoder(settings: Settings) -> tuple[CharBertForPreTraining, CharBertTokenizer, WordVocab | None]:
    """Return the model that pretraining starts from, its processor, and the words that NLM restores (None without NLM).

    New weights are drawn from torch's global generator, seeded here, so each call gives the same.
    """
    check_positions(settings, "pretraining.max_length", settings.pretraining.max_length)
    prepare_data(settings)
    trunk = prepare_trunk(settings)
    processor = build_processor(settings, trunk)
    objective = settings.model.objective
    words = load_word_vocab(settings) if settings.model.restores_words else None
    seed_everything(settings.pretraining_seed, "encoder")
    model = CharBertForPreTraining.from_trunk(
        trunk,
        **model_overrides(settings, processor),
        mlm_objective=objective is not Objective.nlm,
        nlm_vocab_size=len(words) if words is not None else 0,
        nlm_norm=settings.model.nlm_norm.name,
    )
    if words is not None and settings.model.word_start is Start.trunk:
        start_words_at_subwords(model, words.words[: words.unk_id], processor)
    return model, processor, words


def _pretrain_encoder(settings: Settings, run: Run) -> None:
    objective = settings.model.objective.name.upper().replace("_", " and ")
    log.info("pretraining %s on text with typos (%s), before it is fine-tuned", settings.model.name, objective)
    prepare_data(settings)
    run.will_read(_corpus_files(settings))
    model, processor, words = new_encoder(settings)
    teacher = _trunk_teacher(settings)
    _run(settings, run, settings.pretraining, model, processor, words=words, noisy=True, teacher=teacher)


def _corpus_files(settings: Settings) -> list[Path]:
    return [corpus_file(settings, split) for split in ("train", "dev")]


def _trunk_teacher(settings: Settings) -> TrunkTeacher | None:
    weight = settings.model.trunk_teacher_weight
    if not weight:
        return None
    trunk = CharBertModel.from_trunk(prepare_trunk(settings), char_encoder="none", interaction="none")
    return TrunkTeacher(trunk, weight)


def _run(
    settings: Settings,
    run: Run,
    training: TrainingSettings,
    model: Any,
    processor: CharBertTokenizer,
    *,
    words: WordVocab | None = None,
    noisy: bool = False,
    teacher: TrunkTeacher | None = None,
    mlm_labels: str = "mlm_labels",
) -> None:
    noise = build_nlm_noise(settings.noise) if noisy else None
    mlm = settings.model.objective is not Objective.nlm or not noisy
    sets = {
        split: PretrainingDataset(
            corpus_blocks(settings, split),
            processor,
            max_length=training.max_length,
            noise=noise,
            word_vocab=words,
            mlm_probability=settings.noise.mlm_probability if mlm else 0.0,
            seed=settings.pretraining_seed if split == "train" else 0,
            # Nothing is hidden in held-out text, so that all models are scored on the same input.
            hidden_share=settings.model.hidden_share if noisy and split == "train" else 0.0,
            clean_copies=teacher is not None and split == "train",
        )
        for split in ("train", "dev")
    }
    _warn_of_long_blocks(settings, sets["train"])
    # Few widths: the CPU's matrix library keeps memory for every shape.
    own = PadCollator(processor.pad_values, _WIDTHS, rename={"mlm_labels": mlm_labels})
    label_names = [mlm_labels] if words is None else [mlm_labels, "nlm_labels"]
    build = partial(
        build_trainer,
        training,
        model,
        sets["train"],
        sets["dev"],
        PairedCollator(own, {TEACHER: paired_collator(processor.pad_values, _WIDTHS)}),
        folder=run.checkpoints_folder,
        seed=settings.pretraining_seed,
        best_metric=None if training.patience is None else "eval_loss",
        label_names=label_names,
        extra_losses=() if teacher is None else (teacher,),
    )

    def save_more(folder: Path) -> None:
        processor.save_pretrained(folder)
        if words is not None:
            words.save(folder / "word_vocab.json")

    scores = ("loss", "accuracy", "accuracy_known", "perplexity")
    run.will_read(_corpus_files(settings))  # again: nothing was exchanged while vocabularies or a trunk were made
    record_training(settings, run, build, scores, patience=training.patience, save_more=save_more)


def _warn_of_long_blocks(settings: Settings, train: PretrainingDataset) -> None:
    lengths, words = count_subwords(train.blocks, train.processor), settings.corpus.words_per_block
    cut = np.maximum(lengths - train.max_length, 0).sum() / lengths.sum()
    if cut > _MUCH_CUT:
        log.warning(
            "%.0f %% of the pretraining text is never read: blocks of corpus.words_per_block=%d words have %d subwords "
            "on average, and the first %d (max_length) are read; set corpus.words_per_block=%d, or a larger max_length",
            100 * cut,
            words,
            lengths.mean(),
            train.max_length,
            max(1, words * train.max_length // np.quantile(lengths, 0.95)),
        )
