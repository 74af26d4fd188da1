import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import looked_up
from charbert.text.semi_characters import encode_semi_characters

VOCAB = CharVocab.build(["the lighthouse keeper counted seven ships"], size=40)
WORDS = st.text(min_size=1, max_size=12).filter(lambda word: looked_up(word) != "")


@given(WORDS, st.randoms(use_true_random=False))
def test_the_order_of_inner_characters_is_invisible(word: str, random) -> None:
    lowered = looked_up(word)
    inner = list(lowered[1:-1])
    random.shuffle(inner)
    shuffled = lowered[0] + "".join(inner) + lowered[-1] if len(lowered) > 1 else lowered
    assume(looked_up(shuffled) == shuffled)  # a mark may compose with the letter that is now before it
    once, again = encode_semi_characters([word], VOCAB), encode_semi_characters([shuffled], VOCAB)
    assert all((a == b).all() for a, b in zip(once, again, strict=True))


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_the_inner_characters_are_counted_and_each_word_stands_for_itself(words: list[str]) -> None:
    encoded = encode_semi_characters(words, VOCAB)
    assert encoded.inner_counts.sum(1).tolist() == [max(len(looked_up(word)) - 2, 0) for word in words]
    for row, word in enumerate(words):
        alone = encode_semi_characters([word], VOCAB)
        assert all((a[0] == b[row]).all() for a, b in zip(alone, encoded, strict=True))


def test_ids_and_counts_of_a_word() -> None:
    encoded = encode_semi_characters(["Keeper", "s"], VOCAB)
    k, e, p, r, s = VOCAB.encode("kepr" + "s").tolist()
    assert encoded.first_ids.tolist() == [k, s]
    assert encoded.last_ids.tolist() == [r, s]
    assert encoded.inner_counts[0, [e, p]].tolist() == [3, 1]
    assert not encoded.inner_counts[1].any()


def test_a_decomposed_word_is_read_as_the_composed_one() -> None:
    vocab = CharVocab.build(["caf\u00e9s"], size=40)
    words = ["Caf\u00c9", "caf\u00e9s"]
    encoded = [
        encode_semi_characters([unicodedata.normalize(form, word) for word in words], vocab) for form in ("NFC", "NFD")
    ]
    assert all((a == b).all() for a, b in zip(*encoded, strict=True))
    assert vocab.unk_id not in encoded[0].last_ids


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(DataError, match="word 1 of 2 is empty"):
        encode_semi_characters(["a", ""], VOCAB)
