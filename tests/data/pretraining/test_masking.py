from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.batch import IGNORED_LABEL
from charbert.data.pretraining.masking import DRAWS_PER_PIECE, MaskedPieces, WholeWordMasking

MASK = 3
REPLACEMENTS = np.arange(5, 1000)


def mask_words(
    word_lengths: list[list[int]], noisy: set[int], probability: float, seed: int
) -> tuple[MaskedPieces, np.ndarray, np.ndarray, np.ndarray]:
    """Mask rows of words of so many pieces; return the result with the ids, rows and words."""
    sizes = [sum(row) for row in word_lengths]
    rows = np.repeat(np.arange(len(sizes)), sizes)
    lengths = [length for row in word_lengths for length in row]
    words = np.repeat(np.arange(len(lengths)), lengths)
    ids = np.arange(5, 5 + len(words)) % 995 + 5
    masking = WholeWordMasking(MASK, REPLACEMENTS, probability)
    rng = np.random.default_rng(seed)
    masked = masking.mask(
        ids,
        rows,
        words,
        real=np.ones(len(ids), np.bool_),
        candidates=~np.isin(words, list(noisy)),
        draws=rng.random((len(ids), DRAWS_PER_PIECE)),
    )
    return masked, ids, rows, words


ROWS = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=30), min_size=1, max_size=5)


@given(ROWS, st.sets(st.integers(0, 60)), st.floats(0, 1), st.integers(0, 2**32))
def test_whole_words_are_masked_and_noised_ones_never(
    word_lengths: list[list[int]], noisy: set[int], probability: float, seed: int
) -> None:
    masked, ids, rows, words = mask_words(word_lengths, noisy, probability, seed)
    chosen = masked.mlm_labels != IGNORED_LABEL
    assert (masked.mlm_labels[chosen] == ids[chosen]).all()
    assert (masked.input_ids[~chosen] == ids[~chosen]).all()
    for word in range(words[-1] + 1):
        assert chosen[words == word].all() or not chosen[words == word].any()
        assert not (word in noisy and chosen[words == word].any())
    wanted = probability * np.bincount(rows)
    assert (np.bincount(rows[chosen], minlength=len(word_lengths)) < wanted + 5).all()


def test_ten_percent_of_the_pieces_are_chosen_and_split_80_10_10() -> None:
    rng = np.random.default_rng(0)
    lengths = [rng.integers(1, 4, 60).tolist() for _ in range(3000)]
    masked, ids, _, _ = mask_words(lengths, set(), 0.10, 1)
    chosen = masked.mlm_labels != IGNORED_LABEL
    assert chosen.mean() == pytest.approx(0.10, abs=0.001)
    seen, original = masked.input_ids[chosen], ids[chosen]
    assert (seen == MASK).mean() == pytest.approx(0.80, abs=0.01)
    assert (seen == original).mean() == pytest.approx(0.10, abs=0.01)
    random = seen[(seen != MASK) & (seen != original)]
    assert len(random) / len(seen) == pytest.approx(0.10, abs=0.01)
    assert np.isin(random, REPLACEMENTS).all()


def test_a_share_below_one_piece_is_right_on_average() -> None:
    masked, _, _, _ = mask_words([[1, 1, 1]] * 20_000, set(), 0.10, 2)
    assert (masked.mlm_labels != IGNORED_LABEL).mean() == pytest.approx(0.10, abs=0.005)


def test_a_word_is_as_likely_to_be_masked_wherever_it_stands() -> None:
    masked, _, _, _ = mask_words([[1] * 10] * 10_000, set(), 0.20, 4)
    by_place = (masked.mlm_labels != IGNORED_LABEL).reshape(-1, 10).mean(axis=0)
    assert by_place == pytest.approx(0.20, abs=0.02)


def test_the_share_is_of_the_pieces_of_the_text_alone() -> None:
    rows = np.repeat(np.arange(4000), 20)
    real = np.tile(np.arange(20) < 10, 4000)  # the second half of each row is special
    candidates = np.tile((np.arange(20) >= 5) & (np.arange(20) < 10), 4000)  # and a quarter of it noised
    ids = np.arange(len(rows)) % 995 + 5
    masked = WholeWordMasking(MASK, REPLACEMENTS, 0.2).mask(
        ids,
        rows,
        np.where(real, np.arange(len(rows)), -1),
        real=real,
        candidates=candidates,
        draws=np.random.default_rng(3).random((len(rows), DRAWS_PER_PIECE)),
    )
    chosen = masked.mlm_labels != IGNORED_LABEL
    assert not chosen[~candidates].any()
    assert (np.bincount(rows[chosen], minlength=4000) == 2).all()  # of 10, not of 20 or 5


def test_a_row_depends_on_its_own_draws_alone() -> None:
    masking = WholeWordMasking(MASK, REPLACEMENTS, 0.3)
    rng = np.random.default_rng(0)
    draws = rng.random((20, DRAWS_PER_PIECE))
    ids, words, true = np.arange(10, 30), np.arange(20), np.ones(20, np.bool_)
    both = masking.mask(ids, np.repeat([0, 1], 10), words, real=true, candidates=true, draws=draws)
    alone = masking.mask(
        ids[10:], np.zeros(10, np.int64), words[:10], real=true[10:], candidates=true[10:], draws=draws[10:]
    )
    assert (both.mlm_labels[10:] == alone.mlm_labels).all()
    assert (both.input_ids[10:] == alone.input_ids).all()


def test_everything_or_nothing_can_be_masked() -> None:
    for probability in (0.0, 1.0):
        masked, _, _, _ = mask_words([[1, 2, 3]], set(), probability, 0)
        assert ((masked.mlm_labels != IGNORED_LABEL) == bool(probability)).all()
