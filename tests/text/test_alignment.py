import numpy as np
import pytest

from charbert.errors import DataError
from charbert.text.alignment import SpelledSubwords, SubwordSpans, lay_out, spell_subwords
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import SourceText
from charbert.text.rows import pad_rows

VOCAB = CharVocab(["<pad>", "<separator>", "<special>", "<unk>", *"abcde\u0301"], 0, 1, 2, 3)


def spell(
    texts: list[str], spans: list[tuple[int, int, int]], rows: list[int], *, free: bool = False
) -> SpelledSubwords:
    """Spell subwords given as (text, begin, end); a text below 0 is a special one."""
    source = SourceText.of(texts)
    owners = np.array([max(text, 0) for text, _, _ in spans])
    return spell_subwords(
        source,
        SubwordSpans(
            begins=source.bounds[owners] + np.array([begin for _, begin, _ in spans]),
            ends=source.bounds[owners] + np.array([end for _, _, end in spans]),
            texts=owners,
            special=np.array([text < 0 for text, _, _ in spans]),
            padding=np.zeros(len(spans), np.bool_),
            row_lengths=np.array(rows),
        ),
        VOCAB,
        marks_are_free=free,
    )


def test_each_subword_gives_its_characters_and_a_separator() -> None:
    fields = lay_out(spell(["abc d"], [(-1, 0, 0), (0, 0, 2), (0, 2, 3), (0, 4, 5)], [4]), VOCAB)
    assert fields.char_ids.tolist() == [2, 1, 4, 5, 1, 6, 1, 7, 1]
    assert fields.start_ids.tolist() == [0, 2, 5, 7]
    assert fields.end_ids.tolist() == [0, 3, 5, 7]


def test_rows_count_from_their_own_beginning() -> None:
    fields = lay_out(spell(["ab", "cd"], [(0, 0, 2), (1, 0, 1), (1, 1, 2)], [1, 2]), VOCAB)
    assert fields.char_lengths.tolist() == [3, 4]
    assert fields.start_ids.tolist() == [0, 0, 2]


def test_a_hidden_subword_is_one_special_id() -> None:
    subwords = spell(["abc"], [(0, 0, 2), (0, 2, 3)], [2])
    fields = lay_out(subwords, VOCAB, np.array([True, False]))
    assert fields.char_ids.tolist() == [2, 1, 6, 1]
    assert (fields.start_ids.tolist(), fields.end_ids.tolist()) == ([0, 2], [0, 2])


def test_white_space_at_the_edges_of_a_span_is_no_character() -> None:
    fields = lay_out(spell(["  a  b "], [(0, 0, 3), (0, 3, 4), (0, 4, 7)], [3]), VOCAB)
    assert fields.char_ids.tolist() == [4, 1, 2, 1, 5, 1]


def test_subwords_inside_one_character_all_take_it() -> None:
    fields = lay_out(spell(["ab"], [(0, 0, 1), (0, 0, 1), (0, 1, 2)], [3]), VOCAB)
    assert fields.char_ids.tolist() == [4, 1, 4, 1, 5, 1]


@pytest.mark.parametrize(("free", "ids"), [(True, [8, 9, 1, 4, 1]), (False, [8, 1, 4, 1])])
def test_marks_without_a_subword_stay_with_the_subword_before_them(free: bool, ids: list[int]) -> None:
    fields = lay_out(spell(["e\u0301a"], [(0, 0, 1), (0, 2, 3)], [2], free=free), VOCAB)
    assert fields.char_ids.tolist() == ids


def test_a_mark_is_never_taken_from_another_subword_or_text() -> None:
    spans = [(0, 0, 1), (0, 1, 2), (1, 0, 1)]
    fields = lay_out(spell(["e\u0301", "\u0301"], spans, [3], free=True), VOCAB)
    assert fields.char_ids.tolist() == [8, 1, 9, 1, 9, 1]
    fields = lay_out(spell(["e", "\u0301a"], [(0, 0, 1), (1, 0, 0), (1, 1, 2)], [3], free=True), VOCAB)
    assert fields.char_ids.tolist() == [8, 1, 2, 1, 4, 1]  # nor by a subword that covers nothing


def test_laid_out_rows_can_be_laid_out_anew() -> None:
    first = lay_out(spell(["abc d"], [(-1, 0, 0), (0, 0, 2), (0, 2, 3), (0, 4, 5)], [4]), VOCAB)
    padded = pad_rows(first.char_ids, first.char_lengths, 20, VOCAB.pad_id)
    again = SpelledSubwords.from_fields(
        padded.reshape(-1),
        np.array([20]),
        first.start_ids,
        first.end_ids,
        np.zeros(4, np.bool_),
        first.row_lengths,
    )
    assert lay_out(again, VOCAB).char_ids.tolist() == first.char_ids.tolist()


@pytest.mark.parametrize(("start", "end"), [(0, 2), (1, 0), (-1, 0)])
def test_spans_outside_their_row_are_refused(start: int, end: int) -> None:
    with pytest.raises(DataError, match="start_ids and end_ids"):
        SpelledSubwords.from_fields(
            np.array([4, 1]),
            np.array([2]),
            np.array([start]),
            np.array([end]),
            np.zeros(1, np.bool_),
            np.array([1]),
        )
