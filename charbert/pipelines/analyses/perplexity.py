"""Perplexities of a pretrained encoder and of n-grams on held-out text, clean and attacked."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from charbert.baselines.ngram_language_model import NgramLanguageModel
from charbert.config.schema import Settings
from charbert.config.training.trainer import Precision
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.errors import CheckpointError
from charbert.evaluation.perplexity import (
    Hidden,
    MaskedLanguageScorer,
    WordedText,
    WordLosses,
    attack_texts,
    cut_words,
    ngram_losses,
    noisy_word_scores,
    perplexity,
    seen_whole,
)
from charbert.model import CharBertForPreTraining
from charbert.model.loading.weights import load_whole
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length, load_trunk
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import corpus_blocks, corpus_file, prepare_data
from charbert.pipelines.build.encoder import build_processor, model_overrides
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train.pretrain import prepare_encoder, prepare_trunk
from charbert.records import ResultRecord
from charbert.runs.analysis_keys import PERPLEXITY
from charbert.runs.run import Run, pretraining_run
from charbert.seeding import numpy_generator
from charbert.training.machine.precision import chosen_precision

log = logging.getLogger(__name__)

EVAL_SETS = ("clean", "attacked")

Texts = dict[str, list[WordedText]]


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the perplexities of the settings' encoder, after pretraining it when it is missing.

    Raises:
        CheckpointError: if it has no MLM head.
    """
    (run,) = runs.values()
    prepare_data(settings)
    model, processor, vocabulary = _load(settings)
    clean = sample_texts(settings)
    texts = {
        "clean": clean,
        "attacked": attack_texts(clean, build_attack(settings.attack, settings.paths.data), settings.attack.seed),
    }
    log.info("perplexity of %s on %d texts, clean and attacked", settings.model.name, len(clean))
    files = [corpus_file(settings, split) for split in ("train", "dev")]
    with recorded_analysis(settings, run, PERPLEXITY, files) as (record, _):
        metrics = _masked_metrics(settings, model, processor, texts, record)
        metrics |= _ngram_metrics(settings, processor, texts, record)
        if vocabulary is not None:
            metrics |= _noisy_metrics(settings, model, processor, vocabulary, texts, record)
        record.finish(metrics)


def sample_texts(settings: Settings) -> list[WordedText]:
    """Return texts of the held-out corpus, drawn without repetition until they have the words asked for."""
    chosen = settings.perplexity
    corpus = " ".join(corpus_blocks(settings, "dev")).split()
    starts = np.arange(0, len(corpus), chosen.text_words)
    drawn: list[WordedText] = []
    for start in numpy_generator(settings.seed, "perplexity").permutation(starts).tolist():
        drawn.append(cut_words(" ".join(corpus[start : start + chosen.text_words])))
        if sum(len(text.spans) for text in drawn) >= chosen.words:
            return drawn
    log.warning("perplexity.words=%d, but the held-out corpus has fewer; all of it is scored", chosen.words)
    return drawn


def _load(settings: Settings) -> tuple[CharBertForPreTraining, CharBertTokenizer, WordVocab | None]:
    """Return a model with the heads of pretraining, its processor, and the vocabulary of its NLM head if it has one."""
    device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
    folder = prepare_encoder(settings)
    if folder is not None:
        model, _ = load_whole(CharBertForPreTraining.from_pretrained, folder)
        words = pretraining_run(settings).model_folder / "word_vocab.json"
        if model.mlm_head is None:
            raise CheckpointError(f"{folder}: model.objective={settings.model.objective.name} trained no MLM head")
        vocabulary = WordVocab.load(words) if settings.model.restores_words else None
        return model.to(device), CharBertTokenizer.from_pretrained(folder), vocabulary
    trunk = prepare_trunk(settings)
    processor = build_processor(settings, trunk)
    model = CharBertForPreTraining.from_trunk(trunk, **model_overrides(settings, processor), nlm_vocab_size=0)
    source = load_trunk(trunk, with_head=True)
    if source.base_model is source or model.mlm_head is None or not model.mlm_head.adopt(source):
        raise CheckpointError(
            f"trunk={settings.trunk.name} has no MLM head that could be read, so it predicts no words; "
            "choose a model that is pretrained further, as model=adv_bert or model=charbert"
        )
    return model.to(device), processor, None


