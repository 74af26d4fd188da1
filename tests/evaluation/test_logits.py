from pathlib import Path

import numpy as np
import pytest

from charbert.errors import RecordError
from charbert.evaluation.logits import StoredLogits, joined, read_scores, write_scores

ROWS = [np.array([[1.0, -2.0]]), np.array([[0.5, 0.25], [np.nan, np.nan]])]
SCORES = StoredLogits.of_examples(ROWS, [0, 1, 0], ["no", "ja é"])


def test_scores_come_back_as_they_were_stored(tmp_path: Path) -> None:
    write_scores(tmp_path / "clean.scores.npz", SCORES)
    stored = read_scores(tmp_path / "clean.scores.npz")
    assert stored is not None
    assert stored.labels == ("no", "ja é")
    assert stored.gold.tolist() == [0, 1, 0]
    for example, row in zip(stored.examples, ROWS, strict=True):
        assert np.array_equal(example, row, equal_nan=True)


def test_a_run_older_than_stored_logits_has_none(tmp_path: Path) -> None:
    assert read_scores(tmp_path / "clean.scores.npz") is None


def test_decisions_without_logits_are_not_seen() -> None:
    assert SCORES.seen.gold.tolist() == [0, 1]
    assert len(SCORES.seen.examples) == 2


def test_sets_are_joined_in_their_order() -> None:
    both = joined([SCORES, SCORES])
    assert both.gold.tolist() == [0, 1, 0, 0, 1, 0]
    assert [len(row) for row in both.examples] == [1, 2, 1, 2]
    other = StoredLogits.of_examples(ROWS, [0, 1, 0], ["a", "b"])
    with pytest.raises(RecordError, match="between the same labels"):
        joined([SCORES, other])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clean.scores.npz"
    write_scores(path, SCORES)
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(RecordError, match=r"clean\.scores\.npz: expected stored scores"):
        read_scores(path)


def test_scores_that_do_not_line_up_are_refused() -> None:
    with pytest.raises(RecordError, match="expected 3 decisions between 2 labels, got 2 right answers"):
        StoredLogits.of_examples(ROWS, [0, 1], ["no", "yes"])
