import numpy as np
import pytest

from charbert.errors import DataError
from charbert.metrics.word_recognition import recognition_scores


def test_recognition_scores_leave_padding_out_and_tell_known_words_apart() -> None:
    labels = np.array([[0, 1, 9], [9, 1, -100]])
    predicted = np.array([[0, 0, 9], [0, 1, 0]])
    scores = recognition_scores(labels, predicted, unknown_id=9, ignored=-100)
    assert scores == pytest.approx({"word_accuracy": 0.6, "word_error_rate": 0.4, "known_word_error_rate": 1 / 3})


def test_recognition_scores_need_a_labeled_word() -> None:
    with pytest.raises(DataError, match="at least one labeled"):
        recognition_scores(np.array([-100]), np.array([0]), unknown_id=9, ignored=-100)
