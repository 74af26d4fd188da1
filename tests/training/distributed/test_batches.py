"""Where a training begins late: nothing is read that was read before, and the epoch is the right one."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from charbert.config.training.trainer import TrainingSettings
from charbert.training.arguments import build_arguments
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.distributed.batches import SharedBatches
from charbert.training.trainer import CharBertTrainer


class Watched(Dataset[dict[str, Tensor]]):
    """Examples that know when they were read."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.epoch = 0
        self.read: list[tuple[int, int]] = []

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        self.read.append((self.epoch, index))
        return {"x": torch.full((2,), float(index))}


class Toy(nn.Module):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> dict[str, Any]:
        return {"loss": self.layer(x).square().mean() / 1e4}


def train(folder: Path, checkpoint: str | None = None) -> list[tuple[int, int]]:
    data = Watched(40)
    settings = TrainingSettings(epochs=2, batch_size=4, checkpoints=10)
    arguments = build_arguments(settings, folder, 3, len(data), label_names=["x"])
    arguments.eval_strategy = "no"
    CharBertTrainer(model=Toy(), args=arguments, train_dataset=data).train(resume_from_checkpoint=checkpoint)
    return data.read


def test_resuming_reads_only_what_is_left_and_in_its_own_epoch(tmp_path: Path) -> None:
    whole = train(tmp_path)
    assert len(whole) == 80
    assert {epoch for epoch, _ in whole} == {0, 1}
    kept = tmp_path / "checkpoint-18"
    assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-20")
    assert train(tmp_path, str(kept)) == whole[18 * 4 :]


@pytest.mark.slow
def test_the_last_of_millions_of_batches_is_found_in_seconds() -> None:
    batches = SharedBatches(range(6_000_000), 32, 1)  # the blocks of three gigabytes
    started = time.process_time()
    last = next(islice(batches, len(batches) - 1, None))
    assert len(last) == 32
    assert time.process_time() - started < 20
