"""Settings to what an encoder is built with: tokenizers, the fields of its configuration, and the trunk's length."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedTokenizerBase

from charbert.config.model.encoder import TrunkSource
from charbert.config.schema import Settings
from charbert.data.pretraining.counting import count_texts
from charbert.data.pretraining.wordpiece import count_pieces, wordpiece_of_counts
from charbert.errors import CheckpointError
from charbert.model.loading import tokenizers
from charbert.model.loading.configurations import read_config
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length
from charbert.pipelines.build.data import corpus_blocks, trunk_location
from charbert.pipelines.build.vocabularies import load_char_vocab


def build_processor(settings: Settings, trunk: str) -> CharBertTokenizer:
    """Return the processor for a trunk: its tokenizer, and the character vocabulary of the corpus."""
    vocabulary = load_char_vocab(settings) if settings.model.has_char_channel else None
    if vocabulary is not None and settings.model.lower_case_chars:
        vocabulary = replace(vocabulary, lower_case=True)
    return CharBertTokenizer(load_tokenizer(settings, trunk), vocabulary, word_shapes=settings.model.word_shapes)


def load_tokenizer(settings: Settings, trunk: str) -> PreTrainedTokenizerBase:
    """Return the trunk's tokenizer.

    Raises:
        CheckpointError: if it cannot be loaded, with what to do.
    """
    try:
        return tokenizers.load_tokenizer(trunk)
    except CheckpointError as error:
        hint = "; without network use a trunk on this machine, trunk.source=folder trunk.location=FOLDER"
        hint = "" if Path(trunk).is_dir() else hint
        raise CheckpointError(f"trunk={settings.trunk.name}: no tokenizer could be loaded ({error}){hint}") from error


def trunk_tokenizer(settings: Settings) -> PreTrainedTokenizerBase:
    """Return the trunk's tokenizer; for a trunk from scratch it is trained on the corpus first."""
    if settings.trunk.source is not TrunkSource.scratch:
        return load_tokenizer(settings, trunk_location(settings.trunk))
    lower_case = settings.trunk.lower_case
    count = partial(count_pieces, lower_case=lower_case)
    blocks = corpus_blocks(settings, "train")
    words = count_texts(blocks.batches(), count, settings.corpus.num_workers, what="words", total=len(blocks))
    return wordpiece_of_counts(words, settings.trunk.vocab_size, lower_case=lower_case)


def model_overrides(settings: Settings, processor: CharBertTokenizer) -> dict[str, Any]:
    """Return the fields of ``CharBertConfig`` that the settings set."""
    model = settings.model
    overrides: dict[str, Any] = {
        "char_encoder": model.char_encoder.name,
        "interaction": model.interaction.name,
        "share_interaction": model.share_interaction,
        "interaction_start": model.interaction_start.name,
        "interaction_window": model.interaction_window,
        "char_embedding_size": model.char_embedding_size,
        "char_initializer_range": model.char_initializer_range,
        "word_shapes": model.word_shapes,
    }
    if processor.char_vocab is not None:
        overrides["char_vocab"] = processor.char_vocab.to_dict()
    if not model.has_char_channel:
        overrides |= {"interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    else:
        overrides["head_channels"] = model.head_channels.name
    return overrides


def check_positions(settings: Settings, name: str, length: int) -> None:
    """Raise SettingsError if the trunk reads fewer subwords than a setting says, before anything is trained."""
    if settings.trunk.source is TrunkSource.scratch and not settings.model.pretrained:
        check_length(name, length, AutoConfig.for_model(**settings.trunk.config))
        return
    folder = settings.model.pretrained or trunk_location(settings.trunk)
    try:
        config = read_config(folder)
    except CheckpointError:  # whoever loads the weights says what is wrong with them
        return
    check_length(name, length, config)
