"""Batches of several tasks: how many of each, and what is in them."""

import math
from collections import Counter
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.data.collate import PadCollator
from charbert.training.multi_task import TASK, TaskBatchCollator, TaskBatches, TaskLosses, batch_counts

SIZES = {"large": 40, "middle": 21, "small": 6}


def features(name: str) -> list[dict[str, object]]:
    return [{"input_ids": [number] * (1 + number * 7 % 5), "labels": number} for number in range(SIZES[name])]


def batches(counts: dict[str, int], lengths: bool = False) -> TaskBatches:
    sets = {name: features(name) for name in SIZES}
    known = {name: [len(each["input_ids"]) for each in rows] for name, rows in sets.items()}  # type: ignore[arg-type]
    return TaskBatches(sets, counts, batch_size=4, seed=1, lengths=known if lengths else None)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5000), min_size=2), st.integers(1, 64), st.floats(1, 9)
)
@settings(max_examples=50, deadline=None)
def test_an_epoch_has_as_many_batches_as_all_sets_fill_and_each_task_has_one(
    sizes: dict[str, int], batch_size: int, temperature: float
) -> None:
    counts = batch_counts(sizes, batch_size, temperature)
    total = sum(math.ceil(size / batch_size) for size in sizes.values())
    assert total <= sum(counts.values()) <= total + len(sizes)
    assert min(counts.values()) >= 1
    ranked = sorted(sizes, key=lambda name: sizes[name])
    assert all(counts[task] <= counts[next_task] + 1 for task, next_task in pairwise(ranked))


def test_shares_go_from_proportional_to_uniform() -> None:
    sizes = {"a": 900, "b": 100}
    shares = [batch_counts(sizes, 1, temperature)["b"] for temperature in (1.0, 2.0, math.inf)]
    assert shares == [100, 250, 500]  # 100 : 900, 10 : 30, 1 : 1


def test_each_batch_is_of_one_task_and_each_task_has_its_share() -> None:
    chosen = batches({"large": 5, "middle": 3, "small": 2})
    items = [chosen[number] for number in range(len(chosen))]
    assert Counter(item[TASK] for item in items) == chosen.counts
    for item in items:
        assert len(item["features"]) == 4
        assert all(each in features(item[TASK]) for each in item["features"])


def test_a_task_goes_through_all_its_examples_before_one_comes_again() -> None:
    chosen = batches({"large": 5, "middle": 3, "small": 2})
    seen: Counter[int] = Counter()
    for epoch in range(2):  # 5 batches of 4 are half of the large set
        chosen.set_epoch(epoch)
        items = [chosen[number] for number in range(len(chosen))]
        seen.update(each["labels"] for item in items if item[TASK] == "large" for each in item["features"])
    assert seen == Counter(range(40))


def test_a_batch_depends_on_epoch_and_number_alone() -> None:
    sets, other_sets = (batches({"large": 5, "middle": 3, "small": 2}) for _ in range(2))
    sets.set_epoch(4)
    first = [sets[number] for number in range(10)]
    other_sets.set_epoch(1)
    other_sets[3]
    other_sets.set_epoch(4)
    assert [other_sets[number] for number in reversed(range(10))] == first[::-1]
    other_sets.set_epoch(5)
    assert [other_sets[number] for number in range(10)] != first


def test_grouped_by_length_a_batch_needs_less_padding() -> None:
    def padding(chosen: TaskBatches) -> int:
        lengths = [[len(each["input_ids"]) for each in chosen[number]["features"]] for number in range(len(chosen))]
        return sum(max(row) * len(row) - sum(row) for row in lengths)

    counts = {"large": 10, "middle": 5, "small": 1}
    assert padding(batches(counts, lengths=True)) < padding(batches(counts))


def test_a_batch_and_its_paired_batches_know_their_task() -> None:
    def collate(rows: list[dict[str, object]]) -> dict[str, object]:
        return {**PadCollator({"input_ids": 0})(rows), "noised": {}}  # type: ignore[arg-type]

    chosen = batches({"large": 5, "middle": 3, "small": 2})
    batch = TaskBatchCollator(dict.fromkeys(SIZES, collate))([chosen[0]])
    assert batch[TASK] == batch["noised"][TASK] == "large"
    assert batch["input_ids"].shape[0] == 4


def test_a_task_has_its_own_losses_only() -> None:
    class Add:
        forward_options = {"output_hidden_states": True}  # noqa: RUF012

        def __init__(self, amount: float) -> None:
            self.amount = amount

        def __call__(self, model: object, batch: object, outputs: object, loss: torch.Tensor) -> object:
            return loss + self.amount, {"added": torch.tensor(self.amount)}

    losses = TaskLosses({"a": [Add(1.0), Add(2.0)], "b": []})  # type: ignore[list-item]
    results = {name: losses(torch.nn.Identity(), {TASK: name}, {}, torch.tensor(0.5)) for name in "ab"}
    assert (results["a"][0], results["b"][0]) == (3.5, 0.5)
    assert results["b"][1] == {}
    assert losses.forward_options == {"output_hidden_states": True}


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_no_batch(workers: int) -> None:
    chosen = batches({"large": 5, "middle": 3, "small": 2})
    loader = torch.utils.data.DataLoader(chosen, batch_size=1, collate_fn=lambda items: items[0], num_workers=workers)
    for epoch in (0, 1):
        chosen.set_epoch(epoch)
        expected = batches(chosen.counts)
        expected.set_epoch(epoch)
        assert list(loader) == [expected[number] for number in range(len(expected))]
