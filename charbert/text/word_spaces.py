"""The space before a word: words given one by one get the subwords that they have in running text.

Byte-level and SentencePiece vocabularies have other subwords for a word after a space ("Ġvisited") than for the same
letters without one ("vis", "ited"). A tokenizer that adds no space of its own reads every word of a list as if it
continued the word before.
"""

import copy
import logging
from typing import Any

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors

log = logging.getLogger(__name__)

SPACE_MARKS = ("Ġ", "▁")
"""What a space before a word is in byte-level and SentencePiece vocabularies."""
_PROBE = ("a", "b")


def reads_words_as_text(tokenizer: Any) -> bool:
    """Return whether a fast tokenizer of transformers gives a list of words the subwords of the words in a text."""
    words = tokenizer(list(_PROBE), is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return bool(words == tokenizer(" ".join(_PROBE), add_special_tokens=False)["input_ids"])


def with_word_spaces(tokenizer: Any) -> Any:
    """Return a tokenizer that reads a list of words as the text with one space between them.

    It adds the space before every word, before the first one as well, in lists and in texts (``add_prefix_space``, as
    transformers asks for it where words are tagged). This is saved with it. A tokenizer that reads words so already, as
    WordPiece does, is returned as it is; another one is copied.

    Args:
        tokenizer: a fast tokenizer of transformers.
    """
    if reads_words_as_text(tokenizer):
        return tokenizer
    changed = copy.deepcopy(tokenizer)
    _add_spaces(changed.backend_tokenizer)
    # RoBERTa's and GPT-2's classes build their pre-tokenizer from this argument again when they are loaded.
    changed.init_kwargs["add_prefix_space"] = changed.add_prefix_space = True
    if not reads_words_as_text(changed):
        log.warning(
            "%s splits a list of words otherwise than the same words in a text, and adding a space before each does "
            "not help: taggers read other subwords than the trunk was pretrained on",
            type(tokenizer).__name__,
        )
    return changed


def _add_spaces(backend: Tokenizer) -> None:
    """Let a tokenizer put a space before each word."""
    splitter, processor = backend.pre_tokenizer, backend.post_processor
    if isinstance(splitter, pre_tokenizers.ByteLevel):
        splitter.add_prefix_space = True
        parts: Any = processor if isinstance(processor, processors.Sequence) else [processor]
        for part in parts:
            if hasattr(part, "add_prefix_space"):  # it takes the added space out of the offsets
                part.add_prefix_space = True
    elif isinstance(splitter, pre_tokenizers.Metaspace):
        splitter.prepend_scheme = "always"
    else:  # a byte-level step after others would put a space before every part of a word
        former = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = normalizers.Sequence([normalizers.Prepend(" "), *former])
