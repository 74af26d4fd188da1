"""What a model costs: bytes as they lie on disk, compressed ones, and time."""

import gzip
import time
from pathlib import Path

import pytest
import torch

from charbert.deploy.compress.footprint import stored_bytes, time_per_example, torch_threads


def test_sizes_are_of_weights_alone_and_compressed_as_gzip_does(tmp_path: Path) -> None:
    weights = bytes(range(256)) * 5_000 + bytes(2_000_000)
    (tmp_path / "model.safetensors").write_bytes(weights)
    (tmp_path / "tokenizer.json").write_bytes(bytes(500))
    stored, compressed = stored_bytes(tmp_path)
    assert stored == len(weights)
    assert compressed == pytest.approx(len(gzip.compress(weights, 6)), abs=100)


def test_time_is_divided_by_the_examples_and_waiting_is_no_work() -> None:
    sizes: list[int] = []

    def run(batch: list[int]) -> None:
        sizes.append(len(batch))
        time.sleep(0.02)

    timing = time_per_example(run, [{"a": number} for number in range(10)], list, 4)
    assert sizes == [4, 4, 4, 2]  # the first only warms up
    assert 5 <= timing.wall < 100
    assert timing.cpu < timing.wall / 2


def test_the_number_of_threads_is_put_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="stop"), torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ValueError("stop")
    assert torch.get_num_threads() == before
