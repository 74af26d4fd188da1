"""The texts of one tokenizer call as a batch, and the text of each subword."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, Self

import numpy as np

from charbert.errors import DataError
from charbert.text.codepoints import BoolArray, IntArray, SourceText
from charbert.text.rows import exclusive_cumsum


@dataclass(frozen=True)
class TextBatch:
    """The texts of one call of a tokenizer, always as a batch."""

    first: list[Any]
    """The first text of each row: a string, or a list of words."""
    second: list[Any] | None
    """The second text of each row."""
    is_split_into_words: bool
    """Whether texts are lists of words."""
    is_single: bool
    """Whether the call gave one text rather than a batch."""

    @classmethod
    def of(cls, text: Any, text_pair: Any = None, *, is_split_into_words: bool = False) -> Self:
        """Return the texts of a call in the forms that a Hugging Face tokenizer takes.

        Args:
            text: one text or several; with ``is_split_into_words`` the words of one text or of several; or a batch of
                pairs of strings.
            text_pair: the second texts, in the same form. An empty one beside a single text counts as none, as with the
                tokenizer.

        Half a surrogate pair becomes U+FFFD, since no tokenizer accepts it.

        Raises:
            DataError: if the texts have another form, as a dict, the batch is empty, or the numbers of texts differ.
        """
        if isinstance(text, str):
            if is_split_into_words:
                raise DataError(
                    "is_split_into_words=True needs a list of words or a batch of such lists, got one string"
                )
            return cls([text], [text_pair] if text_pair else None, False, True)._checked()
        texts = _listed("text", text)
        if is_split_into_words and (not texts or isinstance(texts[0], str)):
            return cls([texts], [text_pair] if text_pair else None, True, True)._checked()
        if isinstance(text_pair, str):
            raise DataError("text is a batch, so text_pair must be one too, got one string")
        if not is_split_into_words and text_pair is None and texts and isinstance(texts[0], (tuple, list)):
            if any(len(pair) != 2 for pair in texts):
                raise DataError("a batch of pairs needs two texts each; lists of words need is_split_into_words=True")
            texts, text_pair = [pair[0] for pair in texts], [pair[1] for pair in texts]
        second = None if text_pair is None else _listed("text_pair", text_pair)
        return cls(texts, second, is_split_into_words, False)._checked()

    def _checked(self) -> Self:
        if not self.first:
            raise DataError("the batch is empty: expected at least one text")
        if self.second is not None and len(self.second) != len(self.first):
            raise DataError(f"text and text_pair must be of one length, got {len(self.first)} and {len(self.second)}")
        for name, batch in (("text", self.first), ("text_pair", self.second or [])):
            for index, entry in enumerate(batch):
                if self.is_split_into_words and not isinstance(entry, (str, type(None))):
                    batch[index] = entry = _listed(f"{name} {index}", entry)
                    wrong = [word for word in entry if not isinstance(word, str)]
                else:
                    wrong = [entry] if self.is_split_into_words or not isinstance(entry, str) else []
                if wrong:
                    wanted = "a list of words" if self.is_split_into_words else "a string"
                    actual = f"{type(wrong[0]).__name__} {wrong[0]!r}"
                    raise DataError(f"{name} {index}: expected {wanted}, got {actual}")
        return self._without_lone_surrogates()

    def _without_lone_surrogates(self) -> Self:
        """Return the batch with U+FFFD for each half of a surrogate pair, which no tokenizer accepts."""
        strings = [*self.first, *(self.second or [])]
        if self.is_split_into_words:
            strings = list(chain.from_iterable(strings))
        try:
            "".join(strings).encode("utf-8")
        except UnicodeEncodeError:
            second = None if self.second is None else [_replace_surrogates(text) for text in self.second]
            return replace(self, first=[_replace_surrogates(text) for text in self.first], second=second)
        return self

    @cached_property
    def source(self) -> SourceText:
        """The code points of all texts, or of all words where texts are lists of words; first texts first."""
        per_text = [*self.first, *(self.second or [])]
        # without any word one empty text, as the text of the special subwords
        return SourceText.of(list(chain.from_iterable(per_text)) or [""] if self.is_split_into_words else per_text)

    def owners(self, rows: IntArray, second: BoolArray, word_ids: IntArray | None) -> IntArray:
        """Return the index of each subword's text in ``source``, (N,).

        Args:
            rows: the row of the call that each subword comes from, (N,).
            second: which subwords come from the second text of a row, (N,).
            word_ids: the word of each subword in its text, negative for none; required where texts are lists of words.
        """
        texts = np.where(second, rows + len(self.first), rows)
        if not self.is_split_into_words:
            return texts
        assert word_ids is not None
        per_text: Sequence[list[str]] = [*self.first, *(self.second or [])]
        first_words = exclusive_cumsum(np.fromiter(map(len, per_text), np.int64, len(per_text)))
        return np.where(word_ids < 0, 0, first_words[texts] + word_ids)


def _listed(name: str, texts: Any) -> list[Any]:
    """Return several texts, or the words of one, as a list.

    Raises:
        DataError: for what has no order or has more than texts: a dict or a data frame would give its column names.
    """
    is_table = isinstance(texts, Mapping) or getattr(texts, "ndim", 1) > 1
    if is_table or isinstance(texts, (Set, bytes)) or not isinstance(texts, Iterable):
        raise DataError(f"{name}: expected a string or a list of strings, got {type(texts).__name__}")
    return list(texts)


def _replace_surrogates(text: str | list[str]) -> str | list[str]:
    if isinstance(text, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return [re.sub("[\ud800-\udfff]", "\ufffd", word) for word in text]
