"""The encoder of words that analyses read states from."""

from __future__ import annotations

import torch

from charbert.config.schema import Settings
from charbert.evaluation.word_states import WordEncoder
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer


def word_encoder(settings: Settings, model: CharBertModel, processor: CharBertTokenizer) -> WordEncoder:
    """Return the encoder of words by a model, on the accelerator where there is one."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    batch_size = settings.finetuning.eval_batch_size
    return WordEncoder(model.to(device or "cpu"), processor, settings.finetuning_length, batch_size)
