import pytest
import torch

from charbert.benchmarks import streams
from charbert.benchmarks.streams import attacked_words_per_second, subwords_per_second
from charbert.noise.attack import Attack


class Clock:
    """Advances by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 1
        return self.now

    process_time = perf_counter


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "time", Clock())


def test_padding_and_what_was_prepared_ahead_do_not_count() -> None:
    rows = [{"attention_mask": [1] * 5 + [0] * 3}] * (3 * streams.BATCH_SIZE)
    collate = lambda batch: {"attention_mask": torch.tensor([row["attention_mask"] for row in batch])}  # noqa: E731
    assert subwords_per_second(rows, collate, workers=0, repetitions=2) == 2 * streams.BATCH_SIZE * 5


def test_every_word_of_every_sentence_counts() -> None:
    assert attacked_words_per_second(Attack(), [["several", "words"], [], ["here"]], repetitions=3) == 3


def test_a_pass_that_is_shorter_than_a_tick_of_the_clock_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.0, 0.0, 0.5])
    monkeypatch.setattr(streams.time, "process_time", lambda: next(ticks))
    assert attacked_words_per_second(Attack(), [["several", "words"]], repetitions=1) == 3 * 2 / 0.5
