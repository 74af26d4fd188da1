"""The characters of subwords, for a whole batch in NumPy without a loop over characters.

Paper: Sec. 3.3. The characters of all subwords of an input form one sequence (Eq. 1 runs one Bi-GRU over it),
and subword i is read at its first and its last character (Eq. 2): ``start_ids`` and ``end_ids``.
Released code: the same layout, one separator after each subword; its differences are in ``released_alignment``.

Shapes: S source characters, N subwords of all rows one after the other, R rows, C characters of a row, T
subwords of a row.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from charbert.errors import DataError
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import BoolArray, IntArray, SourceText, continues_letter, is_blank
from charbert.text.rows import exclusive_cumsum, sum_rows


@dataclass(frozen=True)
class SubwordSpans:
    """Positions of the subwords of a batch in their texts; every field is (N,) except ``row_lengths``."""

    begins: IntArray
    """First character, as an index into ``SourceText.codes``."""
    ends: IntArray
    """One past the last character; equal to ``begins`` for a subword that covers none."""
    texts: IntArray
    """Index of the subword's text in the ``SourceText`` (arbitrary for a special one)."""
    special: BoolArray
    """Subwords without characters, such as [CLS]."""
    padding: BoolArray
    """Positions after the end of a row (or before its beginning)."""
    row_lengths: IntArray
    """Subwords of each row with its padding, (R,); they add up to N."""


@dataclass(frozen=True)
class SpelledSubwords:
    """The characters of each subword before layout; every field is (N,) except ``source`` and ``row_lengths``."""

    source: IntArray
    """Character ids that the subwords point into, (S,)."""
    begins: IntArray
    """First character of each subword in ``source``."""
    lengths: IntArray
    """Number of characters of each subword."""
    single: BoolArray
    """Subwords that are one special id instead of their characters."""
    padding: BoolArray
    """Positions without characters and separator."""
    row_lengths: IntArray
    """Subwords of each row, (R,)."""

    @classmethod
    def from_fields(
        cls,
        char_ids: IntArray,
        char_lengths: IntArray,
        start_ids: IntArray,
        end_ids: IntArray,
        padding: BoolArray,
        row_lengths: IntArray,
    ) -> Self:
        """Return the subwords of a laid-out batch, so that it can be laid out again.

        Args:
            char_ids: characters of all rows, concatenated, with or without padding.
            char_lengths: number of characters of each row, (R,).
            start_ids: first character of each subword in its row, (N,).
            end_ids: last character of each subword in its row, (N,).
            padding: (N,).
            row_lengths: (R,).

        Raises:
            DataError: if a span is not inside its row.
        """
        row_begins = np.repeat(exclusive_cumsum(char_lengths), row_lengths)
        inside = (start_ids >= 0) & (start_ids <= end_ids) & (end_ids < np.repeat(char_lengths, row_lengths))
        if not (inside | padding).all():
            raise DataError(
                "start_ids and end_ids must satisfy 0 <= start <= end < number of characters of the row; "
                "were only some of the fields reordered or truncated?"
            )
        return cls(
            source=char_ids,
            begins=row_begins + start_ids,
            lengths=np.where(padding, 0, end_ids - start_ids + 1),
            single=np.zeros(len(start_ids), np.bool_),
            padding=padding,
            row_lengths=row_lengths,
        )


@dataclass(frozen=True)
class CharFields:
    """The inputs of the char channel for a batch, with concatenated rows."""

    char_ids: IntArray
    """Characters and separators of all rows."""
    char_lengths: IntArray
    """Number of characters and separators of each row, (R,)."""
    start_ids: IntArray
    """First character of each subword, counted in its row, (N,)."""
    end_ids: IntArray
    """Last character of each subword, counted in its row, (N,)."""
    row_lengths: IntArray
    """Subwords of each row, (R,)."""


