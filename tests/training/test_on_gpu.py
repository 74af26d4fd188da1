"""A whole training on a GPU, which is pretended: see `tests.accelerator`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from transformers import TrainerCallback

from charbert.evaluation.predict import predict_logits
from charbert.model.adaptation.dropout import set_dropout
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.trainer import CharBertTrainer
from tests.accelerator import PretendedGpu
from tests.tolerance import assert_near
from tests.training.conftest import tagging_rows

Line = dict[str, float]


class CutOff(TrainerCallback):
    """End the training after a checkpoint."""

    def on_save(self, *args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt


def lines(trainer: CharBertTrainer) -> list[Line]:
    """Return the log without times."""
    times = ("_runtime", "_per_second")
    history = trainer.state.log_history
    return [{name: value for name, value in line.items() if not name.endswith(times)} for line in history]


@pytest.fixture(autouse=True)
def forgotten_device() -> Iterator[None]:
    """Let accelerate, which has one state for the whole process, ask for its device again after the test."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.filterwarnings("ignore:PyTorch was compiled without cuDNN")
def test_a_training_on_a_gpu_that_is_taken_up_again_is_that_of_the_cpu(
    make_model: Callable[..., Any], make_trainer: Callable[..., CharBertTrainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trainer_of(folder: str) -> CharBertTrainer:
        model = make_model()
        set_dropout(model, trunk=0.0, attention=0.0, char_channel=0.0, head=0.0)  # another device draws other numbers
        return make_trainer(model, folder=folder, checkpoints=2)

    alone, features = trainer_of("cpu"), tagging_rows()
    alone.train()
    expected = predict_logits(alone, features)
    gpu = PretendedGpu()
    monkeypatch.setattr("transformers.TrainingArguments.device", gpu.device)
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", str(gpu.device))
    with gpu:
        cut = trainer_of("gpu")
        cut.add_callback(CutOff())
        with pytest.raises(KeyboardInterrupt):
            cut.train()
        trainer = trainer_of("gpu")
        trainer.train(resume_from_checkpoint=newest_checkpoint(Path(trainer.args.output_dir)))
        assert all(gpu.holds(weight) for weight in trainer.model.parameters())
        logits = predict_logits(trainer, features)
    assert lines(trainer) == [pytest.approx(line, rel=1e-4, abs=1e-6) for line in lines(alone)]
    for row, wanted in zip(logits, expected, strict=True):
        assert_near(torch.from_numpy(row), torch.from_numpy(wanted), roundings=1000)
