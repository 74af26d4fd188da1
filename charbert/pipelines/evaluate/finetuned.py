"""A fine-tuned model in its folder to predictions on more eval sets."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.deploy.predict.backends import Backend, load_backend
from charbert.deploy.predict.side_files import load_processor
from charbert.deploy.predict.usage import read_usage
from charbert.evaluation.predict import run_logits
from charbert.evaluation.robustness import SetPredictions, predict_set
from charbert.evaluation.word_states import WordEncoder
from charbert.model import CharBertModel
from charbert.model.loading.configurations import read_config
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.task import Task


def finetuned_backend(folder: Path) -> Backend:
    """Return what computes the logits of the model in a folder, on the GPU where there is one."""
    return load_backend(folder, device="cuda" if torch.cuda.is_available() else "cpu")


def finetuned_predictor(
    settings: Settings, task: Task[Any, Any], folder: Path
) -> Callable[[Sequence[Any]], SetPredictions]:
    """Return what predicts with the model in a folder, behind the corrector that was saved with it; in 32 bits.

    Args:
        task: the benchmark; it knows its labels.
    """
    processor, corrector = load_processor(folder, read_usage(folder, read_config(folder)))
    backend = finetuned_backend(folder)
    collate, batch_size = PadCollator(processor.pad_values, processor.row_length), settings.finetuning.eval_batch_size
    logits_of = partial(run_logits, backend, collate=collate, batch_size=batch_size)
    return lambda examples: predict_set(task, examples, processor, settings.finetuning_length, logits_of, corrector)


def word_encoder(settings: Settings, model: CharBertModel, processor: CharBertTokenizer) -> WordEncoder:
    """Return the encoder of words by a model, on the accelerator where there is one."""
    device = torch.accelerator.current_accelerator(check_available=True) or "cpu"
    batch_size = settings.finetuning.eval_batch_size
    return WordEncoder(model.to(device), processor, settings.finetuning_length, batch_size)
