from pathlib import Path

import numpy as np
import pytest

from charbert.analysis.fragility import find_nouns, measure_fragility
from charbert.data.pretraining.wordpiece import read_wordpiece
from charbert.data.readers.conll import TaggedSentence, read_conll
from charbert.errors import DataError

SHARED = Path(__file__).parents[2].parent / "shared"


def pairs_of_letters(words):
    """A tokenizer that cuts words into pieces of two letters."""
    return [[word[start : start + 2] for start in range(0, len(word), 2)] for word in words]


def test_shares_are_counted_over_occurrences() -> None:
    shares = measure_fragility(["ab", "ab", "abc", "x"], pairs_of_letters, np.random.default_rng(0))
    assert (shares.nouns, shares.edited) == (4, 3)  # nothing would be left of x
    assert shares.split == 1 / 4
    assert shares.new_length == 1 / 3  # abc loses a piece, ab stays one
    assert shares.new_subwords >= 2 / 3  # ab becomes a or b


def test_the_generator_alone_decides_which_character_goes() -> None:
    nouns = ["Rotterdam", "engineers", "storms"] * 20
    first, again = (measure_fragility(nouns, pairs_of_letters, np.random.default_rng(3)) for _ in range(2))
    other = measure_fragility(nouns, pairs_of_letters, np.random.default_rng(4))
    assert first == again != other


def test_nouns_are_the_words_tagged_nn() -> None:
    sentence = TaggedSentence(("Ships", "leave", "Rotterdam"), ("O",) * 3, ("NNS", "VBP", "NNP"))
    assert find_nouns([sentence], "dev.txt") == ["Ships", "Rotterdam"]
    with pytest.raises(DataError, match=r"dev\.txt: expected parts of speech"):
        find_nouns([TaggedSentence(("Ships",), ("O",))], "dev.txt")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs CoNLL-2003 and BERT's vocabulary")
def test_the_papers_shares_are_met_with_its_tokenizer() -> None:
    tokenizer = read_wordpiece(SHARED / "data/vocab/bert-base-cased-vocab.txt")
    nouns = find_nouns(read_conll(SHARED / "data/conll2003/eng.testa"), "eng.testa")

    def subwords(words):
        return [tokenizer.convert_ids_to_tokens(ids) for ids in tokenizer(words, add_special_tokens=False).input_ids]

    shares = measure_fragility(nouns, subwords, np.random.default_rng(0))
    assert shares.nouns == 17254
    assert shares.split == pytest.approx(0.28, abs=0.01)
    assert shares.new_subwords == pytest.approx(0.78, abs=0.025)
    assert shares.new_length == pytest.approx(0.77, abs=0.01)