def _masked_metrics(
    settings: Settings, model: CharBertForPreTraining, processor: CharBertTokenizer, texts: Texts, record: ResultRecord
) -> dict[str, float]:
    chosen = settings.perplexity
    check_length("pretraining.max_length", settings.pretraining.max_length, model.config)
    precision = chosen_precision(settings.pretraining.precision)
    record.hardware["precision"] = precision.name
    scorer = MaskedLanguageScorer(
        model,
        processor,
        max_length=settings.pretraining.max_length,
        unit=chosen.mask,
        batch_size=chosen.batch_size,
        bf16=precision is Precision.bf16,
    )
    with tqdm(total=sum(map(len, texts.values())), unit=" texts", desc="pseudo-perplexity", disable=None) as bar:
        losses: dict[str, list[WordLosses]] = {name: [] for name in texts}
        for name, rows in texts.items():
            for text in rows:
                losses[name].append(scorer.losses(text))
                bar.update()
    return _perplexities("mlm", losses, texts, record)


def _ngram_metrics(
    settings: Settings, processor: CharBertTokenizer, texts: Texts, record: ResultRecord
) -> dict[str, float]:
    chosen = settings.perplexity
    rows, words = [], 0
    for text in corpus_blocks(settings, "train"):
        rows.append(text)
        words += len(text.split())
        if chosen.ngram_words is not None and words >= chosen.ngram_words:
            break
    log.info("counting %d-grams of %d words", chosen.ngram_order, words)
    ids = [
        np.asarray(row, dtype=np.int64)
        for start in range(0, len(rows), 1000)
        for row in processor(rows[start : start + 1000], add_special_tokens=False)["input_ids"]
    ]
    model = NgramLanguageModel(ids, chosen.ngram_order, len(processor))
    record.details["ngram"] = {"order": chosen.ngram_order, "words": words, "subwords": sum(map(len, ids))}
    limit = settings.pretraining.max_length
    losses = {name: ngram_losses(model, processor, rows, limit) for name, rows in texts.items()}
    return _perplexities("ngram", losses, texts, record)


def _noisy_metrics(
    settings: Settings,
    model: CharBertForPreTraining,
    processor: CharBertTokenizer,
    vocabulary: WordVocab,
    texts: Texts,
    record: ResultRecord,
) -> dict[str, float]:
    """Return the NLM scores of clean words, noised words, and noised words with subwords or characters hidden."""
    clean, noised = texts["clean"], [~same for same in _unchanged(texts)]
    attacked = texts["attacked"]
    groups: dict[str, tuple[list[WordedText], list[np.ndarray], Hidden | None]] = {
        "clean/all": (clean, [np.ones(len(text.spans), dtype=np.bool_) for text in clean], None),
        "clean/noised": (clean, noised, None),
        "attacked/noised": (attacked, noised, None),
        "attacked/unchanged": (attacked, [~row for row in noised], None),
    }
    if processor.char_vocab is not None:
        groups |= {f"attacked/noised/{part.name}_hidden": (attacked, noised, part) for part in Hidden}
    metrics: dict[str, float] = {}
    for name, (rows, kept, hidden) in groups.items():
        scores = noisy_word_scores(
            model,
            processor,
            vocabulary,
            rows,
            clean,
            kept,
            max_length=settings.pretraining.max_length,
            batch_size=settings.perplexity.batch_size,
            hidden=hidden,
        )
        if scores.perplexity is not None and scores.accuracy is not None:
            metrics |= {f"nlm/{name}/perplexity": scores.perplexity, f"nlm/{name}/accuracy": scores.accuracy}
    every = [word for text in clean for word in text.words]
    record.details["unknown_words"] = sum(word not in vocabulary for word in every) / max(1, len(every))
    return metrics


def _perplexities(
    model: str, losses: dict[str, list[WordLosses]], texts: Texts, record: ResultRecord
) -> dict[str, float]:
    """Return perplexities per word and per subword, of all words and of those that the attack did not change."""
    scored = seen_whole([losses[name] for name in EVAL_SETS])
    unchanged = _unchanged(texts)
    groups = {
        "all": scored,
        "unchanged": [is_scored & is_unchanged for is_scored, is_unchanged in zip(scored, unchanged, strict=True)],
    }
    record.details["words"] = {name: int(sum(map(np.sum, kept))) for name, kept in groups.items()}
    perplexities: dict[str, Any] = {
        f"{model}/{name}/{group}/{of}_perplexity": perplexity(losses[name], kept, of=of)
        for name in EVAL_SETS
        for group, kept in groups.items()
        for of in ("word", "subword")
    }
    return {name: value for name, value in perplexities.items() if value is not None}


def _unchanged(texts: Texts) -> list[np.ndarray]:
    """Return which words the attack did not change."""
    pairs = zip(*(texts[name] for name in EVAL_SETS), strict=True)
    return [
        np.array(clean_text.words, dtype=object) == np.array(attacked_text.words, dtype=object)
        for clean_text, attacked_text in pairs
    ]
