"""The characters of a tokenizer's subwords, in the paper's layout or that of the released scripts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, cast

import numpy as np
import torch
from transformers import BatchEncoding, PreTrainedTokenizerBase

from charbert.batch import CHAR_INPUTS
from charbert.text.alignment import CharFields, SpelledSubwords, SubwordSpans, lay_out, spell_subwords
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import BoolArray, IntArray
from charbert.text.released_alignment import RELEASED_RULES, SubwordSpelling, lay_out_released, spell_released
from charbert.text.repair.repaired import RepairedTexts
from charbert.text.rows import exclusive_cumsum, gather, gather_optional, pad_rows, split_rows, spread
from charbert.text.text_batch import TextBatch
from charbert.text.word_spaces import SPACE_MARKS


@dataclass(eq=False)
class SubwordSpeller:
    """Finds the characters of the subwords of an encoding, and lays them out as fields of a batch."""

    tokenizer: PreTrainedTokenizerBase
    vocab: CharVocab
    mode: str
    """paper or released, see ``CharBertTokenizer``."""
    script: str
    """The authors' script in released mode."""

    def spell(
        self, plain: BatchEncoding, texts: TextBatch, *, is_padded: bool, repaired: RepairedTexts | None = None
    ) -> SpelledSubwords:
        """Return the characters of each subword, as they are in ``texts``.

        Args:
            plain: the tokenizer's encoding of ``texts``, or of ``repaired``.
            texts: as they were given.
            repaired: what the tokenizer encoded in the place of ``texts``, if anything.
        """
        rows = cast(list[Any], plain.encodings)
        row_lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        real = [slice(None)] * len(rows)
        places: IntArray = np.arange(int(row_lengths.sum()))
        if is_padded:  # padding is skipped, for speed
            real, places = _find_subwords(rows, row_lengths)

        def read(values: Iterable[list[Any]], *, optional: bool = False) -> IntArray:
            parts = (row[part] for row, part in zip(values, real, strict=True))
            flat = gather_optional(parts) if optional else gather(parts, len(places))
            return spread(flat, places, int(row_lengths.sum()))

        input_ids = read(plain["input_ids"])
        padding = spread(np.ones(len(places), np.int64), places, len(input_ids)) == 0
        offsets = gather(
            chain.from_iterable(row.offsets[part] for row, part in zip(rows, real, strict=True)), 2 * len(places)
        ).reshape(-1, 2)
        second, word_ids = np.zeros(len(input_ids), np.bool_), None
        if texts.second is not None:
            second = read((row.sequence_ids for row in rows), optional=True) == 1
        if texts.is_split_into_words:
            word_ids = np.where(padding, -1, read((row.word_ids for row in rows), optional=True))
        samples = plain.get("overflow_to_sample_mapping", range(len(rows)))
        owners = texts.owners(np.repeat(np.asarray(samples, np.int64), row_lengths), second, word_ids)
        source = texts.source
        begins, ends = (spread(side, places, len(input_ids)) for side in offsets.T)
        if repaired is not None:
            begins, ends = repaired.given_places(owners, begins), repaired.given_places(owners, ends)
        begins, ends = source.bounds[owners] + begins, source.bounds[owners] + ends
        if self.mode == "paper":
            ends = np.where(self._is_added_space(input_ids, begins, owners), begins, ends)
        spans = SubwordSpans(
            begins=begins,
            ends=ends,
            texts=owners,
            special=np.isin(input_ids, self._special_ids),
            padding=padding,
            row_lengths=row_lengths,
        )
        if self.mode == "paper":
            return spell_subwords(source, spans, self.vocab, marks_are_free=self._marks_are_free)
        return spell_released(
            source,
            spans,
            input_ids,
            spelling=self._spelling,
            unknown=input_ids == self.tokenizer.unk_token_id,
            second=second,
            rules=RELEASED_RULES[self.script],
            vocab=self.vocab,
        )

    def lay_out(self, subwords: SpelledSubwords, max_chars: int | None, hidden: BoolArray | None) -> CharFields:
        """Return the char fields, without the characters of hidden subwords; ``max_chars`` is the released width."""
        if max_chars is None:
            return lay_out(subwords, self.vocab, hidden)
        return lay_out_released(subwords, self.vocab, max_chars, hidden)

    def give(self, fields: CharFields, form: str, max_chars: int | None) -> dict[str, Any]:
        """Return the char fields as "rows" (lists), "padded" (lists of one length), "np" or "pt"."""
        lengths, vocab = fields.row_lengths, self.vocab
        spans = (fields.start_ids, fields.end_ids)
        if form in ("np", "pt"):
            width = int(fields.char_lengths.max(initial=0)) if max_chars is None else max_chars
            arrays = [pad_rows(fields.char_ids, fields.char_lengths, width, vocab.pad_id)]
            arrays += [values.reshape(len(lengths), -1).astype(np.int64, copy=False) for values in spans]
            given: list[Any] = [torch.from_numpy(array) for array in arrays] if form == "pt" else arrays
        else:
            chars = split_rows(fields.char_ids, fields.char_lengths)
            if form == "padded" or max_chars is not None:
                width = int(fields.char_lengths.max(initial=0)) if max_chars is None else max_chars
                chars = [row + [vocab.pad_id] * (width - len(row)) for row in chars]
            given = [chars, *(split_rows(values, lengths) for values in spans)]
        return dict(zip(CHAR_INPUTS, given, strict=True))

    @property
    def _special_ids(self) -> list[int]:
        """Ids of the subwords that have no characters."""
        names = RELEASED_RULES[self.script].special_names
        if self.mode == "released" and names is not None:
            token_ids = [self.tokenizer.backend_tokenizer.token_to_id(name) for name in names]
            return [index for index in token_ids if index is not None]  # RoBERTa has none of BERT's names
        ids = set(self.tokenizer.all_special_ids)
        return sorted(ids if self.mode == "released" else ids - {self.tokenizer.unk_token_id})

    def _is_added_space(self, input_ids: IntArray, begins: IntArray, owners: IntArray) -> BoolArray:
        """Return which subwords are a space that the tokenizer added, (N,); their offsets name the word's first letter.

        A space of the text has its own place there, before the next subword's.
        """
        spaces = np.isin(input_ids, self._space_ids)
        spaces[:-1] &= (begins[1:] == begins[:-1]) & (owners[1:] == owners[:-1])
        spaces[-1:] = False
        return spaces

    @cached_property
    def _space_ids(self) -> list[int]:
        ids = (self.tokenizer.backend_tokenizer.token_to_id(mark) for mark in SPACE_MARKS)
        return [index for index in ids if index is not None]

    @cached_property
    def _spelling(self) -> SubwordSpelling:
        by_id = {index: name for name, index in self.tokenizer.get_vocab().items()}
        return SubwordSpelling.of([by_id.get(index, "") for index in range(max(by_id) + 1)])

    @cached_property
    def _marks_are_free(self) -> bool:
        normalizer = self.tokenizer.backend_tokenizer.normalizer
        # Only the second letter has a composed form.
        return normalizer is not None and normalizer.normalize_str("q\u0301e\u0301").count("\u0301") < 2


def _find_subwords(rows: list[Any], row_lengths: IntArray) -> tuple[list[slice], IntArray]:
    """Return the part of each row that is not padding, and the positions of its subwords among those of all rows."""
    real = []
    for mask in (row.attention_mask for row in rows):
        count = sum(mask)
        begin = mask.index(1) if count else 0
        real.append(slice(begin, begin + count))
    counts = np.array([part.stop - part.start for part in real], np.int64)
    begins = exclusive_cumsum(row_lengths) + np.array([part.start for part in real], np.int64)
    return real, np.repeat(begins - exclusive_cumsum(counts), counts) + np.arange(int(counts.sum()))
