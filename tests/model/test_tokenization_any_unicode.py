"""What the fields of the char channel promise for any text, cut or padded or hidden, in both layouts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charbert.batch import CHAR_INPUTS
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab
from charbert.text.words import split_words

TOKENIZERS = ["wordpiece_tokenizer", "uncased_tokenizer", "bpe_tokenizer"]
ODD = "aK é #'.\u0301\u0308\u200d\u200f\u202e\ufeff\0\x1f\x85\u2028אبहि😀👩日本\ufffd\U0010ffff"
CHARACTERS = st.one_of(st.characters(codec="utf-8"), st.sampled_from(ODD))
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=30),
    st.builds(lambda part, times: part * times, st.text(CHARACTERS, min_size=1, max_size=3), st.integers(50, 120)),
)
ODD_TEXTS = ["", " ", "\0", "\ufeff", "\u0301" * 40, "x" * 20_000, "👩\u200d💻" * 300, "\u202eabc\u202c", "\r\n\t"]

any_unicode = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def char_vocab(sentences: tuple[str, ...]) -> CharVocab:
    return CharVocab.build(sentences, size=64)


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def check_fields(encoding: Any, *, disjoint: bool = True) -> None:
    """Each subword starts and ends inside its row, and in paper mode after the one before."""
    for row, mask in enumerate(encoding["attention_mask"]):
        chars, starts, ends = (np.asarray(encoding[name][row]) for name in CHAR_INPUTS)
        attended = np.asarray(mask) == 1
        assert len(starts) == len(ends) == len(attended)
        assert (starts >= 0).all() and (starts <= ends).all()
        assert (ends < max(1, len(chars))).all()
        attended_starts, attended_ends = starts[attended], ends[attended]
        assert (np.diff(attended_starts) >= 0).all() and (np.diff(attended_ends) >= 0).all()
        if disjoint:
            assert (attended_ends[:-1] < attended_starts[1:]).all()


@any_unicode
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), max_length=st.integers(4, 24), padding=st.booleans())
@example(texts=ODD_TEXTS, max_length=16, padding=True)
def test_cut_texts_keep_their_characters_in_line(
    tokenizer: Any, char_vocab: CharVocab, texts: list[str], max_length: int, padding: bool
) -> None:
    processor = CharBertTokenizer(tokenizer, char_vocab)
    encoding = processor(texts, truncation=True, max_length=max_length, padding=padding)
    check_fields(encoding)
    windows = processor(texts, truncation=True, max_length=max_length, return_overflowing_tokens=True, stride=1)
    check_fields(windows)
    first = [windows["overflow_to_sample_mapping"].index(number) for number in range(len(texts))]
    if not padding:
        assert [windows["char_input_ids"][at] for at in first] == encoding["char_input_ids"]


def released_spelling(processor: CharBertTokenizer, encoding: Any, row: int, place: int, pair: Any) -> str | None:
    """Return what the authors' script spells a subword as, None for the special id."""
    name, which = encoding.tokens(row)[place], encoding.sequence_ids(row)[place]
    if processor.script == "pretrain":
        specials = {"[CLS]", "[SEP]", "[MASK]", "[PAD]"}
    else:
        specials = set(processor.all_special_tokens)
    if name == processor.unk_token and (processor.script == "pretrain" or (processor.script == "squad" and which == 1)):
        text, (begin, end) = pair[which], encoding.encodings[row].offsets[place]
        while begin > 0 and not text[begin - 1].isspace():
            begin -= 1
        while end < len(text) and not text[end].isspace():
            end += 1
        return text[begin:end]
    return None if name in specials else name.strip("#")


@any_unicode
@given(
    pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3),
    script=st.sampled_from(["pretrain", "glue", "ner", "squad"]),
)
@example(pairs=[*zip(ODD_TEXTS, reversed(ODD_TEXTS), strict=True)], script="ner")
@example(pairs=[("Q ☃# ##", "☃ a☃b\u2028☃"), ("# ☃", "☃")], script="squad")
@example(pairs=[("Q ☃# ##", "☃ a☃b\u2028☃"), ("# ☃", "☃")], script="pretrain")
def test_the_released_layout_is_that_of_a_loop_over_the_subwords(
    tokenizer: Any, char_vocab: CharVocab, pairs: list[tuple[str, str]], script: Any
) -> None:
    processor = CharBertTokenizer(tokenizer, char_vocab, mode="released", script=script)
    firsts, seconds = ([pair[part] for pair in pairs] for part in (0, 1))
    encoding = processor(firsts, seconds, truncation=True, max_length=16, padding="max_length")
    for row, pair in enumerate(pairs):
        chars, starts, ends = list[int](), list[int](), list[int]()
        for place, mask in enumerate(encoding["attention_mask"][row]):
            if not mask and script != "glue":
                continue
            spelled = released_spelling(processor, encoding, row, place, pair)
            ids = [char_vocab.special_id] if spelled is None else char_vocab.encode(spelled).tolist()
            if ids:
                starts.append(len(chars))
                ends.append(len(chars) + len(ids) - 1)
            chars += [*ids, char_vocab.separator_id]
        assert encoding["char_input_ids"][row] == (chars + [char_vocab.pad_id] * 96)[:96]
        for name, places in (("start_ids", starts), ("end_ids", ends)):
            assert encoding[name][row] == [min(place, 95) for place in (places + [95] * 16)[:16]]


@any_unicode
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), data=st.data())
def test_hiding_all_and_none_are_the_two_ends(
    tokenizer: Any, char_vocab: CharVocab, texts: list[str], data: st.DataObject
) -> None:
    processor = CharBertTokenizer(tokenizer, char_vocab)
    encoding = processor(texts, truncation=True, max_length=24)
    rows = [len(row) for row in encoding["start_ids"]]
    unchanged = processor.hide_subwords(encoding, [[False] * length for length in rows])
    assert all(unchanged[name] == encoding[name] for name in CHAR_INPUTS)
    hidden = processor.hide_subwords(encoding, [[True] * length for length in rows])
    assert hidden["start_ids"] == hidden["end_ids"]
    assert all({*row[::2]} <= {char_vocab.special_id} for row in hidden["char_input_ids"])


@any_unicode
@given(text=TEXTS)
@example(text="\ufeffa\0b " + "y" * 3000)
def test_words_of_a_text_are_encoded_as_many_as_they_are(tokenizer: Any, char_vocab: CharVocab, text: str) -> None:
    words = [text[start:stop] for start, stop in split_words(text)]
    encoding = CharBertTokenizer(tokenizer, char_vocab)([words], is_split_into_words=True)
    check_fields(encoding)
    known = {word for word in encoding.word_ids(0) if word is not None}
    assert known <= set(range(len(words)))
