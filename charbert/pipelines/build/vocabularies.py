"""Vocabularies counted on the pretraining text, once per text and size."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from charbert.config.schema import Settings
from charbert.data.pretraining.counting import Count, count_texts
from charbert.data.pretraining.word_vocab import WordVocab, count_cased_words
from charbert.files import locked
from charbert.pipelines.build.data import corpus_blocks, corpus_file
from charbert.records import file_checksum, settings_key
from charbert.runs.keys import text_identity
from charbert.text.char_vocab import CharVocab, count_characters
from charbert.text.codepoints import lower_counts

Vocabulary = TypeVar("Vocabulary", CharVocab, WordVocab)


def load_char_vocab(settings: Settings) -> CharVocab:
    """Return the characters that have an embedding of their own. Paper: Sec. 4.1, the 1,000 most frequent."""
    size = settings.model.char_vocab_size
    return _counted_once(
        settings,
        f"char_vocab-{size}",
        CharVocab.load,
        lambda: CharVocab.of_counts(_count(settings, count_characters, "characters"), size),
    )


def load_word_vocab(settings: Settings) -> WordVocab:
    """Return the words that NLM can restore. Paper: Sec. 3.5 and 4.1, the 30K most frequent."""
    size = settings.model.word_vocab_size
    return _counted_once(
        settings,
        f"word_vocab-{size}",
        WordVocab.load,
        lambda: WordVocab.of_counts(lower_counts(_count(settings, count_cased_words, "words")), size),
    )


def _count(settings: Settings, count: Count, what: str) -> Counter[str]:
    blocks = corpus_blocks(settings, "train")
    return count_texts(blocks.batches(), count, settings.corpus.num_workers, what=what, total=len(blocks))


def _counted_once(
    settings: Settings, name: str, load: Callable[[Path], Any], build: Callable[[], Vocabulary]
) -> Vocabulary:
    text = text_identity(settings) | {"sha256": file_checksum(corpus_file(settings, "train"))}
    path = Path(settings.paths.outputs) / "cache" / f"{name}-{settings_key(text)}.json"
    if not path.is_file():
        with locked(path.with_suffix(".lock"), f"counting {name}"):
            if not path.is_file():
                build().save(path)
    return load(path)