def spell_subwords(text: SourceText, spans: SubwordSpans, vocab: CharVocab, *, marks_are_free: bool) -> SpelledSubwords:
    """Return the original characters of each subword, with case, diacritics and unknown pieces.

    Paper: Sec. 3.3; the characters of the text, not of the normalized subword.
    Released code: spells the subword itself, so an uncased trunk lower-cases its characters, and [UNK] has none in
    three of four scripts; see ``released_alignment``.
    Departure: white space at the edges of a span is not part of the subword; a subword of white space only (a single
    byte-level space) is one special id, so that no subword shifts another.

    Args:
        text: the texts of the batch.
        spans: its subwords.
        vocab: the character vocabulary.
        marks_are_free: whether the trunk's normalizer strips combining marks or composes them with their letter; marks
            after a subword then belong to it although its span ends before them.
    """
    begins, ends = spans.begins, spans.ends
    if marks_are_free:
        ends = _with_marks(text, spans)
    begins, ends = _without_blanks(text.codes, begins, ends)
    lengths = np.where(spans.special | spans.padding, 0, ends - begins)
    return SpelledSubwords(
        source=vocab.encode_codes(text.codes),
        begins=begins,
        lengths=lengths,
        single=(lengths == 0) & ~spans.padding,
        padding=spans.padding,
        row_lengths=spans.row_lengths,
    )


def _with_marks(text: SourceText, spans: SubwordSpans) -> IntArray:
    """Return the ends of the subwords, extended over following marks that no subword covers."""
    marks = continues_letter(text.codes)
    if not marks.any():
        return spans.ends
    begun, ended = (np.bincount(side, minlength=len(marks) + 1) for side in (spans.begins, spans.ends))
    free = marks & (np.cumsum(begun - ended)[:-1] == 0)
    reach = np.minimum(_next_false(free)[spans.ends], text.bounds[spans.texts + 1])
    return np.where(spans.ends > spans.begins, reach, spans.ends)


def _without_blanks(codes: IntArray, begins: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Return the spans without the white space at their edges."""
    blank = np.append(is_blank(codes), False)  # a span may begin at the very end
    if not (blank[begins] | blank[ends - 1])[ends > begins].any():
        return begins, ends
    begins = _next_false(blank[:-1])[begins]
    last_solid = len(codes) - _next_false(blank[-2::-1])[len(codes) - ends]
    return begins, np.maximum(last_solid, begins)


def _next_false(flags: BoolArray) -> IntArray:
    """Return for each index, and for the end, the first index at or after it whose flag is not set."""
    index = np.append(np.where(flags, len(flags), np.arange(len(flags))), len(flags))
    return np.minimum.accumulate(index[::-1])[::-1]


def lay_out(subwords: SpelledSubwords, vocab: CharVocab, hidden: BoolArray | None = None) -> CharFields:
    """Return the characters of each row and the positions at which each of its subwords starts and ends.

    Each subword gives its characters and one separator; a special or hidden one gives one special id, at which it
    starts and ends. Padding gives no character and starts and ends at 0.

    Paper: Sec. 3.3, Eqs. 1-2; Sec. 3.5 for hidden subwords: a masked subword must not be visible in its characters.
    Released code: hides every position with an MLM label, including the kept and the randomly replaced ones; set
    ``hidden`` there to do the same.

    Args:
        subwords: the characters of each subword.
        vocab: with the separator's and the special id.
        hidden: subwords whose characters are hidden, (N,).
    """
    single = subwords.single if hidden is None else subwords.single | (hidden & ~subwords.padding)
    spelled = np.where(single, 0, subwords.lengths)
    counts = np.where(single, 1, spelled)
    used = np.where(subwords.padding, 0, counts + 1)
    places = exclusive_cumsum(used)
    char_ids = np.full(int(used.sum()), vocab.separator_id, np.int64)
    within = np.arange(int(spelled.sum())) - np.repeat(exclusive_cumsum(spelled), spelled)
    char_ids[np.repeat(places, spelled) + within] = subwords.source[np.repeat(subwords.begins, spelled) + within]
    char_ids[places[single]] = vocab.special_id

    char_lengths = sum_rows(used, subwords.row_lengths)
    starts = places - np.repeat(exclusive_cumsum(char_lengths), subwords.row_lengths)
    return CharFields(
        char_ids=char_ids,
        char_lengths=char_lengths,
        start_ids=np.where(subwords.padding, 0, starts),
        end_ids=np.where(subwords.padding, 0, starts + counts - 1),
        row_lengths=subwords.row_lengths,
    )
