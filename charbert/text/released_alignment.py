"""The characters of subwords in the authors' four scripts, including their differences and errors.

Released code: the characters are those of the subword itself (lower-cased by an uncased tokenizer, byte symbols and the
leading ``Ġ`` in byte-level BPE), with every ``#`` at both ends stripped. A subword of ``#`` only therefore has no
characters and no start and end, and the starts and ends of all later subwords of the row move one position forward. A
row has 6 characters per position; further ones are cut, and a missing start or end is the position of the last
character.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from charbert.text.alignment import CharFields, SpelledSubwords, SubwordSpans, lay_out
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import BoolArray, IntArray, SourceText, is_blank
from charbert.text.rows import exclusive_cumsum, sum_rows

CHARS_PER_POSITION = 6
"""Characters in a row of the released code, per position of its fixed length."""


@dataclass(frozen=True)
class ReleasedRules:
    """Differences between the authors' scripts."""

    special_names: tuple[str, ...] | None
    """Subwords that are one special id; None: the tokenizer's special tokens, including [UNK]."""
    unknown: Literal["word", "second word", "special"]
    """[UNK] is spelled as its source word, as that in the second text only, or is one special id."""
    spells_padding: bool
    """Whether [PAD] gives a special id and a separator."""


RELEASED_RULES = {
    "pretrain": ReleasedRules(("[CLS]", "[SEP]", "[MASK]", "[PAD]"), unknown="word", spells_padding=False),
    "ner": ReleasedRules(None, unknown="special", spells_padding=False),
    "glue": ReleasedRules(None, unknown="special", spells_padding=True),
    "squad": ReleasedRules(None, unknown="second word", spells_padding=False),
}
"""The released scripts by name; ``ner`` is also used for part-of-speech tagging."""


@dataclass(frozen=True)
class SubwordSpelling:
    """The characters of every subword of a trunk's vocabulary: i is ``codes[begins[i]:begins[i] + lengths[i]]``."""

    codes: IntArray
    begins: IntArray
    lengths: IntArray

    @classmethod
    def of(cls, subwords: Sequence[str]) -> Self:
        """Return the spelling of ``subwords``, in the order of their ids, without the ``#`` at their ends."""
        source = SourceText.of([subword.strip("#") for subword in subwords])
        return cls(source.codes, source.bounds[:-1], np.diff(source.bounds))


def spell_released(
    text: SourceText,
    spans: SubwordSpans,
    input_ids: IntArray,
    *,
    spelling: SubwordSpelling,
    unknown: BoolArray,
    second: BoolArray,
    rules: ReleasedRules,
    vocab: CharVocab,
) -> SpelledSubwords:
    """Return the characters of each subword as in the script with these ``rules``.

    Args:
        spans: its subwords; ``special`` according to ``rules.special_names``.
        input_ids: (N,).
        spelling: the characters of the trunk's vocabulary.
        unknown: which subwords are [UNK], (N,).
        second: which subwords come from the second text of a pair, (N,).
    """
    begins, lengths = spelling.begins[input_ids], spelling.lengths[input_ids]
    if rules.unknown != "special":
        wanted = np.flatnonzero(unknown & second if rules.unknown == "second word" else unknown)
        word_begins, word_ends = _words_around(text, spans, wanted)
        begins[wanted] = len(spelling.codes) + word_begins
        lengths[wanted] = word_ends - word_begins
    special = spans.special.copy()
    if rules.unknown == "second word":
        special &= ~(unknown & second)
    padding = spans.padding
    if rules.spells_padding:
        special, padding = special | padding, np.zeros_like(padding)
    return SpelledSubwords(
        source=vocab.encode_codes(np.concatenate([spelling.codes, text.codes])),
        begins=begins,
        lengths=np.where(special | padding, 0, lengths),
        single=special & ~padding,
        padding=padding,
        row_lengths=spans.row_lengths,
    )


def _words_around(text: SourceText, spans: SubwordSpans, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Return begin and end of each subword's word, which is delimited by white space or the text's ends."""
    blanks = np.flatnonzero(is_blank(text.codes))
    begins, ends = text.bounds[spans.texts[wanted]], text.bounds[spans.texts[wanted] + 1]
    before = np.searchsorted(blanks, spans.begins[wanted]) - 1
    after = np.searchsorted(blanks, spans.ends[wanted])
    if len(blanks):
        begins = np.where(before >= 0, np.maximum(begins, blanks[np.maximum(before, 0)] + 1), begins)
        stops = blanks[np.minimum(after, len(blanks) - 1)]
        ends = np.where(after < len(blanks), np.minimum(ends, stops), ends)
    return begins, ends


def lay_out_released(
    subwords: SpelledSubwords, vocab: CharVocab, max_chars: int, hidden: BoolArray | None = None
) -> CharFields:
    """Return the released code's rows, cut at ``max_chars`` characters, to be padded to that width.

    Released code: see the module; its error with subwords of ``#`` is reproduced.

    Args:
        vocab: with the separator's and the special id.
        max_chars: characters of a row.
        hidden: subwords whose characters are hidden, (N,).
    """
    fields = lay_out(subwords, vocab, hidden)
    return replace(
        _cut(fields, max_chars),
        start_ids=_moved_up(fields.start_ids, fields, subwords, max_chars),
        end_ids=_moved_up(fields.end_ids, fields, subwords, max_chars),
    )


def _moved_up(places: IntArray, fields: CharFields, subwords: SpelledSubwords, max_chars: int) -> IntArray:
    """Return ``places`` without those of subwords without characters, and the rest of the row moved forward."""
    kept = (fields.end_ids >= fields.start_ids) & ~subwords.padding
    row_begins = np.repeat(exclusive_cumsum(fields.row_lengths), fields.row_lengths)
    kept_in_rows = sum_rows(kept.astype(np.int64), fields.row_lengths)
    rank = np.cumsum(kept) - 1 - np.repeat(exclusive_cumsum(kept_in_rows), fields.row_lengths)
    moved = np.full(len(places), max_chars - 1, np.int64)
    moved[(row_begins + rank)[kept]] = np.minimum(places[kept], max_chars - 1)
    return moved


def _cut(fields: CharFields, max_chars: int) -> CharFields:
    within = np.arange(len(fields.char_ids)) - np.repeat(exclusive_cumsum(fields.char_lengths), fields.char_lengths)
    return replace(
        fields, char_ids=fields.char_ids[within < max_chars], char_lengths=np.minimum(fields.char_lengths, max_chars)
    )
