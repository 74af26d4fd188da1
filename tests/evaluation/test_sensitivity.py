import numpy as np
import pytest
import torch

from charbert.evaluation.sensitivity import mean_sensitivity, state_distance, word_sensitivities
from tests.tolerance import tolerance

CLEAN = [["The", "ferry", "left", "."], ["Nobody", "answered"]]
NOISY = [["The", "frery", "left", "."], ["Nobody", "answereed"]]


def test_distance_is_zero_half_and_one_for_same_orthogonal_and_opposite_states() -> None:
    clean = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], np.float32)
    noisy = np.array([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]], np.float32)
    np.testing.assert_allclose(state_distance(clean, noisy), [0, 0.5, 1], atol=tolerance(dtype=torch.float64))


def test_without_noise_nothing_moves(dual_encoder) -> None:
    sensitivities = word_sensitivities(dual_encoder, CLEAN, CLEAN)
    assert set(sensitivities) == {"concat", "token", "char"}
    assert all(np.allclose(row, 0, atol=tolerance()) for rows in sensitivities.values() for row in rows)


def test_means_are_over_words_and_told_apart_by_what_noise_changed() -> None:
    rows = [np.array([0.0, 0.5, 0.1, 0.1]), np.array([0.2, 0.9])]
    means = mean_sensitivity(rows, CLEAN, NOISY)
    assert means.all_words == pytest.approx(1.8 / 6)
    assert means.attacked == pytest.approx(0.7)
    assert means.others == pytest.approx(0.1)


def test_a_words_context_moves_it_too(dual_encoder) -> None:
    sensitivities = word_sensitivities(dual_encoder, CLEAN[:1], NOISY[:1])
    assert mean_sensitivity(sensitivities["concat"], CLEAN[:1], NOISY[:1]).others > 0


def test_holding_fewer_sentences_at_once_changes_nothing(plain_encoder) -> None:
    one_at_once, nine_at_once = (word_sensitivities(plain_encoder, CLEAN, NOISY, sentences_at_once=n) for n in (1, 9))
    for row, same in zip(one_at_once["concat"], nine_at_once["concat"], strict=True):
        np.testing.assert_allclose(row, same, rtol=0, atol=tolerance())


def test_a_word_that_vanishes_is_left_out(plain_encoder) -> None:
    clean, noisy = [["ferry", "left"]], [["ferry", "\u200b"]]
    sensitivities = word_sensitivities(plain_encoder, clean, noisy)["concat"]
    assert np.isnan(sensitivities[0]).tolist() == [False, True]
    means = mean_sensitivity(sensitivities, clean, noisy)
    assert np.isnan(means.attacked) and means.all_words == means.others
